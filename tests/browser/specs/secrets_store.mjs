// The documents' steps on Secrets Store: create, add another, duplicate, edit, delete.

import assert from "node:assert/strict";
import { mark, place, scenario, secrets, signIn, text } from "./coffer.mjs";

await scenario(async (open) => {
  const window = await open();
  const { page } = window;
  await signIn(window);

  // Create a secret, and one more.
  await page.getByRole("link", { name: "Secrets Store" }).click();
  await page.getByRole("link", { name: "Create secret" }).first().click();
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Name").fill("BILLING_KEY");
  const value = panel.getByLabel("Value");
  await value.fill(`${mark}-one\nand two`);
  assert.equal(await value.evaluate((field) => getComputedStyle(field).webkitTextSecurity), "disc");
  assert.ok((await panel.textContent()).includes("Once saved, a value can no longer be viewed"));
  assert.ok(await panel.getByLabel("Workers").isChecked());
  await panel.getByLabel("Comment").fill("of the billing team");
  await panel.getByRole("button", { name: "Add additional secret" }).click();
  await panel.getByLabel("Name").nth(1).fill("SECOND KEY");
  await panel.getByLabel("Value").nth(1).fill(`${mark}-second`);
  await window.look();
  await panel.getByRole("button", { name: "Save" }).click();

  // What is wrong is told beside its field, and what was typed is still there.
  await panel.getByRole("alert").waitFor();
  await window.look();
  const second = panel.getByLabel("Name").nth(1);
  assert.equal(await second.getAttribute("aria-invalid"), "true");
  assert.equal(await second.inputValue(), "SECOND KEY");
  assert.equal(await panel.getByLabel("Value").first().inputValue(), `${mark}-one\nand two`);
  assert.ok(await second.evaluate((field) => field === document.activeElement));
  await second.fill("SECOND_KEY");
  await panel.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/done=secrets(-|%2D)created/);
  await window.look();
  assert.match(await page.getByRole("status").textContent(), /can no longer be viewed/);
  assert.deepEqual(Object.keys(await secrets()).sort(), ["BILLING_KEY", "SECOND_KEY"]);

  // Search follows what is typed.
  await page.getByRole("searchbox").fill("billing");
  await page.getByRole("link", { name: "SECOND_KEY" }).waitFor({ state: "detached" });
  assert.match(page.url(), /search=billing/);
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByRole("heading", { name: "No secret matches" }).waitFor();
  await window.look();
});
