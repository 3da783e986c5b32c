// The documents' steps on Secrets Store: create, add another, duplicate, edit, delete.

import assert from "node:assert/strict";
import { mark, place, scenario, secrets, section, signIn, text } from "./coffer.mjs";

await scenario(async (open) => {
  const window = await open();
  const { page } = window;
  await signIn(window);

  // Create a secret, and one more.
  await section(page, "Secrets Store").click();
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

  // Duplicate a secret: found by search, then by the three dots beside it.
  const choose = async (name, action) => {
    await section(page, "Secrets Store").click();
    await page.getByRole("searchbox").fill(name);
    await page.waitForURL((url) => url.searchParams.get("search") === name);
    await page.getByRole("row").filter({ hasText: name }).getByLabel(`Actions on ${name}`).click();
    await window.look();
    await page.getByRole("link", { name: action }).click();
    await panel.waitFor();
    await window.look();
  };
  const save = async (done, button = "Save") => {
    await panel.getByRole("button", { name: button }).click();
    await page.waitForURL((url) => url.searchParams.get("done") === done);
    await window.look();
  };
  await choose("BILLING_KEY", "Duplicate");
  await panel.getByLabel("Secret name").fill("BILLING_KEY_COPY");
  await panel.getByLabel("AI Gateway").check();
  await save("secret-duplicated");
  const copied = (await secrets()).BILLING_KEY_COPY;
  assert.deepEqual([copied.scopes, copied.comment], [["ai_gateway", "workers"], "of the billing team"]);

  // Edit a secret: the comment alone, then the value, with the warning of what that changes.
  await choose("SECOND_KEY", "Edit");
  await panel.getByLabel("Comment").fill("the second");
  assert.ok(!(await panel.getByLabel("New value").isVisible()));
  await save("secret-saved");
  assert.equal((await secrets()).SECOND_KEY.comment, "the second");
  await choose("SECOND_KEY", "Edit");
  await panel.getByLabel("Replace the value").check();
  await panel.getByText("in all services that use this secret").waitFor();
  await panel.getByLabel("New value").fill(`${mark}-replaced`);
  await window.look();
  await save("secret-saved");

  // Without an answer nothing that was typed is lost.
  await choose("SECOND_KEY", "Edit");
  await panel.getByLabel("Comment").fill("sent twice");
  await page.route("**/edit", (route) => route.abort());
  await panel.getByRole("button", { name: "Save" }).click();
  await panel.getByText("No answer came from the server").waitFor();
  await page.unroute("**/edit");
  window.problems = window.problems.filter((one) => !one.includes("ERR_FAILED"));
  await save("secret-saved");
  assert.equal((await secrets()).SECOND_KEY.comment, "sent twice");

  // Delete a secret: only by its name.
  await choose("SECOND_KEY", "Delete");
  await panel.getByLabel("Type SECOND_KEY to confirm").fill("SECOND");
  await panel.getByRole("button", { name: "Delete" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.ok("SECOND_KEY" in (await secrets()));
  await panel.getByLabel("Type SECOND_KEY to confirm").fill("SECOND_KEY");
  await save("secret-deleted", "Delete");
  assert.deepEqual(Object.keys(await secrets()).sort(), ["BILLING_KEY", "BILLING_KEY_COPY"]);

  // A secret's own page says that nobody sees the value.
  await window.visit(place("secrets-store"));
  await page.getByRole("link", { name: "BILLING_KEY", exact: true }).click();
  await page.getByRole("heading", { name: "BILLING_KEY", level: 1 }).waitFor();
  await window.look();
  assert.match(await text(page), /cannot be viewed/i);
});
