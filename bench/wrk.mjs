// Load from wrk, with the CPU time that the loaded processes used for it.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cpuMicroseconds } from "./processes.mjs";

const run = promisify(execFile);
const scripts = mkdtempSync(join(tmpdir(), "coffer-wrk-"));
process.on("exit", () => rmSync(scripts, { recursive: true, force: true }));

export async function loadGet({ url, host, headers = {}, connections, seconds, pids }) {
  const all = host ? { ...headers, Host: host } : headers;
  return load({ url, headers: all, connections, seconds, pids, script: reporter });
}

// Reads with each of these tokens in turn.
export async function loadGetByTokens({ url, tokens, connections, seconds, pids }) {
  const { pathname } = new URL(url);
  const script = `
    local tokens = { ${tokens.map((token) => `"Bearer ${token}"`).join(", ")} }
    local turn = 0
    local headers = {}
    request = function()
      turn = turn % #tokens + 1
      headers["Authorization"] = tokens[turn]
      return wrk.format("GET", "${pathname}", headers)
    end
    ${reporter}`;
  return load({ url, headers: {}, connections, seconds, pids, script });
}

// Sends these requests at random, each as often as the others: { host, method, path, headers, body }.
export async function loadMix({ url, requests, connections, seconds, pids }) {
  const table = (fields) => Object.entries(fields).map(([name, value]) => `[${JSON.stringify(name)}] = ${JSON.stringify(value)}`).join(", ");
  const formats = requests.map(({ host, method = "GET", path = "/", headers = {}, body }) => {
    const sent = body === undefined ? "nil" : JSON.stringify(body);
    return `sent[#sent + 1] = wrk.format("${method}", "${path}", { ${table({ ...headers, Host: host })} }, ${sent})`;
  });
  const script = `
    local sent = {}
    init = function()
      math.randomseed(1)
      ${formats.join("\n      ")}
    end
    request = function()
      return sent[math.random(#sent)]
    end
    ${reporter}`;
  return load({ url, headers: {}, connections, seconds, pids, script });
}

// Creates secrets whose names begin with `prefix`, each once.
export async function loadPost({ url, headers, connections, seconds, pids, prefix }) {
  const path = new URL(url).pathname;
  const script = `
    local count = 0
    request = function()
      count = count + 1
      local body = '[{"name":"${prefix}_' .. count .. '","value":"a value of the usual length 0123","scopes":["workers"]}]'
      return wrk.format("POST", "${path}", nil, body)
    end
    ${reporter}`;
  return load({ url, headers: { ...headers, "Content-Type": "application/json" }, connections, seconds, pids, script });
}

const reporter = `
  done = function(summary, latency, requests)
    io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
      summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
      latency:percentile(50), latency:percentile(99)))
  end`;

async function load({ url, headers, connections, seconds, pids, script }) {
  const file = join(scripts, "wrk.lua");
  writeFileSync(file, script);
  const options = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const before = cpuMicroseconds(await pids());
  const { stdout } = await run("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", file, ...options, url]);
  const cpu = cpuMicroseconds(await pids()) - before;
  const [requests, duration, failed, p50, p99] = stdout.match(/RESULT (.*)/)[1].split(" ").map(Number);
  return { rate: (requests * 1e6) / duration, p50_ms: p50 / 1000, p99_ms: p99 / 1000, cpu_us: cpu / requests, failed };
}
