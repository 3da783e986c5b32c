// Measures Coffer beside its peers: see docs/performance.md.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reads } from "./access.mjs";
import { audit } from "./audit.mjs";
import { bulk } from "./bulk.mjs";
import { Coffer } from "./coffer.mjs";
import { dev, start } from "./dev.mjs";
import { gateway } from "./gateway.mjs";
import { pages } from "./pages.mjs";
import { bareWorkerd, constantHandler, sqliteOneRow, sqliteSameRows, wranglerDev } from "./peers.mjs";
import { interleaved, median } from "./statistics.mjs";
import { table } from "./table.mjs";
import { loadGet, loadPost } from "./wrk.mjs";

const runs = Number(process.env.RUNS ?? 3);
const seconds = Number(process.env.SECONDS_EACH ?? 5);
const events = Number(process.env.EVENTS ?? 1_000_000);
const queries = Number(process.env.QUERIES ?? 500);
const only = process.argv[2];
const directory = mkdtempSync(join(tmpdir(), "coffer-bench-"));
const result = { runs, seconds };

try {
  if (!only || only === "workers") result.workers = await workers();
  if (!only || only === "gateway") result.gateway = await gateway(join(directory, "gateway"), runs, seconds, process.argv[3]);
  if (!only || only === "api") result.api = await api();
  if (!only || only === "access") result.access = await reads(directory, runs, seconds);
  if (!only || only === "audit") result.audit = await audit(join(directory, "audit"), { runs, seconds, events, queries });
  if (!only || only === "pages") result.pages = await pages(join(directory, "pages"), runs, seconds);
  if (!only || only === "dev") result.dev = await dev(join(directory, "dev-reload"));
  if (!only || only === "start") result.start = await start(join(directory, "start"));
  if (!only || only === "bulk") result.bulk = await bulk(join(directory, "bulk"));
  console.log(table(result));
  console.log(JSON.stringify(result));
  if (process.env.OUTPUT) writeFileSync(process.env.OUTPUT, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

// Workers: the same answer from bare workerd, through the gateway, with a variable, with a stored secret, and
// from `wrangler dev`.
async function workers() {
  const coffer = await Coffer.start(join(directory, "workers"));
  const bare = await bareWorkerd(join(directory, "bare"));
  const dev = await wranglerDev(join(directory, "dev"));
  try {
    await coffer.createStore();
    await coffer.createSecret("BENCH", "a value of the usual length 0123");
    const constant = 'export default { fetch() { return new Response("a value of the usual length 0123"); } };';
    const variable = "export default { fetch(request, env) { return new Response(env.BENCH); } };";
    const stored = "export default { async fetch(request, env) { return new Response(await env.BENCH.get()); } };";
    await coffer.deploy("constant", constant, []);
    await coffer.deploy("variable", variable, [{ name: "BENCH", type: "secret_text", text: "a value of the usual length 0123" }]);
    await coffer.deploy("stored", stored, [
      { name: "BENCH", type: "secrets_store_secret", store_id: coffer.storeId, secret_name: "BENCH" },
    ]);
    const load = (connections, url, host, pids) => () => loadGet({ url, host, connections, seconds, pids });
    const gateway = (name) => [coffer.workersUrl, `${name}.dev.localhost`];
    const cases = (connections) => ({
      "bare workerd": load(connections, bare.url, undefined, bare.pids),
      gateway: load(connections, ...gateway("constant"), coffer.pids),
      "gateway, env.X": load(connections, ...gateway("variable"), coffer.pids),
      "gateway, env.X.get()": load(connections, ...gateway("stored"), coffer.pids),
      "wrangler dev, env.X.get()": load(connections, dev.url, undefined, dev.pids),
    });
    return {
      at16: await interleaved(cases(16), runs),
      at1: await interleaved(cases(1), runs),
      cold_ms: await coldFirstRequests(coffer, constant),
    };
  } finally {
    await Promise.all([coffer.stop(), bare.stop(), dev.stop()]);
  }
}

// Milliseconds of the first request to each of some Workers that were never started.
async function coldFirstRequests(coffer, script) {
  const times = [];
  for (let index = 0; index < 15; index += 1) {
    await coffer.deploy(`cold-${index}`, script, []);
    times.push(await coffer.timeRequest(`cold-${index}.dev.localhost`));
  }
  return { median: median(times), least: Math.min(...times), most: Math.max(...times) };
}

// The API: reading metadata against a constant answer, durable creation against SQLite's own rates.
async function api() {
  const coffer = await Coffer.start(join(directory, "api"), { secrets: 100_000_000 });
  const constant = await constantHandler();
  try {
    const idle_mib = coffer.residentMebibytes();
    await coffer.createStore();
    const id = await coffer.createSecret("BENCH", "value");
    const headers = { Authorization: `Bearer ${coffer.token}` };
    const secrets = `${coffer.apiUrl}/accounts/${coffer.accountId}/secrets_store/stores/${coffer.storeId}/secrets`;
    const reads = {};
    const creates = {};
    for (const connections of [1, 8, 32]) {
      reads[connections] = await interleaved(
        {
          "constant handler": () => loadGet({ url: constant.url, connections, seconds, pids: constant.pids }),
          "metadata GET": () => loadGet({ url: `${secrets}/${id}`, headers, connections, seconds, pids: coffer.pids }),
        },
        runs,
      );
      creates[connections] = await interleaved(
        {
          "SQLite alone, same rows": () => sqliteSameRows(directory, connections, seconds),
          "SQLite alone, one row": () => sqliteOneRow(directory, connections, seconds),
          "durable create": (run) =>
            loadPost({ url: secrets, headers, connections, seconds, pids: coffer.pids, prefix: `C${connections}_${run}` }),
        },
        runs,
      );
    }
    return { idle_mib, reads, creates };
  } finally {
    await Promise.all([coffer.stop(), constant.stop()]);
  }
}
