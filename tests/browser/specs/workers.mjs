// The documents' steps on a Worker: add variables, encrypt, delete, deploy; bind a secret of the account and deploy it.
// What counts in the end is the Worker's answer.

import assert from "node:assert/strict";
import { api, ask, createSecrets, deploy, mark, place, scenario, section, signIn } from "./coffer.mjs";

const CODE = `export default { async fetch(request, env) {
  const told = {};
  for (const [name, one] of Object.entries(env)) told[name] = one.get ? await one.get() : one;
  return Response.json(told);
} };`;

await scenario(async (open) => {
  await createSecrets({ name: "BILLING_KEY" });
  await deploy("checkout", CODE, [{ name: "REGION", type: "plain_text", text: "north" }]);
  const window = await open();
  const { page } = window;
  await signIn(window);
  const panel = page.getByRole("dialog");
  const settings = async () => {
    await section(page, "Workers & Pages").click();
    await page.getByRole("link", { name: "checkout", exact: true }).click();
    await window.look();
    await page.getByRole("navigation", { name: "Pages of checkout" }).getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { name: "Variables and Secrets" }).waitFor();
    await window.look();
  };
  const then = async (button) => {
    await panel.getByRole("button", { name: button }).click();
    await page.waitForURL(/done=/);
    await window.look();
  };
  const answers = async (expected) => {
    const { status, body } = await ask("checkout");
    assert.equal(status, 200, body);
    assert.deepEqual(JSON.parse(body), expected);
  };

  // Add a variable and a secret of the Worker's own, and deploy them.
  await settings();
  await page.locator('a[href$="/settings/variables"]').click();
  await panel.getByLabel("Type", { exact: true }).selectOption("text");
  await panel.getByLabel("Variable name").fill("GREETING");
  await panel.getByLabel("Value", { exact: true }).fill("hello");
  await panel.getByRole("button", { name: "Add variable" }).click();
  await panel.getByLabel("Variable name").nth(1).fill("OWN_KEY");
  await panel.getByLabel("Type", { exact: true }).nth(1).selectOption("secret");
  await panel.getByLabel("Value", { exact: true }).nth(1).fill(`${mark}-own`);
  await window.look();
  await then("Deploy");
  await answers({ REGION: "north", GREETING: "hello", OWN_KEY: `${mark}-own` });

  // Encrypt a variable: from then on it cannot be viewed.
  await settings();
  await page.getByLabel("Encrypt GREETING").click();
  await panel.waitFor();
  await window.look();
  await then("Deploy");
  await settings();
  assert.match(await page.getByRole("row").filter({ hasText: "GREETING" }).innerText(), /Value encrypted/);
  await answers({ REGION: "north", GREETING: "hello", OWN_KEY: `${mark}-own` });

  // Delete with X, and deploy.
  await page.getByLabel("Delete REGION").click();
  await panel.waitFor();
  await window.look();
  await then("Deploy");
  await answers({ GREETING: "hello", OWN_KEY: `${mark}-own` });

  // Settings > Bindings > Add > Secrets Store, and Deploy.
  await settings();
  await page.locator('a[href$="/settings/bindings"]').click();
  await panel.getByRole("heading", { name: "Add a resource binding" }).waitFor();
  await panel.getByLabel("Secrets Store").check();
  await panel.getByLabel("Variable name").fill("BILLING");
  await panel.getByLabel("Secret name").fill("NO_SUCH_KEY");
  await panel.getByRole("button", { name: "Deploy" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.equal(await panel.getByLabel("Variable name").inputValue(), "BILLING");
  await panel.getByLabel("Secret name").fill("BILLING_KEY");
  await then("Deploy");
  await answers({ GREETING: "hello", OWN_KEY: `${mark}-own`, BILLING: `${mark}-BILLING_KEY` });

  // Create a secret in place, and bind that: once it is created, its value is in no field any more.
  await settings();
  await page.locator('a[href$="/settings/bindings"]').click();
  await panel.getByLabel("Variable name").fill("NEW");
  await panel.getByText("Create secret").first().click();
  await panel.getByLabel("Name", { exact: true }).fill("MADE_HERE");
  await panel.getByLabel("Value", { exact: true }).fill(`${mark}-made`);
  await panel.getByLabel("Comment").fill("é".repeat(600));
  await panel.getByRole("button", { name: "Create secret" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.equal(await panel.getByLabel("Value", { exact: true }).inputValue(), `${mark}-made`);
  await panel.getByLabel("Comment").fill("");
  await panel.getByRole("button", { name: "Create secret" }).click();
  await panel.getByRole("status").filter({ hasText: "The secret was created" }).waitFor();
  await window.look();
  assert.equal(await panel.getByLabel("Secret name").inputValue(), "MADE_HERE");
  assert.equal(await panel.locator("textarea.value").inputValue(), "");
  await then("Deploy");
  const bound = { GREETING: "hello", OWN_KEY: `${mark}-own`, BILLING: `${mark}-BILLING_KEY`, NEW: `${mark}-made` };
  await answers(bound);

  // Save version: nothing changes for those who ask, until it is deployed.
  await settings();
  await page.locator('a[href$="/settings/variables"]').click();
  await panel.getByLabel("Variable name").fill("LATER");
  await panel.getByLabel("Value", { exact: true }).fill("not yet");
  await then("Save version");
  await answers(bound);
  const versions = await api("GET", "/workers/scripts/checkout/versions");
  assert.equal(versions.items[0].number, 7);
});
