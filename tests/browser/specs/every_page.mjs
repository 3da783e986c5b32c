// Every page of an account in use, as phones and wide screens show it, light and dark, for those who want no motion.

import assert from "node:assert/strict";
import { scenario, signIn } from "./coffer.mjs";
import { DOORWAYS, pages } from "./pages.mjs";
import { seed } from "./seed.mjs";

const SETTINGS = [
  { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true },
  { colorScheme: "dark", viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" },
];

const REFUSED = { "not-found": 404, "not-permitted": 404 };

// Whether all of a part stands in the row that it belongs to.
function isInSight(part) {
  const [{ left, right }, row] = [part.getBoundingClientRect(), part.closest("nav").getBoundingClientRect()];
  return left >= row.left - 1 && right <= row.right + 1;
}

await scenario(async (open) => {
  const seeded = await seed();
  const problems = await Promise.all(SETTINGS.map(async (settings) => visitAll(await open(settings), settings, seeded)));
  assert.deepEqual(problems.flat(), [], problems.flat().join("\n"));
});

// Visits every page, and tells what is wrong with each.
async function visitAll(window, { reducedMotion }, seeded) {
  const { page } = window;
  const problems = [];
  const visit = async (name, path) => {
    try {
      assert.equal(await window.visit(path), REFUSED[name] ?? 200);
      assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1, "one heading of the first level");
      assert.match(await page.title(), /\S · .*Coffer$/);
      const current = page.getByRole("navigation", { name: "Sections" }).locator("[aria-current]");
      if ((await current.count()) > 0) assert.ok(await current.evaluate(isInSight), "the section that is open is in sight");
    } catch (error) {
      problems.push(`${name}: ${error.message}`);
    }
  };
  for (const [name, path] of Object.entries(DOORWAYS)) await visit(name, path);
  await signIn(window);
  for (const [name, path] of Object.entries(pages(seeded))) await visit(name, path);
  if (reducedMotion) {
    const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((one) => getComputedStyle(one).transitionDuration !== "0s").length);
    if (moving > 0) problems.push(`${moving} parts move for those who want no motion`);
  }
  return problems;
}
