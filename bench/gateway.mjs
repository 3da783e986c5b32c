// What passes through the gateway: shared between versions, to many Workers, files, long bodies, WebSockets.

import { join } from "node:path";
import { assets } from "./assets.mjs";
import { fleet } from "./fleet.mjs";
import { split } from "./split.mjs";
import { streams } from "./streams.mjs";
import { websockets } from "./websockets.mjs";

const PARTS = { split, fleet, assets, streams, websockets };

// All parts, or the one that is named.
export async function gateway(directory, runs, seconds, only) {
  if (only && !PARTS[only]) throw new Error(`${only} is none of ${Object.keys(PARTS).join(", ")}`);
  const measured = {};
  for (const [name, measure] of Object.entries(PARTS)) {
    if (!only || only === name) measured[name] = await measure(join(directory, name), runs, seconds);
  }
  return measured;
}
