// A WebSocket's echo through the gateway, against bare workerd.

import { join } from "node:path";
import { Coffer } from "./coffer.mjs";
import { bareWorkerd } from "./peers.mjs";
import { interleaved } from "./statistics.mjs";
import { loadEchoes } from "./websocket_load.mjs";

const CONNECTIONS = [1, 32];
const SIZES = { "64 B": 64, "16 KiB": 16 * 1024 };

const SCRIPT = `
export default {
  fetch(request) {
    if (request.headers.get("Upgrade") !== "websocket") return new Response("ready");
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener("message", ({ data }) => server.send(data));
    return new Response(null, { status: 101, webSocket: client });
  },
};`;

export async function websockets(directory, runs, seconds) {
  const coffer = await Coffer.start(directory);
  const bare = await bareWorkerd(join(directory, "bare"), SCRIPT);
  try {
    await coffer.deploy("echo", SCRIPT, []);
    await coffer.answers("echo", "ready");
    const measured = {};
    for (const connections of CONNECTIONS) {
      for (const [size, bytes] of Object.entries(SIZES)) {
        const load = { connections, bytes, seconds };
        measured[`${size}, ${connections} ${connections === 1 ? "connection" : "connections"}`] = await interleaved(
          {
            "bare workerd": () => loadEchoes({ ...load, url: bare.url, pids: bare.pids }),
            gateway: () => loadEchoes({ ...load, url: coffer.workersUrl, host: "echo.dev.localhost", pids: coffer.pids }),
          },
          runs,
        );
      }
    }
    return measured;
  } finally {
    await Promise.all([coffer.stop(), bare.stop()]);
  }
}
