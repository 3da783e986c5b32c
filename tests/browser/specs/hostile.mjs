// What people and Workers wrote is text, wherever it is shown.

import assert from "node:assert/strict";
import { accountId, api, createSecrets, deploy, place, scenario, signIn } from "./coffer.mjs";

const HOSTILE = `<img src=x onerror=alert(1)></textarea><script>alert(2)</script>"' onfocus=alert(3) {{7*7}} \u202egnp.exe`;

await scenario(async (open) => {
  const [{ id }] = await createSecrets({ name: "KEY", comment: HOSTILE });
  await api("PUT", "", { name: HOSTILE.slice(0, 60) });
  await deploy("hostile", `export default { fetch() { return new Response("here"); } }; // ${HOSTILE}`, [
    { name: "TEXT", type: "plain_text", text: HOSTILE },
    { name: "JSON", type: "json", json: { "<b>": HOSTILE } },
  ], { annotations: { "workers/message": HOSTILE.slice(0, 90) } });
  const groups = await api("GET", "/tokens/permission_groups");
  const policies = [
    { effect: "allow", permission_groups: [{ id: groups[0].id }], resources: { [`com.cloudflare.api.account.${accountId}`]: "*" } },
  ];
  await api("POST", "/tokens", { name: HOSTILE.slice(0, 100), policies });

  const window = await open();
  const { page } = window;
  await signIn(window);
  const shows = async (path, shown = HOSTILE) => {
    assert.equal(await window.visit(path), 200, path);
    assert.equal(await page.locator("main img, main script, [onfocus], [onerror]").count(), 0, path);
    const values = await page.locator("main :is(input, textarea)").evaluateAll((fields) => fields.map((field) => field.value).join("\n"));
    const told = await page.locator("main").textContent();
    assert.ok(`${told}\n${values}`.includes(shown.slice(0, 40)), path);
  };
  await shows(place("secrets-store"));
  await shows(place(`secrets-store/secrets/${id}`));
  await shows(place(`secrets-store/secrets/${id}/edit`));
  await shows(place(`secrets-store/secrets/${id}/duplicate`));
  await shows(place("workers/hostile"));
  await shows(place("workers/hostile/settings"));
  await shows(place("workers/hostile/settings/variables?name=TEXT"));
  await shows(place("workers/hostile/deployments"));
  await shows(place("settings"), HOSTILE.slice(0, 60));
  await shows(place("api-tokens"), HOSTILE.slice(0, 100));
  await shows(place("audit-log"), HOSTILE.slice(0, 60));

  // What stands in an address is text, too.
  for (const path of [
    place(`secrets-store?search=${encodeURIComponent(HOSTILE)}`),
    place(`secrets-store?done=${encodeURIComponent(HOSTILE)}`),
    place(`audit-log?search=${encodeURIComponent(HOSTILE)}`),
    `/docs?search=${encodeURIComponent(HOSTILE)}`,
    `/${encodeURIComponent(HOSTILE)}`,
  ]) {
    await window.visit(path);
    assert.equal(await page.locator("main img, main script, [onfocus], [onerror]").count(), 0, path);
  }
});
