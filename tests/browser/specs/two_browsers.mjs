// Two people edit one secret at once: the second is told, loses nothing of what was typed, and may save again.

import assert from "node:assert/strict";
import { createSecrets, mark, member, place, scenario, secrets, signIn } from "./coffer.mjs";

await scenario(async (open) => {
  const [{ id }] = await createSecrets({ name: "SHARED", comment: "as it was" });
  const other = await member("ada@example.com", "Secrets Store Admin");
  const [first, second] = [await open(), await open()];
  await signIn(first);
  await signIn(second, other);

  const edit = place(`secrets-store/secrets/${id}/edit`);
  await first.visit(edit);
  await second.visit(edit);
  await second.page.getByLabel("Comment").fill("of the second");
  await second.page.getByRole("button", { name: "Save" }).click();
  await second.page.waitForURL(/done=/);

  // The first one's page is of before.
  await first.page.getByLabel("Comment").fill("of the first");
  await first.page.getByLabel("Replace the value").check();
  await first.page.getByLabel("New value").fill(`${mark}-first`);
  await first.page.getByRole("button", { name: "Save" }).click();
  await first.page.getByText("Changed since you opened this page").waitFor();
  await first.look();
  assert.match(await first.page.getByRole("alert").first().textContent(), /ada@example\.com[^]*of the second/);
  assert.equal(await first.page.getByLabel("Comment").inputValue(), "of the first");
  assert.equal((await secrets()).SHARED.comment, "of the second");
  // Without a panel, a value has to be typed again.
  await first.page.getByLabel("New value").fill(`${mark}-first`);
  await first.page.getByRole("button", { name: "Save" }).click();
  await first.page.waitForURL(/done=/);
  assert.equal((await secrets()).SHARED.comment, "of the first");
});
