// A gradual deployment by its percentage control, seen by those who ask the Worker, and the way back.

import assert from "node:assert/strict";
import { api, ask, deploy, place, scenario, section, signIn, uploadVersion } from "./coffer.mjs";

const code = (version) => `export default { fetch() { return new Response("${version}"); } };`;

// Asked this often, a version with a quarter of the traffic answers at least once: but for a chance of 1 in 10^12.
const OFTEN = 100;

await scenario(async (open) => {
  await deploy("checkout", code("first"), [], { annotations: { "workers/message": "As it always was" } });
  await uploadVersion("checkout", code("second"), [], { annotations: { "workers/message": "Prices with tax" } });
  const window = await open();
  const { page } = window;
  await signIn(window);
  const panel = page.getByRole("dialog");
  const shares = async () => {
    const { deployments } = await api("GET", "/workers/scripts/checkout/deployments");
    return deployments[0].versions.map(({ percentage }) => percentage);
  };
  const answers = async () => new Set((await Promise.all(Array.from({ length: OFTEN }, () => ask("checkout")))).map(({ body }) => body));

  await section(page, "Workers & Pages").click();
  await page.getByRole("link", { name: "checkout", exact: true }).click();
  await page.getByRole("navigation", { name: "Pages of checkout" }).getByRole("link", { name: "Deployments" }).click();
  await page.getByRole("heading", { name: "Active deployment" }).waitFor();
  await window.look();
  await page.getByRole("link", { name: "Deploy version" }).click();
  await panel.waitFor();

  // The slider and the number are one control.
  const [number, slider] = [panel.getByLabel("Share of the traffic, in %"), panel.getByRole("slider")];
  await slider.fill("30");
  assert.equal(await number.inputValue(), "30");
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  assert.equal(await number.inputValue(), "29");
  await number.fill("25");
  assert.equal(await slider.inputValue(), "25");

  // Where the rest goes has to be said; what was chosen stays.
  await panel.getByLabel("The rest goes to").selectOption("");
  await panel.getByRole("button", { name: "Deploy" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.equal(await number.inputValue(), "25");
  assert.deepEqual(await shares(), [100]);
  await panel.getByLabel("The rest goes to").selectOption({ index: 2 });
  await panel.getByLabel("Message").fill("A quarter first");
  await panel.getByRole("button", { name: "Deploy" }).click();
  await page.waitForURL(/done=deployed/);
  await window.look();
  assert.deepEqual(await shares(), [25, 75]);
  assert.deepEqual(await answers(), new Set(["first", "second"]));
  const active = page.locator(".shares");
  assert.match(await active.innerText(), /75%[^]*v1[^]*As it always was[^]*25%[^]*v2[^]*Prices with tax/);
  assert.match(await page.getByRole("row").filter({ hasText: "A quarter first" }).innerText(), /v2 25% · v1 75%[^]*active/);

  // On to the whole, then back by the history.
  await page.getByRole("link", { name: "Deploy version" }).click();
  await panel.getByLabel("Version", { exact: true }).selectOption({ label: (await panel.getByLabel("Version", { exact: true }).locator("option").allInnerTexts()).find((one) => one.startsWith("v2")) });
  await number.fill("100");
  await panel.getByRole("button", { name: "Deploy" }).click();
  await page.waitForURL(/done=deployed/);
  await page.getByText("v2 100%").first().waitFor();
  assert.deepEqual(await answers(), new Set(["second"]));

  await window.visit(place("workers/checkout/deployments"));
  await page.getByRole("row").filter({ hasText: "As it always was" }).getByLabel("Roll back to this deployment").click();
  await panel.getByRole("heading", { name: "Roll back" }).waitFor();
  await window.look();
  await panel.getByLabel("Message").fill("Taxes were wrong");
  await panel.getByRole("button", { name: "Roll back" }).click();
  await page.waitForURL(/done=deployed/);
  await window.look();
  assert.deepEqual(await answers(), new Set(["first"]));
  assert.match(await page.getByRole("row").filter({ hasText: "Taxes were wrong" }).innerText(), /v1 100%[^]*active/);
});
