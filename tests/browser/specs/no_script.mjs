// Everything once without a script: the same pages, as pages.

import assert from "node:assert/strict";
import { administrator, mark, place, scenario, secrets, signIn, text } from "./coffer.mjs";

await scenario(async (open) => {
  const window = await open({ javaScriptEnabled: false });
  const { page } = window;
  await signIn(window, administrator, place("secrets-store"));

  await page.getByRole("link", { name: "Create secret" }).first().click();
  await page.getByRole("heading", { name: "Create secret", level: 1 }).waitFor();
  await window.look();
  await page.getByLabel("Name").fill("FIRST KEY");
  await page.getByLabel("Value").fill(`${mark}-first`);
  await page.getByRole("button", { name: "Add additional secret" }).click();
  await page.getByRole("heading", { name: "Secret 2" }).waitFor();
  await window.look();
  await page.getByLabel("Name").nth(1).fill("SECOND");
  await page.getByLabel("Value").first().fill(`${mark}-first`);
  await page.getByLabel("Value").nth(1).fill(`${mark}-second`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").first().waitFor();
  await window.look();
  assert.equal(await page.getByLabel("Name").first().inputValue(), "FIRST KEY");
  assert.equal(await page.getByLabel("Value").first().inputValue(), "");
  await page.getByLabel("Name").first().fill("FIRST");
  await page.getByLabel("Value").first().fill(`${mark}-first`);
  await page.getByLabel("Value").nth(1).fill(`${mark}-second`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").waitFor();
  await window.look();

  await page.getByRole("searchbox").fill("sec");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/search=sec/);
  await window.look();
  assert.equal(await page.getByRole("link", { name: "FIRST" }).count(), 0);

  const choose = async (name, action) => {
    await window.visit(place("secrets-store"));
    await page.getByLabel(`Actions on ${name}`, { exact: true }).click();
    await page.getByRole("link", { name: action }).click();
    await page.getByRole("heading", { name: `${action} ${name}`, level: 1 }).waitFor();
    await window.look();
  };
  const save = async (button = "Save") => {
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("status").waitFor();
    await window.look();
  };
  await choose("FIRST", "Duplicate");
  await page.getByLabel("Secret name").fill("THIRD");
  await save();
  await choose("FIRST", "Edit");
  await page.getByLabel("Replace the value").check();
  await page.getByLabel("New value").fill(`${mark}-replaced`);
  await page.getByLabel("Comment").fill("edited");
  await save();
  assert.equal((await secrets()).FIRST.comment, "edited");
  await choose("SECOND", "Delete");
  await page.getByLabel("Type SECOND to confirm").fill("SECOND");
  await save("Delete");
  assert.deepEqual(Object.keys(await secrets()).sort(), ["FIRST", "THIRD"]);

  assert.equal(await window.visit("/nowhere"), 404);
  await window.visit("/docs");
  assert.match(await text(page), /Getting started/i);
  await window.visit(place("secrets-store"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
});
