// A file of secrets: pasted, chosen or dropped, looked at by its names, and created. What counts in the end is what a
// Worker reads.

import assert from "node:assert/strict";
import { ask, createSecrets, deploy, mark, place, scenario, secrets, signIn, store, text } from "./coffer.mjs";

// What other readers of such files get wrong.
const VALUES = {
  PLAIN: `${mark}-plain`,
  DOLLAR: `${mark}-p$word`,
  HASH: `${mark}-a#b`,
  LINES: `${mark}-one\ntwo "three"`,
};
const FILE = `# of the old server
export PLAIN=${VALUES.PLAIN}
DOLLAR=${VALUES.DOLLAR}
HASH="${VALUES.HASH}" # and this is a remark
LINES='${VALUES.LINES}'
KEPT=${mark}-other
this line is no entry
`;
const JSON_FILE = JSON.stringify({ FROM_JSON: `${mark}-json`, "NO NAME": `${mark}-refused` });

const CODE = `export default { async fetch(request, env) {
  const told = {};
  for (const [name, one] of Object.entries(env)) told[name] = await one.get();
  return Response.json(told);
} };`;

await scenario(async (open) => {
  await createSecrets({ name: "KEPT", comment: "as it was" });
  const window = await open();
  const { page } = window;
  await signIn(window);
  const panel = page.getByRole("dialog");
  const begin = async () => {
    await window.visit(place("secrets-store"));
    await page.getByRole("link", { name: "Import" }).click();
    await panel.getByRole("heading", { name: "Import secrets" }).waitFor();
  };
  const field = panel.getByLabel(/\.env/);
  const preview = async () => {
    await panel.getByRole("button", { name: "Preview" }).click();
    await panel.getByRole("heading", { name: /to be created/ }).waitFor();
    await window.look();
  };
  const line = (name) => panel.getByRole("listitem").filter({ hasText: name });

  // Pasted: nothing is created before its names were seen.
  await begin();
  await field.fill(FILE);
  assert.equal(await field.evaluate((one) => getComputedStyle(one).webkitTextSecurity), "disc");
  await preview();
  await panel.getByRole("heading", { name: "5 names, 4 to be created" }).waitFor();
  assert.match(await line("PLAIN").innerText(), /new/);
  assert.match(await line("KEPT").innerText(), /exists, left as it is/);
  assert.match(await panel.innerText(), /line 8/i);
  assert.deepEqual(Object.keys(await secrets()), ["KEPT"]);
  // What was pasted is still there, though the server did not send it back.
  assert.equal(await field.inputValue(), FILE);
  await panel.getByLabel("Comment").fill("of the old server");
  await panel.getByRole("button", { name: "Create 4 secrets" }).click();
  await page.waitForURL(/done=/);
  await window.look();
  const created = await secrets();
  assert.deepEqual(Object.keys(created).sort(), ["DOLLAR", "HASH", "KEPT", "LINES", "PLAIN"]);
  assert.deepEqual([created.PLAIN.comment, created.KEPT.comment], ["of the old server", "as it was"]);

  // A Worker reads what the file says, and of the one that was there what it was before.
  const { id: store_id } = await store();
  const bindings = Object.keys(created).map((name) => ({ name, type: "secrets_store_secret", store_id, secret_name: name }));
  await deploy("reader", CODE, bindings);
  assert.deepEqual(JSON.parse((await ask("reader")).body), { ...VALUES, KEPT: `${mark}-KEPT` });

  // Chosen: a name that cannot be is told, and the rest created.
  await begin();
  await panel.getByLabel("Choose a file").setInputFiles({ name: "secrets.json", mimeType: "application/json", buffer: Buffer.from(JSON_FILE) });
  await page.waitForFunction(() => document.querySelector("dialog textarea.value").value !== "");
  await preview();
  assert.ok(await line("NO NAME").locator(".problem").isVisible());
  await panel.getByRole("button", { name: "Create 1 secret" }).click();
  await page.waitForURL(/done=/);
  assert.ok("FROM_JSON" in (await secrets()));

  // Dropped: a file that cannot be read is told by its place, never by what stands there.
  await begin();
  const dropped = await page.evaluateHandle((content) => {
    const files = new DataTransfer();
    files.items.add(new File([content], "secrets.json"));
    return files;
  }, `{ "BROKEN": "${mark}-broken", `);
  await field.dispatchEvent("drop", { dataTransfer: dropped });
  await page.waitForFunction(() => document.querySelector("dialog textarea.value").value !== "");
  await panel.getByRole("button", { name: "Preview" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.match(await panel.getByRole("alert").first().innerText(), /line 1/);
  assert.ok(!(await text(page)).includes("BROKEN"));

  // Without a script: a page, and the file is pasted once more, because values are never sent back.
  const plain = await open({ javaScriptEnabled: false });
  await signIn(plain);
  await plain.visit(place("secrets-store/import"));
  const pasted = plain.page.getByLabel(/\.env/);
  await pasted.fill(`WITHOUT=${mark}-without`);
  await plain.page.getByRole("button", { name: "Preview" }).click();
  await plain.page.getByRole("heading", { name: "1 name, 1 to be created" }).waitFor();
  await plain.look();
  assert.equal(await pasted.inputValue(), "");
  await pasted.fill(`WITHOUT=${mark}-without`);
  await plain.page.getByRole("button", { name: "Create 1 secret" }).click();
  await plain.page.getByRole("status").waitFor();
  assert.ok("WITHOUT" in (await secrets()));
});
