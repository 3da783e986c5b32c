// One's sessions: each with its device, ended one by one, by a new password, or all at once.

import assert from "node:assert/strict";
import { administrator, scenario, signIn, text } from "./coffer.mjs";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NEW_PASSWORD = "another sentence, and a longer one";

await scenario(async (open) => {
  const [desk, laptop, phone] = [await open(), await open({ userAgent: FIREFOX }), await open()];
  for (const window of [desk, laptop, phone]) await signIn(window);
  const { page } = desk;
  const panel = page.getByRole("dialog");
  const rows = page.getByRole("table", { name: "Sessions" }).getByRole("row");
  const isSignedIn = async (window) => {
    await window.page.goto("/profile");
    return !window.page.url().includes("/sign-in");
  };

  await desk.visit("/profile");
  assert.equal(await rows.count(), 1 + 3);
  assert.equal(await rows.filter({ hasText: "this one" }).count(), 1);

  // One ends, and the others go on.
  await rows.filter({ hasText: "Firefox" }).getByRole("link", { name: /^End/ }).click();
  await panel.getByText(/Firefox on Linux at 127\.0\.0\.1 is signed out/).waitFor();
  await desk.look();
  await panel.getByRole("button", { name: "End session" }).click();
  await page.waitForURL(/done=/);
  await desk.look();
  assert.deepEqual([await isSignedIn(laptop), await isSignedIn(phone), await isSignedIn(desk)], [false, true, true]);

  // A form of a page from before is refused in words, and nothing is changed.
  await laptop.page.goBack();
  await signIn(laptop);
  await laptop.visit("/profile/name");
  const stale = await laptop.context.newPage();
  await stale.goto("/profile/name");
  await laptop.page.getByRole("button", { name: "Sign out" }).click();
  await laptop.page.waitForURL(/\/sign-in/);
  await signIn(laptop);
  await stale.getByLabel(/^First name/).fill("Xanthippe");
  await stale.getByRole("button", { name: "Save" }).click();
  await stale.getByRole("heading", { name: "This page is out of date" }).waitFor();
  await stale.close();
  await laptop.visit("/profile");
  assert.ok(!(await text(laptop.page)).includes("Xanthippe"));

  // A new password ends all others.
  await desk.visit("/profile");
  await page.getByRole("link", { name: "Change password" }).click();
  await panel.getByLabel("Current password").fill("not the password");
  await panel.getByLabel("New password", { exact: true }).fill(NEW_PASSWORD);
  await panel.getByLabel("New password again").fill(NEW_PASSWORD);
  await panel.getByRole("button", { name: "Change password" }).click();
  await panel.getByRole("alert").waitFor();
  await desk.look();
  assert.equal(await panel.getByLabel("New password", { exact: true }).inputValue(), "");
  await panel.getByLabel("Current password").fill(administrator.password);
  await panel.getByLabel("New password", { exact: true }).fill(NEW_PASSWORD);
  await panel.getByLabel("New password again").fill(NEW_PASSWORD);
  await panel.getByRole("button", { name: "Change password" }).click();
  await page.waitForURL(/done=password(-|%2D)changed/);
  await desk.look();
  assert.deepEqual([await isSignedIn(phone), await isSignedIn(laptop), await isSignedIn(desk)], [false, false, true]);

  // Everywhere at once, here too. The back button shows nothing of before.
  await signIn(phone, { ...administrator, password: NEW_PASSWORD });
  await desk.visit("/profile");
  await page.getByRole("link", { name: "Sign out everywhere" }).click();
  await desk.look();
  await panel.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.waitForURL(/\/sign-in/);
  await desk.look();
  assert.deepEqual(await desk.session(), []);
  await page.goBack();
  await page.waitForURL(/\/sign-in/);
  assert.deepEqual([await isSignedIn(phone), await isSignedIn(desk)], [false, false]);
});
