// What Coffer is measured against, on the same machine and in the same run.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { start } from "./processes.mjs";

const WORKERD = ["64", "arm64"].map((machine) => `node_modules/@cloudflare/workerd-linux-${machine}/bin/workerd`).find(existsSync);
export const WRANGLER = resolve("tests/clients/node_modules/wrangler/bin/wrangler.js");

const CONSTANT = "export default { fetch() { return new Response('a value of the usual length 0123'); } };";

// workerd by itself with this Worker; as long as none is given, with a constant answer.
export async function bareWorkerd(directory, script = CONSTANT) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "index.js"), script);
  writeFileSync(
    join(directory, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--max-heap-size=128"],
  services = [(name = "main", worker = (
    modules = [(name = "index.js", esModule = embed "index.js")],
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

// What SQLite alone makes durable in a second with Coffer's settings, in groups as large as the number of clients
// could fill: one small row for each, and the four statements of creating a secret in Coffer's own schema.
export const sqliteOneRow = (directory, group, seconds) =>
  sqliteRate(join(directory, "row"), group, seconds, (database) => {
    database.exec("CREATE TABLE rows (id TEXT PRIMARY KEY, name TEXT, sealed BLOB) STRICT");
    const insert = database.prepare("INSERT INTO rows (id, name, sealed) VALUES (?, ?, ?)");
    return (number) => insert.run(idOf(number), `NAME_${number}`, SEALED);
  });

export const sqliteSameRows = (directory, group, seconds) =>
  sqliteRate(join(directory, "rows"), group, seconds, (database) => {
    database.exec(readFileSync("crates/store/migrations/sqlite/0001_initial.sql", "utf8"));
    const [account, store] = [idOf(1), idOf(2)];
    database.exec(`INSERT INTO accounts (id, name, subdomain, max_stores, max_secrets, max_value_bytes, max_workers, created_at, modified_at)
      VALUES ('${account}', 'peer', 'peer', 1, 100000000, 1024, 1, 0, 0);
      INSERT INTO stores (id, account_id, name, created_at, modified_at) VALUES ('${store}', '${account}', 'peer', 0, 0)`);
    const count = database.prepare("UPDATE accounts SET secret_count = CASE WHEN secret_count + 1 <= max_secrets THEN secret_count + 1 END WHERE id = ?");
    const change = database.prepare("INSERT INTO changes (seq, account_id, kind, subject_id) VALUES (?, ?, 'secret', ?)");
    const secret = database.prepare(`INSERT INTO secrets (id, account_id, store_id, name, comment, scopes, value_version, sealed,
      change_seq, created_at, modified_at) VALUES (?, ?, ?, ?, NULL, 32, 1, ?, ?, 0, 0)`);
    const event = database.prepare(`INSERT INTO audit_events (id, account_id, at, action, resource_kind, resource_id, actor_id,
      actor_email, actor_context, actor_ip, token_id, request_id, details)
      VALUES (?, ?, 0, 'create', 'secret', ?, ?, 'admin@coffer.localhost', 'api_token', '127.0.0.1', ?, ?, ?)`);
    return (number) => {
      // Ids are random in Coffer; these are spread over the index alike.
      const id = idOf(Math.imul(number, 2654435761) >>> 0) + number;
      const details = `{"after":{"store_id":"${store}","name":"NAME_${number}","comment":null,"scopes":["workers"]}}`;
      count.run(account);
      change.run(number, account, id);
      secret.run(id, account, store, `NAME_${number}`, SEALED, number);
      event.run(id, account, id, account, account, id, details);
    };
  });

const SEALED = new Uint8Array(166);
const idOf = (number) => number.toString(16).padStart(8, "0").padEnd(32, "0");

function sqliteRate(directory, group, seconds, prepare) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const database = new DatabaseSync(join(directory, "peer.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
  const write = prepare(database);
  const began = process.hrtime.bigint();
  const end = began + BigInt(seconds * 1e9);
  let written = 0;
  while (process.hrtime.bigint() < end) {
    database.exec("BEGIN IMMEDIATE");
    for (let one = 0; one < group; one += 1) write((written += 1));
    database.exec("COMMIT");
  }
  const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
  database.close();
  return { rate: written / elapsed };
}

// Waits until something answers here.
export async function answering(url) {
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
