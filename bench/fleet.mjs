// 1, 10 and 100 deployed Workers under mixed load, and what memory they take.

import { Coffer } from "./coffer.mjs";
import { anonymousMebibytes, residentMebibytes } from "./processes.mjs";
import { interleaved } from "./statistics.mjs";
import { loadMix } from "./wrk.mjs";

const COUNTS = [1, 10, 100];
const CONNECTIONS = 16;
const LARGE_BYTES = 16 * 1024;
const JSON_HEADERS = { "Content-Type": "application/json" };
const ORDER = JSON.stringify({ items: Array.from({ length: 20 }, (_, number) => ({ number, name: `item ${number}`, price: 9.99 })) });

const SCRIPT = `
const large = "x".repeat(${LARGE_BYTES});
export default {
  async fetch(request, env) {
    switch (new URL(request.url).pathname) {
      case "/variable": return new Response(env.GREETING);
      case "/stored": return new Response(await env.BENCH.get());
      case "/large": return new Response(large);
      case "/order": {
        const { items } = await request.json();
        return Response.json({ total: items.reduce((sum, { price }) => sum + price, 0), items: items.length });
      }
      default: return new Response("a value of the usual length 0123");
    }
  },
};`;

// Of ten requests: four constant answers, two with a variable, two with a stored secret, one of 16 KiB, one that
// sends and gets JSON.
const MIX = [
  ...Array(4).fill({ path: "/" }),
  ...Array(2).fill({ path: "/variable" }),
  ...Array(2).fill({ path: "/stored" }),
  { path: "/large" },
  { path: "/order", method: "POST", body: ORDER, headers: JSON_HEADERS },
];

// One installation for each number of Workers, all of which run from the beginning to the end.
export async function fleet(directory, runs, seconds) {
  const coffers = [];
  try {
    const cases = {};
    for (const [index, count] of COUNTS.entries()) {
      const coffer = await Coffer.start(`${directory}-${count}`, { port: 17070 + 20 * index });
      coffers.push(coffer);
      const hosts = await fill(coffer, count);
      const requests = hosts.flatMap((host) => MIX.map((request) => ({ ...request, host })));
      const one = { url: coffer.workersUrl, requests, connections: CONNECTIONS, seconds, pids: coffer.pids };
      cases[count === 1 ? "1 Worker" : `${count} Workers`] = async () => ({ ...(await loadMix(one)), ...(await memory(coffer, count)) });
    }
    return await interleaved(cases, runs);
  } finally {
    await Promise.all(coffers.map((coffer) => coffer.stop()));
  }
}

// Deploys and starts as many Workers; gives the hosts that they answer at.
async function fill(coffer, count) {
  await coffer.createStore();
  await coffer.createSecret("BENCH", "a value of the usual length 0123");
  const bindings = [
    { name: "GREETING", type: "plain_text", text: "a value of the usual length 0123" },
    { name: "BENCH", type: "secrets_store_secret", store_id: coffer.storeId, secret_name: "BENCH" },
  ];
  const hosts = [];
  for (let number = 0; number < count; number += 1) {
    const host = `fleet-${number}.dev.localhost`;
    await coffer.deploy(`fleet-${number}`, SCRIPT, bindings);
    for (const request of MIX) {
      const { status, body } = await coffer.ask(host, request);
      if (status !== 200 || body.length === 0) throw new Error(`${host}${request.path} answered ${status} ${body}`);
    }
    hosts.push(host);
  }
  return hosts;
}

// Memory right after a load: of the daemon, and of the runtimes for each Worker, resident and of their own.
async function memory(coffer, count) {
  const [daemon, ...runtimes] = await coffer.pids();
  if (runtimes.length !== count) throw new Error(`${runtimes.length} processes run for ${count} Workers`);
  const sum = (figure) => runtimes.reduce((total, pid) => total + figure(pid), 0);
  return {
    daemon_mib: residentMebibytes(daemon),
    runtimes_mib: sum(residentMebibytes),
    worker_mib: sum(residentMebibytes) / count,
    worker_anonymous_mib: sum(anonymousMebibytes) / count,
  };
}
