// The Coffer that a scenario is about, its people, and what they do first.

import assert from "node:assert/strict";
import { request } from "node:http";
import { Window, withBrowser } from "./browser.mjs";

const told = (name) => process.env[name] ?? assert.fail(`${name} is not set`);

export const origin = told("COFFER_ORIGIN");
export const accountId = told("COFFER_ACCOUNT_ID");
export const administrator = { email: told("COFFER_EMAIL"), password: told("COFFER_PASSWORD") };
// Part of every secret's value. No page ever contains it.
export const mark = told("COFFER_MARK");

const token = told("COFFER_API_TOKEN");
const workersPort = Number(told("COFFER_WORKERS_PORT"));

// Runs a scenario; what it opens is closed, and what was seen on the way is told.
export async function scenario(drive) {
  await withBrowser(async (browser) => {
    const windows = [];
    const open = async (options) => {
      const window = await Window.open(browser, { origin, mark, ...options });
      windows.push(window);
      return window;
    };
    try {
      await drive(open);
    } catch (error) {
      for (const { page } of windows) console.log(`open at the end: ${page.url()}\n${await text(page)}`);
      throw error;
    }
    for (const window of windows) await window.close();
  });
}

// What a page says to its reader.
export async function text(page) {
  return page.evaluate(() => document.body.innerText).catch(() => "");
}

// The link to a part of the dashboard, in the list of them.
export const section = (page, name) => page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name });

// A path below the account.
export const place = (below) => `/${accountId}/${below}`;

// Signs in through the page, at the address that was asked for.
export async function signIn(window, { email, password } = administrator, to = "/") {
  const { page } = window;
  await window.visit(to);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  await window.look();
}

// Asks the API as the administrator, for what a scenario finds and for what it leaves.
export async function api(method, path, body) {
  const isForm = body instanceof FormData;
  const response = await fetch(`${origin}/client/v4/accounts/${accountId}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(isForm || !body ? {} : { "content-type": "application/json" }) },
    body: isForm || !body ? body : JSON.stringify(body),
  });
  const answer = await response.json();
  assert.ok(answer.success, `${method} ${path}: ${JSON.stringify(answer.errors)}`);
  return answer.result;
}

// A new member with these roles (by their names), who has accepted.
export async function member(email, ...names) {
  const roles = await api("GET", "/roles?per_page=50");
  const ids = names.map((name) => roles.find((role) => role.name.startsWith(name))?.id ?? assert.fail(`no role ${name}`));
  const invited = await api("POST", "/members", { email, roles: ids });
  const invitation = invited.coffer.invitation_url.split("/").at(-1);
  const password = "correct horse battery";
  const response = await fetch(`${origin}/client/v4/user/coffer/invitations/accept`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ invitation, password }),
  });
  assert.equal(response.status, 200, await response.text());
  return { email, password };
}

// The account's store, made where there is none.
export async function store() {
  const [first] = await api("GET", "/secrets_store/stores");
  return first ?? (await api("POST", "/secrets_store/stores", { name: "default_secrets_store" }));
}

// Creates secrets by name, each with a marked value.
export async function createSecrets(...secrets) {
  const { id } = await store();
  const all = secrets.map((one) => ({ value: `${mark}-${one.name}`, scopes: ["workers"], ...one }));
  return api("POST", `/secrets_store/stores/${id}/secrets`, all);
}

// The store's secrets by name.
export async function secrets() {
  const { id } = await store();
  const all = await api("GET", `/secrets_store/stores/${id}/secrets?per_page=100`);
  return Object.fromEntries(all.map((secret) => [secret.name, secret]));
}

// Deploys a Worker of one module, at its own host name.
export async function deploy(worker, code, bindings = [], more = {}) {
  await api("PUT", `/workers/scripts/${worker}`, upload(code, bindings, more));
  await api("POST", `/workers/scripts/${worker}/subdomain`, { enabled: true });
}

// Uploads a version of a Worker, which is not deployed, and gives its id.
export async function uploadVersion(worker, code, bindings = [], more = {}) {
  const { id } = await api("POST", `/workers/scripts/${worker}/versions`, upload(code, bindings, more));
  return id;
}

function upload(code, bindings, more) {
  const form = new FormData();
  form.set("metadata", JSON.stringify({ main_module: "index.js", compatibility_date: "2026-11-01", bindings, ...more }));
  form.set("index.js", new File([code], "index.js", { type: "application/javascript+module" }));
  return form;
}

// A Worker's answer, through the gateway.
export const ask = (worker, path) => askHost(`${worker}.dev.localhost`, path);

// The answer at a host name, through the gateway.
export function askHost(name, path = "/") {
  const host = `${name}:${workersPort}`;
  return new Promise((resolve, reject) => {
    const sent = request({ port: workersPort, host: "127.0.0.1", path, headers: { host }, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk) => (body += chunk));
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode, body }));
    });
    sent.on("error", reject).end();
  });
}
