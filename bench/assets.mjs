// Static assets against nginx, which serves the same files.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ask } from "./ask.mjs";
import { Coffer } from "./coffer.mjs";
import { nginx } from "./nginx.mjs";
import { WRANGLER } from "./peers.mjs";
import { interleaved } from "./statistics.mjs";
import { loadGet } from "./wrk.mjs";

const CONNECTIONS = 16;
const HOST = "assets.dev.localhost";
const KIB = 1024;
const FILES = { "1 KiB": KIB, "16 KiB": 16 * KIB, "200 KiB": 200 * KIB, "5 MiB": 5 * KIB * KIB };
const RANGE = { Range: "bytes=1048576-1064959" };

export async function assets(directory, runs, seconds) {
  const root = join(directory, "public");
  mkdirSync(root, { recursive: true });
  for (const [size, bytes] of Object.entries(FILES)) writeFileSync(join(root, fileName(size)), randomBytes(bytes));
  writeFileSync(join(root, "index.html"), "ready");
  const coffer = await Coffer.start(join(directory, "data"));
  // As many threads as the gateway has: half of the cores.
  const peer = await nginx(join(directory, "nginx"), root, Math.max(1, Math.floor(availableParallelism() / 2)));
  try {
    deploy(coffer, directory);
    await coffer.answers("assets", "ready");
    const servers = {
      nginx: { url: peer.url, pids: peer.pids },
      Coffer: { url: coffer.workersUrl, host: HOST, pids: coffer.pids },
    };
    const measured = {};
    for (const size of Object.keys(FILES)) measured[size] = await compare(servers, `/${fileName(size)}`, { status: 200 }, runs, seconds);
    const [small, large] = [`/${fileName("16 KiB")}`, `/${fileName("5 MiB")}`];
    measured["16 KiB, unchanged (304)"] = await compare(servers, small, { status: 304 }, runs, seconds);
    measured["16 KiB of 5 MiB (206)"] = await compare(servers, large, { status: 206, headers: RANGE }, runs, seconds);
    return measured;
  } finally {
    await Promise.all([coffer.stop(), peer.stop()]);
  }
}

const fileName = (size) => `${size.replace(" ", "-")}.bin`;

// The same request to each server, whose answers must be alike.
async function compare(servers, path, { status, headers = {} }, runs, seconds) {
  const cases = {};
  const bodies = [];
  for (const [name, { url, host, pids }] of Object.entries(servers)) {
    const target = new URL(path, url);
    const own = host ? { Host: host } : {};
    const tag = (await ask(target, { headers: own })).headers.etag;
    const sent = { ...own, ...headers, ...(status === 304 && { "If-None-Match": tag }) };
    const answer = await ask(target, { headers: sent });
    if (answer.status !== status) throw new Error(`${name} answered ${answer.status} to ${path}`);
    bodies.push(answer.body);
    cases[name] = async () => {
      const figures = await loadGet({ url: target.href, headers: sent, connections: CONNECTIONS, seconds, pids });
      return { ...figures, mb_per_s: (figures.rate * answer.body.length) / 1e6 };
    };
  }
  if (!bodies.every((body) => body.equals(bodies[0]))) throw new Error(`the bodies of ${path} differ`);
  return interleaved(cases, runs);
}

// Deploys the directory as a Worker without code. Wrangler does it, because it hashes files as the API wants it.
function deploy(coffer, directory) {
  const project = { name: "assets", compatibility_date: "2026-01-01", assets: { directory: "public" }, workers_dev: true };
  writeFileSync(join(directory, "wrangler.json"), JSON.stringify(project));
  const env = {
    ...process.env,
    CLOUDFLARE_API_BASE_URL: coffer.apiUrl,
    CLOUDFLARE_API_TOKEN: coffer.token,
    CLOUDFLARE_ACCOUNT_ID: coffer.accountId,
    WRANGLER_SEND_METRICS: "false",
    CI: "1",
    HOME: directory,
  };
  execFileSync(process.execPath, [WRANGLER, "deploy"], { cwd: directory, env, stdio: ["ignore", "ignore", "pipe"] });
}
