// Signing in: to the page that was asked for, not with a wrong password, and out again.

import assert from "node:assert/strict";
import { administrator, api, mark, place, scenario, signIn, text } from "./coffer.mjs";

await scenario(async (open) => {
  const window = await open();
  const { page } = window;

  await window.visit(place("secrets-store?search=a"));
  assert.match(page.url(), /\/sign-in\?to=/);
  await page.getByLabel("E-mail address").fill(administrator.email);
  await page.getByLabel("Password").fill(`${mark} wrong`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await window.look();
  assert.equal(await page.getByLabel("E-mail address").inputValue(), administrator.email);
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  await page.getByLabel("Password").fill(administrator.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(/secrets-store\?search=a$/);
  await window.look();

  // Nothing of another site's: neither by its link nor as the place to go on to.
  await window.visit("/sign-in?to=https://evil.example/");
  assert.ok(!(await page.content()).includes("evil.example"));

  assert.equal((await window.session()).length, 1);
  for (const { name, httpOnly, secure, sameSite } of await window.context.cookies()) {
    assert.deepEqual([name.slice(0, 7), httpOnly, secure, sameSite], ["__Host-", true, true, "Strict"]);
  }
  // A new session at each sign-in, whatever the browser has: nobody can give it one that they know.
  const [before] = await window.session();
  await signIn(window, administrator, "/sign-in");
  const [after] = await window.session();
  assert.notEqual(after.value, before.value);
  await window.visit(place("secrets-store"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  await window.look();
  assert.deepEqual(await window.session(), []);
  await page.goBack();
  await page.waitForURL(/\/sign-in/);

  // An account's name is text, wherever it stands.
  const name = `<img src=x onerror=alert(1)> & "friends" '`;
  await api("PUT", "", { name });
  await signIn(window);
  assert.ok((await text(page)).includes(name), await text(page));
});
