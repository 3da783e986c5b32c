// The dashboard's pages: how long the server takes for one, how much of it travels, and when a browser first paints it.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask } from "./ask.mjs";
import { Coffer } from "./coffer.mjs";
import { interleaved, median } from "./statistics.mjs";
import { loadGet } from "./wrk.mjs";

const SIZES = [100, 10_000, 100_000];
const PER_REQUEST = 100;
const PAINTS = 15;

// Below the account; each is asked for with as many secrets in the store.
const PAGES = {
  "list, by name": "secrets-store",
  "list, last page": (secrets) => `secrets-store?page=${Math.ceil(secrets / 50)}`,
  "list, newest first": "secrets-store?order=-created",
  "list, last read first": "secrets-store?order=-read",
  "list, by Workers, last page": (secrets) => `secrets-store?order=workers&page=${Math.ceil(secrets / 50)}`,
  "list, by comment, last page": (secrets) => `secrets-store?order=comment&page=${Math.ceil(secrets / 50)}`,
  "list, by status, last page": (secrets) => `secrets-store?order=status&page=${Math.ceil(secrets / 50)}`,
  "list, search, one found": "secrets-store?search=secret_000042",
  "list, search, none found": "secrets-store?search=nothing+like+it",
  "form to create": "secrets-store/create",
};

export async function pages(directory, runs, seconds) {
  const figures = {};
  for (const size of SIZES) figures[size] = await atSize(join(directory, String(size)), size, runs, seconds);
  return figures;
}

async function atSize(data, size, runs, seconds) {
  const coffer = await Coffer.start(data, { secrets: SIZES.at(-1) });
  try {
    await coffer.createStore();
    await fill(coffer, size);
    const cookie = await signIn(coffer);
    const sizes = {};
    const at = { 1: {}, 8: {} };
    for (const [name, page] of Object.entries(PAGES)) {
      const url = `${origin(coffer)}/${coffer.accountId}/${typeof page === "function" ? page(size) : page}`;
      sizes[name] = await sizesOf(url, cookie);
      const pids = coffer.pids;
      for (const connections of [1, 8]) {
        at[connections][name] = () => loadGet({ url, headers: { Cookie: cookie }, connections, seconds, pids });
      }
    }
    const at1 = await interleaved(at[1], runs);
    const at8 = await interleaved(at[8], runs);
    return { sizes, at1, at8, paint_ms: await firstPaint(coffer) };
  } finally {
    await coffer.stop();
  }
}

const origin = (coffer) => new URL(coffer.apiUrl).origin;

async function fill(coffer, size) {
  for (let first = 0; first < size; first += PER_REQUEST) {
    const body = Array.from({ length: Math.min(PER_REQUEST, size - first) }, (_, index) => ({
      name: `SECRET_${String(first + index).padStart(6, "0")}`,
      value: "a value of the usual length 0123",
      scopes: ["workers"],
      comment: "What it is for, in about as many words as people write",
    }));
    await coffer.call("POST", `/secrets_store/stores/${coffer.storeId}/secrets`, JSON.stringify(body));
  }
}

// The cookie of a new session.
async function signIn(coffer) {
  const { email, password } = coffer.administrator;
  const { status, headers } = await ask(`${origin(coffer)}/sign-in`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin" },
    body: new URLSearchParams({ email, password, to: "/" }).toString(),
  });
  if (status !== 303) throw new Error(`signing in answered ${status}`);
  return headers["set-cookie"][0].split(";")[0];
}

// Bytes of an answer as it comes to a browser that can decompress, and decompressed as one that cannot gets it.
async function sizesOf(url, cookie) {
  const bytes = async (headers) => {
    const { status, body } = await ask(url, { headers: { Cookie: cookie, ...headers } });
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return body.length;
  };
  return { wire_bytes: await bytes({ "Accept-Encoding": "br, gzip" }), html_bytes: await bytes({}) };
}

// Milliseconds from asking for the list to its first contentful paint, with the files it stands on kept from before.
async function firstPaint(coffer) {
  const { email, password } = coffer.administrator;
  // What the browser tests install.
  const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), "../tests/browser/package.json"));
  const { chromium } = require("playwright-core");
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
  try {
    const page = await browser.newPage({ baseURL: origin(coffer).replace("127.0.0.1", "localhost") });
    await page.goto("/sign-in");
    await page.fill("#email", email);
    await page.fill("#password", password);
    await Promise.all([page.waitForURL(/secrets-store/), page.press("#password", "Enter")]);
    const times = [];
    for (let index = 0; index < PAINTS; index += 1) {
      await page.goto(`/${coffer.accountId}/secrets-store`);
      times.push(await page.evaluate(paint));
    }
    return { median: median(times), most: Math.max(...times) };
  } finally {
    await browser.close();
  }
}

function paint() {
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      const found = list.getEntriesByName("first-contentful-paint")[0];
      if (found) resolve(found.startTime);
    });
    observer.observe({ type: "paint", buffered: true });
  });
}
