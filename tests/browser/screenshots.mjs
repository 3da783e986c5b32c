// Pictures of every page, light and dark, wide and narrow, of an account in use: `screenshots.mjs FOLDER [NAME…]`.
// Takes all of them, or those that are named.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Coffer } from "../../bench/coffer.mjs";

const [folder, ...named] = process.argv.slice(2);
const SIZES = { 1440: 900, 390: 844 };

const data = mkdtempSync(join(tmpdir(), "coffer-screenshots-"));
const coffer = await Coffer.start(join(data, "data"), { port: Number(process.env.PORT ?? 17170) });
try {
  Object.assign(process.env, {
    COFFER_ORIGIN: new URL(coffer.apiUrl).origin.replace("127.0.0.1", "localhost"),
    COFFER_WORKERS_PORT: String(coffer.workersPort),
    COFFER_ACCOUNT_ID: coffer.accountId,
    COFFER_EMAIL: coffer.administrator.email,
    COFFER_PASSWORD: coffer.administrator.password,
    COFFER_API_TOKEN: coffer.token,
    COFFER_MARK: "a value that is in no page",
  });
  await take();
} finally {
  await coffer.stop();
  rmSync(data, { recursive: true, force: true });
}

async function take() {
  const { scenario, signIn } = await import("./specs/coffer.mjs");
  const { DOORWAYS, pages } = await import("./specs/pages.mjs");
  const { seed } = await import("./specs/seed.mjs");
  const seeded = await seed();
  mkdirSync(folder, { recursive: true });
  await scenario(async (open) => {
    for (const colorScheme of ["light", "dark"]) {
      const window = await open({ colorScheme });
      const picture = async (name, path) => {
        if (named.length > 0 && !named.includes(name)) return;
        for (const [width, height] of Object.entries(SIZES)) {
          await window.page.setViewportSize({ width: Number(width), height });
          await window.page.goto(path);
          await window.page.screenshot({ path: resolve(folder, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        }
      };
      for (const [name, path] of Object.entries(DOORWAYS)) await picture(name, path);
      await signIn(window);
      for (const [name, path] of Object.entries(pages(seeded))) await picture(name, path);
    }
  });
}
