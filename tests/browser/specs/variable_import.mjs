// A file becomes variables and secrets of a Worker, after a look at its names: what counts is what the Worker reads.

import assert from "node:assert/strict";
import { ask, deploy, mark, place, scenario, signIn, text } from "./coffer.mjs";

const CODE = `export default { fetch(request, env) { return Response.json(env); } };`;
const FILE = `API_KEY=${mark}-key
MODE="fast"
KEPT=${mark}-other
1BAD=${mark}-bad
`;

await scenario(async (open) => {
  await deploy("shop", CODE, [{ name: "KEPT", type: "plain_text", text: "as it was" }]);
  const window = await open();
  const { page } = window;
  await signIn(window);
  await window.visit(place("workers/shop/settings"));
  await page.getByRole("link", { name: "Import" }).click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("heading", { name: "Import variables and secrets" }).waitFor();
  const field = panel.getByLabel(/\.env/);
  await field.fill(FILE);
  await panel.getByRole("button", { name: "Preview" }).click();
  await panel.getByRole("heading", { name: "4 names, 2 to be created" }).waitFor();
  await window.look();
  const line = (name) => panel.getByRole("listitem").filter({ hasText: name });
  assert.match(await line("KEPT").innerText(), /exists, left as it is/);
  assert.ok(await line("1BAD").locator(".problem").isVisible());
  // Each is a secret unless it is chosen to be a text.
  const kind = (name) => panel.getByLabel(`What ${name} becomes`);
  assert.equal(await kind("API_KEY").inputValue(), "secret");
  await kind("MODE").selectOption("text");
  assert.equal(await field.inputValue(), FILE);
  await panel.getByRole("button", { name: "Deploy" }).click();
  await page.waitForURL(/done=version-deployed/);
  await window.look();
  assert.match(await page.getByRole("row").filter({ hasText: "MODE" }).innerText(), /fast/);
  assert.match(await page.getByRole("row").filter({ hasText: "API_KEY" }).innerText(), /Value encrypted/);
  // Traffic moves once the new version is ready.
  const expected = { API_KEY: `${mark}-key`, MODE: "fast", KEPT: "as it was" };
  let told;
  do told = JSON.parse((await ask("shop")).body);
  while (!("API_KEY" in told));
  assert.deepEqual(told, expected);

  // Without a script: the file is pasted once more, because values are never sent back, and the choices stay.
  const plain = await open({ javaScriptEnabled: false });
  await signIn(plain);
  await plain.visit(place("workers/shop/settings/import"));
  const pasted = plain.page.getByLabel(/\.env/);
  const again = `SECOND=${mark}-second\nLEVEL=3\n`;
  await pasted.fill(again);
  await plain.page.getByRole("button", { name: "Preview" }).click();
  await plain.page.getByRole("heading", { name: "2 names, 2 to be created" }).waitFor();
  await plain.look();
  assert.equal(await pasted.inputValue(), "");
  await plain.page.getByLabel("What LEVEL becomes").selectOption("text");
  await pasted.fill(again);
  await plain.page.getByRole("button", { name: "Save version" }).click();
  await plain.page.getByRole("status").waitFor();
  assert.match(await text(plain.page), /LEVEL/);
});
