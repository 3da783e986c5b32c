// A Worker's requests and errors, as its page draws them: those that it answered, those in which it threw, those of a
// version that does not start, and those that another Worker made. And secrets sorted by how much they are used.

import assert from "node:assert/strict";
import { ask, createSecrets, deploy, place, scenario, signIn, store, text } from "./coffer.mjs";

const CODE = `export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname === "/throw") throw new Error("on purpose");
  if (pathname === "/missing") return new Response("none", { status: 404 });
  if (pathname === "/secret") return new Response(String((await env.OFTEN.get()).length));
  return new Response("ok");
} };`;
const CALLER = `export default { async fetch(request, env) { return env.SHOP.fetch("http://shop/called"); } };`;

await scenario(async (open) => {
  await createSecrets({ name: "A_NEVER" }, { name: "B_OFTEN" }, { name: "C_BOUND" });
  const { id: store_id } = await store();
  const bound = (name, secret_name) => ({ name, type: "secrets_store_secret", store_id, secret_name });
  await deploy("shop", CODE, [bound("OFTEN", "B_OFTEN"), bound("BOUND", "C_BOUND")]);
  await deploy("caller", CALLER, [{ name: "SHOP", type: "service", service: "shop" }, bound("OFTEN", "B_OFTEN")]);

  const window = await open();
  const { page } = window;
  await signIn(window);

  // Nothing yet.
  await window.visit(place("workers/shop"));
  await page.getByText("No requests in 24 hours").waitFor();

  // Seven requests, two of which fail, and one by way of another Worker.
  for (const [path, status] of [["/", 200], ["/", 200], ["/missing", 404], ["/secret", 200], ["/throw", 500], ["/throw", 500]]) {
    assert.equal((await ask("shop", path)).status, status, path);
  }
  assert.equal((await ask("caller", "/")).body, "ok");
  await window.visit(place("workers/shop?range=hour"));
  await page.getByRole("img", { name: "Requests in 1 hour: 7." }).waitFor();
  await page.getByRole("img", { name: "Errors in 1 hour: 2." }).waitFor();
  assert.match(await text(page), /2 · 28\.57%/);
  await page.getByText("As a table").click();
  const cells = await page.getByRole("row").filter({ has: page.locator("time") }).locator("td.number").allInnerTexts();
  const counts = cells.map(Number);
  // In one minute, or in two where one ended meanwhile.
  assert.equal(counts.filter((_, index) => index % 2 === 0).reduce((sum, one) => sum + one), 7);
  await page.getByRole("link", { name: "7 days" }).click();
  await page.getByRole("img", { name: "Requests in 7 days: 7." }).waitFor();
  await window.look();
  await window.visit(place("workers/caller"));
  await page.getByRole("img", { name: "Requests in 24 hours: 1." }).waitFor();

  // By use: the most used first.
  const names = async () => {
    await window.look();
    return page.locator("tbody td:first-child").allInnerTexts();
  };
  await window.visit(place("secrets-store"));
  await page.getByRole("columnheader", { name: "Workers" }).getByRole("link").click();
  await page.waitForURL(/order=-workers/);
  assert.deepEqual(await names(), ["B_OFTEN", "C_BOUND", "A_NEVER"]);
  await page.getByRole("columnheader", { name: "Workers" }).getByRole("link").click();
  await page.waitForURL(/order=workers/);
  assert.deepEqual(await names(), ["A_NEVER", "C_BOUND", "B_OFTEN"]);
  // Edges tell of reads after a moment.
  await page.getByRole("columnheader", { name: "Last read" }).getByRole("link").click();
  await page.waitForURL(/order=-read/);
  while ((await page.locator("tbody tr:first-child td:nth-child(6)").innerText()) === "never") await page.reload();
  assert.equal((await names())[0], "B_OFTEN");
});
