// What Coffer is measured against, on the same machine and in the same run.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { start } from "./processes.mjs";

const WORKERD = ["64", "arm64"].map((machine) => `node_modules/@cloudflare/workerd-linux-${machine}/bin/workerd`).find(existsSync);
const WRANGLER = resolve("tests/clients/node_modules/wrangler/bin/wrangler.js");

// workerd by itself with a constant answer.
export async function bareWorkerd(directory) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--max-heap-size=128"],
  services = [(name = "main", worker = (
    modules = [(name = "index.js", esModule = "export default { fetch() { return new Response('a value of the usual length 0123'); } };")],
    compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:17090", http = (), service = "main")]);
`,
  );
  const bare = await start(WORKERD, ["serve", join(directory, "config.capnp")]);
  return { ...bare, url: await answering("http://127.0.0.1:17090/") };
}

// `wrangler dev` with a local secret read by get().
export async function wranglerDev(directory) {
  mkdirSync(directory, { recursive: true });
  const store = "0123456789abcdef0123456789abcdef";
  writeFileSync(
    join(directory, "wrangler.json"),
    JSON.stringify({
      name: "bench",
      main: "index.js",
      compatibility_date: "2026-01-01",
      secrets_store_secrets: [{ binding: "BENCH", store_id: store, secret_name: "BENCH" }],
    }),
  );
  writeFileSync(join(directory, "index.js"), "export default { async fetch(request, env) { return new Response(await env.BENCH.get()); } };");
  const env = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "1", HOME: directory };
  execFileSync(
    process.execPath,
    [WRANGLER, "secrets-store", "secret", "create", store, "--name", "BENCH", "--scopes", "workers", "--value", "a value of the usual length 0123"],
    { cwd: directory, env: { ...process.env, ...env }, stdio: "ignore" },
  );
  const dev = await start(process.execPath, [WRANGLER, "dev", "--port", "17091", "--ip", "127.0.0.1", "--show-interactive-dev-session=false"], {
    cwd: directory,
    env,
    ready: /Ready on/,
  });
  return { ...dev, url: await answering("http://127.0.0.1:17091/") };
}

// The API's own listener with a handler that always answers the same.
export async function constantHandler() {
  const constant = await start("target/release/examples/constant", ["127.0.0.1:17092"]);
  return { ...constant, url: await answering("http://127.0.0.1:17092/") };
}

// Rows that SQLite alone makes durable in a second with Coffer's settings, in groups as large as the number of
// clients could fill; a row has the size of a sealed secret.
export function sqliteRates(directory, group, seconds) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const database = new DatabaseSync(join(directory, "peer.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id TEXT PRIMARY KEY, name TEXT, sealed BLOB) STRICT");
  const insert = database.prepare("INSERT INTO rows (id, name, sealed) VALUES (?, ?, ?)");
  const sealed = new Uint8Array(166);
  const began = process.hrtime.bigint();
  const end = began + BigInt(seconds * 1e9);
  let rows = 0;
  while (process.hrtime.bigint() < end) {
    database.exec("BEGIN IMMEDIATE");
    for (let one = 0; one < group; one += 1) insert.run(String(rows++).padStart(32, "0"), `NAME_${rows}`, sealed);
    database.exec("COMMIT");
  }
  const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
  database.close();
  if (readdirSync(directory).length === 0) throw new Error("SQLite wrote nothing");
  return { rate: rows / elapsed };
}

async function answering(url) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      const response = await fetch(url);
      await response.arrayBuffer();
      if (response.ok) return url;
    } catch {
      // Not listening yet.
    }
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`${url} does not answer`);
}
