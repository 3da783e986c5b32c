// Local development: from a saved file to its answer, and from a command's start to its end, beside Wrangler.

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BINARY } from "./coffer.mjs";
import { WRANGLER } from "./peers.mjs";
import { start as begin } from "./processes.mjs";
import { median } from "./statistics.mjs";

const SAVES = Number(process.env.SAVES ?? 20);
const STARTS = Number(process.env.STARTS ?? 20);
const PACKAGES = resolve("tests/clients/node_modules");
const QUIET = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "1", NO_COLOR: "1" };

// Milliseconds from a saved file to the first answer of the new code, in turns.
export async function dev(directory) {
  const servers = {
    "coffer dev": await serve(join(directory, "coffer"), resolve(BINARY), ["dev", "--port", "17093"], /ready http/, 17093),
    "wrangler dev": await serve(
      join(directory, "wrangler"),
      process.execPath,
      [WRANGLER, "dev", "--port", "17094", "--ip", "127.0.0.1", "--inspector-port", "17095", "--show-interactive-dev-session=false"],
      /Ready on/,
      17094,
    ),
  };
  const times = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  try {
    for (let save = 1; save <= SAVES; save += 1) {
      for (const [name, server] of Object.entries(servers)) times[name].push(await server.saved(save));
    }
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  return summaries(times);
}

// Milliseconds that commands take which do nothing but start.
export async function start(directory) {
  mkdirSync(directory, { recursive: true });
  const commands = {
    "coffer --version": [resolve(BINARY), ["--version"]],
    "wrangler --version": [process.execPath, [WRANGLER, "--version"]],
    "coffer dev --help": [resolve(BINARY), ["dev", "--help"]],
    "wrangler dev --help": [process.execPath, [WRANGLER, "dev", "--help"]],
  };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let run = 0; run < STARTS; run += 1) {
    for (const [name, [program, args]] of Object.entries(commands)) {
      const began = process.hrtime.bigint();
      execFileSync(program, args, { cwd: directory, stdio: "ignore", env: { ...process.env, ...QUIET, HOME: directory } });
      times[name].push(since(began));
    }
  }
  return summaries(times);
}

// A project of a few files with a package, served.
async function serve(directory, program, args, ready, port) {
  mkdirSync(join(directory, "src"), { recursive: true });
  symlinkSync(PACKAGES, join(directory, "node_modules"));
  const configuration = { name: "bench", main: "src/index.ts", compatibility_date: "2026-01-01", vars: { GREETING: "hello" } };
  writeFileSync(join(directory, "wrangler.json"), JSON.stringify(configuration));
  writeFileSync(
    join(directory, "src/index.ts"),
    'import mime from "mime";\nimport { part } from "./part";\n' +
      'export default { fetch: () => new Response(`${part} ${mime.getType("a.txt")}`) };\n',
  );
  const save = (number) => writeFileSync(join(directory, "src/part.ts"), `export const part: string = "number ${number}";\n`);
  save(0);
  const server = await begin(program, args, { cwd: directory, env: { ...QUIET, HOME: directory }, ready });
  const until = async (number) => {
    for (;;) {
      const text = await fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), () => "");
      if (text.startsWith(`number ${number} `)) return;
    }
  };
  await until(0);
  return {
    stop: server.stop,
    saved: async (number) => {
      const began = process.hrtime.bigint();
      save(number);
      await until(number);
      return since(began);
    },
  };
}

const since = (began) => Number(process.hrtime.bigint() - began) / 1e6;

export const summaries = (times) =>
  Object.fromEntries(
    Object.entries(times).map(([name, all]) => [name, { median: median(all), least: Math.min(...all), most: Math.max(...all) }]),
  );
