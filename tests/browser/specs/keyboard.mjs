// Without a mouse: the keys, where the focus goes, and that it comes back.

import assert from "node:assert/strict";
import { createSecrets, mark, place, scenario, signIn } from "./coffer.mjs";

await scenario(async (open) => {
  await createSecrets({ name: "ALPHA" }, { name: "BETA" });
  const window = await open();
  const { page } = window;
  await signIn(window);
  await window.visit(place("secrets-store"));
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText.trim());

  // The first thing that Tab reaches leads past the sidebar.
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the page");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "page");

  await page.keyboard.press("/");
  assert.equal(await focused(), "Search name or comment");
  await page.keyboard.type("alp/n?");
  assert.equal(await page.getByRole("searchbox").inputValue(), "alp/n?");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("link", { name: "BETA" }).waitFor();
  await page.getByRole("searchbox").blur();

  await page.keyboard.press("n");
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Name").waitFor();
  assert.equal(await panel.getByLabel("Name").evaluate((field) => field === document.activeElement), true);
  // The focus stays in the panel.
  for (let press = 0; press < 30; press += 1) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest("dialog"));
    assert.equal(outside, false);
  }
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  // Comes back a moment after the panel is gone.
  await page.getByRole("link", { name: "Create secret" }).and(page.locator(":focus")).waitFor();

  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard" });
  await keys.waitFor();
  await window.look();
  // Who would rather not have them turns them off; Esc is the browser's own.
  await keys.getByLabel("Use these keys in this browser").uncheck();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  await page.keyboard.press("/");
  assert.notEqual(await focused(), "Search name or comment");
  await page.getByRole("link", { name: /^Keyboard/ }).click();
  await keys.getByLabel("Use these keys in this browser").check();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });

  // A whole secret without a mouse.
  await page.keyboard.press("n");
  await panel.getByLabel("Name").waitFor();
  await page.keyboard.type("TYPED");
  await page.keyboard.press("Tab");
  await page.keyboard.type(`${mark}-typed`);
  await panel.getByRole("button", { name: "Save" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "TYPED" }).waitFor();

  // The three dots open with Enter, close with Esc, and keep the focus.
  const dots = page.getByLabel("Actions on BETA");
  await dots.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Duplicate" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("link", { name: "Duplicate" }).isVisible(), false);
  assert.equal(await focused(), "Actions on BETA");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Duplicate");
  await page.keyboard.press("Enter");
  await panel.getByLabel("Secret name").waitFor();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  assert.notEqual(await page.evaluate(() => document.activeElement), null);
});
