// API tokens: made with a preview of what they allow, shown once, rolled and disabled. What counts is what the API says.

import assert from "node:assert/strict";
import { accountId, createSecrets, origin, place, scenario, section, signIn } from "./coffer.mjs";

// What the API answers to a token.
async function told(token, path) {
  const response = await fetch(`${origin}/client/v4${path}`, { headers: { authorization: `Bearer ${token}` } });
  const { success, errors } = await response.json();
  return { status: response.status, success, codes: errors.map(({ code }) => code) };
}

const STORES = `/accounts/${accountId}/secrets_store/stores`;
const WORKERS = `/accounts/${accountId}/workers/scripts`;

await scenario(async (open) => {
  await createSecrets({ name: "BILLING_KEY" });
  const window = await open({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = window;
  await signIn(window);
  const panel = page.getByRole("dialog");
  const preview = panel.getByRole("region", { name: "What it allows" }).or(panel.locator("#preview"));
  const row = page.getByRole("row").filter({ hasText: "Nightly report" });
  const shown = async () => {
    await panel.locator(".shown-once code").waitFor();
    await window.look();
    return panel.locator(".shown-once code").innerText();
  };
  const edit = async () => {
    await window.visit(place("api-tokens"));
    await page.getByRole("link", { name: "Nightly report" }).click();
    await panel.getByRole("heading", { name: "Nightly report" }).waitFor();
    await window.look();
  };

  // Made: without permissions there is none, and what they allow is told while they are chosen.
  await section(page, "API tokens").click();
  await page.getByRole("heading", { name: "No tokens yet" }).or(page.getByRole("table")).first().waitFor();
  await page.getByRole("link", { name: "Create token" }).click();
  await panel.getByLabel("Name").fill("Nightly report");
  assert.match(await preview.innerText(), /Nothing yet/);
  await panel.getByRole("button", { name: "Create token" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.equal(await panel.getByLabel("Name").inputValue(), "Nightly report");
  await panel.getByLabel(/^Secrets Store Read/).check();
  await preview.getByText(/May view secrets/).waitFor();
  assert.match(await preview.innerText(), /May not [^.]*manage secrets/);
  await window.look();
  await panel.getByRole("button", { name: "Create token" }).click();
  const first = await shown();
  assert.match(first, /^cfr_/);
  await panel.getByRole("button", { name: "Copy the token" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), first);

  // Shown once: no later page has it.
  const left = async (leave) => {
    await window.follow(leave);
    assert.equal(await panel.count(), 0);
  };
  await left(() => panel.getByRole("link", { name: "Done" }).click());
  assert.match(await row.innerText(), /active[^]*Never/);
  assert.ok(!(await page.content()).includes(first));
  assert.deepEqual(await told(first, STORES), { status: 200, success: true, codes: [] });
  assert.equal((await told(first, WORKERS)).status, 403);

  // Rolled: the old text is refused at once.
  await edit();
  await panel.getByRole("link", { name: "Roll" }).click();
  await panel.getByRole("button", { name: "Roll token" }).click();
  const second = await shown();
  assert.notEqual(second, first);
  assert.deepEqual([(await told(first, STORES)).status, (await told(second, STORES)).status], [401, 200]);

  // Closing the panel leads on to the list, which knows of it.
  await left(() => page.keyboard.press("Escape"));

  // Disabled, and enabled again.
  const choose = async (label, badge) => {
    await edit();
    await panel.getByLabel(label).check();
    await panel.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(/done=token(-|%2D)saved/);
    await window.look();
    assert.match(await row.innerText(), badge);
  };
  await choose(/^Disabled/, /disabled/);
  const refused = await told(second, STORES);
  assert.deepEqual([refused.success, refused.status], [false, 401], JSON.stringify(refused));
  await choose(/^Enabled/, /active/);
  assert.equal((await told(second, STORES)).status, 200);

  // Deleted.
  await edit();
  await panel.getByRole("link", { name: "Delete" }).click();
  await panel.getByRole("button", { name: "Delete token" }).click();
  await page.waitForURL(/done=token(-|%2D)deleted/);
  await window.look();
  assert.equal(await row.count(), 0);
  assert.equal((await told(second, STORES)).status, 401);
});
