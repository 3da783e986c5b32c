// Several accounts of one user: which is open is marked, and another is a press away.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { accountId, administrator, createSecrets, place, scenario, signIn } from "./coffer.mjs";

const OTHER = "Research & <Development>";

await scenario(async (open) => {
  await createSecrets({ name: "OF_THE_FIRST" });
  const window = await open();
  const { page } = window;
  await signIn(window);
  const switcher = page.locator("header details");
  // Whoever is in one account has nothing to choose.
  assert.equal(await switcher.count(), 0);

  const create = ["admin", "account", "create", OTHER, "--email", administrator.email];
  const env = { COFFER_DATA: process.env.COFFER_DATA };
  execFileSync(process.env.COFFER_BINARY, create, { env, cwd: process.env.COFFER_DATA });

  await window.visit(place("secrets-store"));
  const first = await switcher.locator("summary").innerText();
  // By keys as by the mouse.
  await switcher.locator("summary").focus();
  await page.keyboard.press("Enter");
  const current = switcher.locator("[aria-current]");
  const accounts = switcher.getByRole("link");
  assert.deepEqual((await accounts.allInnerTexts()).sort(), [first, OTHER].sort());
  assert.deepEqual(await current.allInnerTexts(), [first]);
  assert.equal(await current.getAttribute("href"), `/${accountId}`);

  await switcher.getByRole("link", { name: OTHER }).click();
  await page.waitForURL((url) => !url.pathname.includes(accountId));
  await window.look();
  assert.equal(await page.getByRole("link", { name: "OF_THE_FIRST" }).count(), 0);
  await switcher.locator("summary").click();
  assert.deepEqual(await current.allInnerTexts(), [OTHER]);
  // A press elsewhere closes it.
  await page.locator("#page").click({ position: { x: 4, y: 4 } });
  await current.waitFor({ state: "hidden" });

  // A page of the user alone stands in no account.
  await window.visit("/profile");
  await window.look();
  await switcher.locator("summary").click();
  await switcher.getByRole("link", { name: first, exact: true }).click();
  await page.waitForURL((url) => url.pathname.includes(accountId));
  await window.look();
});
