// 100 secrets by one command, beside Wrangler: into a Worker, and into a store, for which Wrangler has no such command.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BINARY, Coffer } from "./coffer.mjs";
import { summaries } from "./dev.mjs";
import { WRANGLER } from "./peers.mjs";

const SECRETS = 100;
const ROUNDS = Number(process.env.ROUNDS ?? 10);

// Milliseconds from a command's start to its end, in turns.
export async function bulk(directory) {
  mkdirSync(directory, { recursive: true });
  const coffer = await Coffer.start(join(directory, "data"), { secrets: SECRETS * (ROUNDS + 1) });
  try {
    await coffer.createStore();
    const env = {
      ...process.env,
      CLOUDFLARE_API_BASE_URL: coffer.apiUrl,
      CLOUDFLARE_ACCOUNT_ID: coffer.accountId,
      CLOUDFLARE_API_TOKEN: coffer.token,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      CI: "1",
      HOME: directory,
    };
    const times = { "coffer secret bulk": [], "wrangler secret bulk": [], "coffer secrets-store import": [] };
    const timed = (name, program, args) => {
      const began = process.hrtime.bigint();
      execFileSync(program, args, { cwd: directory, stdio: "ignore", env });
      times[name].push(Number(process.hrtime.bigint() - began) / 1e6);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const file = join(directory, `${round}.json`);
      const names = Array.from({ length: SECRETS }, (_, index) => [`SECRET_${round}_${index}`, `value ${round} ${index}`]);
      writeFileSync(file, JSON.stringify(Object.fromEntries(names)));
      for (const [program, args] of [["coffer", [resolve(BINARY)]], ["wrangler", [process.execPath, WRANGLER]]]) {
        const worker = `${program}-${round}`;
        await coffer.deploy(worker, "export default { fetch() { return new Response(); } };", []);
        timed(`${program} secret bulk`, args[0], [...args.slice(1), "secret", "bulk", file, "--name", worker]);
      }
      timed("coffer secrets-store import", resolve(BINARY), ["secrets-store", "secret", "import", coffer.storeId, file, "--remote"]);
    }
    return summaries(times);
  } finally {
    await coffer.stop();
  }
}
