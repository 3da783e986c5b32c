// People: invited, joined by a link that is shown once, given other roles, and removed.

import assert from "node:assert/strict";
import { place, scenario, section, signIn, text } from "./coffer.mjs";

const EMAIL = "ada.lovelace@example.com";
const PASSWORD = "a sentence that is long enough";

await scenario(async (open) => {
  const [administrator, ada] = [await open(), await open()];
  const { page } = administrator;
  await signIn(administrator);
  const panel = page.getByRole("dialog");
  const row = page.getByRole("row").filter({ hasText: EMAIL });
  const choose = async () => {
    await administrator.visit(place("members"));
    await page.getByRole("link", { name: EMAIL }).click();
    await panel.getByRole("heading", { name: EMAIL }).waitFor();
    await administrator.look();
  };

  // Invite: what is missing is told, and what was typed stays.
  await section(page, "Members").click();
  await page.getByRole("link", { name: "Invite member" }).click();
  await panel.getByLabel("E-mail address").fill(EMAIL);
  await panel.getByRole("button", { name: "Invite" }).click();
  await panel.getByRole("alert").first().waitFor();
  await administrator.look();
  assert.equal(await panel.getByLabel("E-mail address").inputValue(), EMAIL);
  await panel.getByLabel(/^Secrets Store Reporter/).check();
  await panel.getByRole("button", { name: "Invite" }).click();
  await panel.getByRole("heading", { name: "Pass the link on" }).waitFor();
  await administrator.look();
  const link = new URL(await panel.locator(".shown-once code").innerText());
  await administrator.follow(() => panel.getByRole("link", { name: "Done" }).click());
  assert.match(await row.innerText(), /Secrets Store Reporter[^]*invited/);
  assert.ok(!(await page.content()).includes(link.pathname));

  // Join by the link, with a password of one's own.
  const join = async (password, repeat) => {
    await ada.page.getByLabel("Password", { exact: true }).fill(password);
    await ada.page.getByLabel("Password again").fill(repeat);
    await ada.follow(() => ada.page.getByRole("button", { name: "Accept the invitation" }).click());
  };
  await ada.visit(link.pathname);
  assert.match(await text(ada.page), /admin@coffer\.localhost invites you/);
  await join(PASSWORD, "something else altogether");
  assert.match(await ada.page.getByRole("alert").innerText(), /differ/);
  assert.equal(await ada.page.getByLabel("Password", { exact: true }).inputValue(), "");
  await join(PASSWORD, PASSWORD);
  await ada.page.getByRole("heading", { name: "You have joined" }).waitFor();
  await ada.follow(() => ada.page.getByRole("link", { name: "Go on to Coffer" }).click());
  assert.match(ada.page.url(), /\/sign-in$/);
  // The link is used up.
  assert.equal(await ada.visit(link.pathname), 404);
  await signIn(ada, { email: EMAIL, password: PASSWORD });
  await ada.page.getByRole("heading", { name: "Secrets Store", level: 1 }).waitFor();
  assert.equal(await section(ada.page, "Audit log").count(), 0);

  // Other roles count from the next page on.
  await choose();
  await panel.getByLabel(/^Secrets Store Reporter/).uncheck();
  await panel.getByLabel(/^Audit Logs Viewer/).check();
  await panel.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/done=/);
  assert.match(await row.innerText(), /Audit Logs Viewer[^]*member/);
  assert.equal(await ada.visit(place("secrets-store")), 403);
  await section(ada.page, "Audit log").click();
  await ada.page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
  await ada.look();
  assert.match(await text(ada.page), new RegExp(`invited ${EMAIL.replaceAll(".", "\\.")}`));

  // The last Super Administrator stays.
  await administrator.visit(place("members"));
  await page.getByRole("row").filter({ hasText: "you" }).getByRole("link").click();
  await panel.getByLabel(/^Super Administrator/).uncheck();
  await panel.getByLabel(/^Workers Read Only/).check();
  await panel.getByRole("button", { name: "Save" }).click();
  await panel.getByRole("alert").first().waitFor();
  await administrator.look();

  // Removed: the session of someone without an account ends.
  await choose();
  await panel.getByRole("link", { name: "Remove member" }).click();
  await panel.getByRole("heading", { name: `Remove ${EMAIL}?` }).waitFor();
  await administrator.look();
  await panel.getByRole("button", { name: "Remove" }).click();
  await page.waitForURL(/done=/);
  await administrator.look();
  assert.equal(await row.count(), 0);
  await ada.page.goto(place("audit-log"));
  assert.match(ada.page.url(), /\/sign-in\?/);
  await ada.look();
});
