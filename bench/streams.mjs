// 100 MB streamed through a Worker, down, up and both at once, against bare workerd.

import { request } from "node:http";
import { join } from "node:path";
import { Coffer } from "./coffer.mjs";
import { bareWorkerd } from "./peers.mjs";
import { cpuMicroseconds, watchPeak } from "./processes.mjs";
import { interleaved } from "./statistics.mjs";

const BYTES = 100 * 1000 * 1000;
const CHUNK = Buffer.alloc(256 * 1024, "stream");
const WARM_UPS = 2;

const SCRIPT = `
const chunk = new Uint8Array(64 * 1024).fill(120);
async function down(writable) {
  const writer = writable.getWriter();
  for (let left = ${BYTES}; left > 0; left -= chunk.length) await writer.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
  await writer.close();
}
export default {
  async fetch(request, env, context) {
    switch (new URL(request.url).pathname) {
      case "/down": {
        const { readable, writable } = new FixedLengthStream(${BYTES});
        context.waitUntil(down(writable));
        return new Response(readable);
      }
      case "/up": {
        const reader = request.body.getReader({ mode: "byob" });
        let buffer = new ArrayBuffer(64 * 1024);
        for (let bytes = 0; ; ) {
          const { value, done } = await reader.read(new Uint8Array(buffer));
          if (done) return new Response(String(bytes));
          bytes += value.length;
          buffer = value.buffer;
        }
      }
      case "/through": return new Response(request.body);
      default: return new Response("ready");
    }
  },
};`;

export async function streams(directory, runs, seconds) {
  const coffer = await Coffer.start(directory);
  const bare = await bareWorkerd(join(directory, "bare"), SCRIPT);
  try {
    await coffer.deploy("streams", SCRIPT, []);
    await coffer.answers("streams", "ready");
    const peers = {
      "bare workerd": { url: bare.url, pids: bare.pids },
      gateway: { url: coffer.workersUrl, host: "streams.dev.localhost", pids: coffer.pids },
    };
    const measured = {};
    for (const direction of ["down", "up", "through"]) {
      const cases = {};
      for (const [name, peer] of Object.entries(peers)) {
        for (let time = 0; time < WARM_UPS; time += 1) await transfer(peer, direction);
        cases[name] = () => transfers(peer, direction, seconds);
      }
      measured[direction] = await interleaved(cases, runs);
    }
    return measured;
  } finally {
    await Promise.all([coffer.stop(), bare.stop()]);
  }
}

// Whole transfers, one after the other, for at least as many seconds: MB per second, CPU per MB, and the peak of
// the process that the client is connected to.
async function transfers(peer, direction, seconds) {
  const pids = await peer.pids();
  const peak = watchPeak(pids[0]);
  const cpu = cpuMicroseconds(pids);
  const began = performance.now();
  let bytes = 0;
  while (performance.now() - began < seconds * 1000) {
    await transfer(peer, direction);
    bytes += BYTES;
  }
  const elapsed = (performance.now() - began) / 1000;
  const megabytes = bytes / 1e6;
  return { rate: megabytes / elapsed, cpu_us: (cpuMicroseconds(pids) - cpu) / megabytes, peak_mib: peak() };
}

function transfer({ url, host }, direction) {
  return new Promise((resolve, reject) => {
    const sends = direction !== "down";
    const headers = { ...(host && { Host: host }), ...(sends && { "Content-Length": BYTES }) };
    const sent = request(new URL(direction, url), { method: sends ? "POST" : "GET", headers, agent: false }, (response) => {
      let told = "";
      let received = 0;
      response.on("data", (chunk) => {
        received += chunk.length;
        if (direction === "up") told += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        const bytes = direction === "up" ? Number(told) : received;
        if (response.statusCode === 200 && bytes === BYTES) resolve();
        else reject(new Error(`${direction}: ${response.statusCode}, ${bytes} bytes`));
      });
    });
    sent.on("error", reject);
    if (sends) send(sent);
    else sent.end();
  });
}

// Sends the body as fast as it is taken.
function send(sent) {
  let left = BYTES;
  const more = () => {
    while (left > 0) {
      const part = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= part.length;
      if (!sent.write(part)) {
        sent.once("drain", more);
        return;
      }
    }
    sent.end();
  };
  more();
}
