// The audit log: how fast events are appended, found and verified.

import { execFileSync } from "node:child_process";
import { Agent, request } from "node:http";
import { BINARY, Coffer } from "./coffer.mjs";
import { median, percentile } from "./statistics.mjs";

const APPEND = "target/release/examples/append_events";

// With this many events in the log; each query is asked this many times, and the log verified as often as there are
// runs.
export async function audit(directory, { runs, seconds, events, queries }) {
  const { account_id, api_token } = Coffer.init(directory);
  const append = [directory, account_id, String(seconds), String(events)];
  const appended = JSON.parse(execFileSync(APPEND, append, { encoding: "utf8" }));

  const verify_seconds = [];
  for (let run = 0; run < runs; run += 1) {
    const began = performance.now();
    execFileSync(BINARY, ["audit", "verify", "--data", directory]);
    verify_seconds.push((performance.now() - began) / 1000);
  }
  const coffer = await Coffer.serve(directory, { account_id, api_token });
  try {
    return {
      events: appended.size,
      appended_per_second: appended.one_by_one,
      verify_seconds_per_million: (median(verify_seconds) * 1e6) / appended.size,
      queries: await queryTimes(coffer, queries),
    };
  } finally {
    await coffer.stop();
  }
}

// Milliseconds of the queries that people ask, one after the other on one connection.
async function queryTimes(coffer, count) {
  const day = 24 * 3600 * 1000;
  const iso = (ago) => new Date(Date.now() - ago).toISOString();
  const month = `since=${iso(31 * day)}&before=${iso(-day)}`;
  const v2 = (query) => `/logs/audit?${query}`;
  const v1 = (query) => `/audit_logs?${query}`;
  const random = (below) => Math.floor(Math.random() * below);
  const hex = (number) => number.toString(16).padStart(32, "0");
  const cases = {
    "newest 100 (v2)": () => v2(month),
    "one day, 100 (v2)": () => {
      const ago = (1 + random(28)) * day;
      return v2(`since=${iso(ago)}&before=${iso(ago - day)}`);
    },
    "of one actor (v2)": () => v2(`${month}&actor_email=user${random(50)}@example.com`),
    "of one secret (v2)": () => v2(`${month}&resource_id=${hex(random(90_000))}`),
    "failures (v2)": () => v2(`${month}&action_result=failure`),
    "deletes by one actor (v2)": () => v2(`${month}&action_type=delete&actor_email=user${1 + 10 * random(5)}@example.com`),
    "matches nothing (v2)": () => v2(`${month}&actor_email=nobody@example.com`),
    "newest page of 100 (v1)": () => v1("per_page=100"),
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times = {};
  for (const [name, path] of Object.entries(cases)) {
    const taken = [];
    for (let index = 0; index < count; index += 1) taken.push(await timed(coffer, agent, path()));
    times[name] = { p50_ms: percentile(taken, 0.5), p99_ms: percentile(taken, 0.99), most_ms: Math.max(...taken) };
  }
  agent.destroy();
  return times;
}

function timed(coffer, agent, path) {
  const url = `${coffer.apiUrl}/accounts/${coffer.accountId}${path}`;
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const sent = request(url, { agent, headers: { Authorization: `Bearer ${coffer.token}` } }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - began);
        else reject(new Error(`${path} answered ${response.statusCode}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
