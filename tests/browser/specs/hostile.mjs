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

  await api("POST", "/pages/projects", { name: "hostile-pages", production_branch: "main", deployment_configs: {
    production: { env_vars: { TEXT: { type: "plain_text", value: HOSTILE } } },
  } });

  const window = await open({ userAgent: HOSTILE.replace("\u202e", "") });
  const { page } = window;
  await signIn(window);
  await window.visit("/profile/name");
  await page.getByLabel(/^First name/).fill(HOSTILE.slice(0, 60));
  await window.follow(() => page.getByRole("button", { name: "Save" }).click());
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
  await shows(place("pages/hostile-pages/settings"));
  await shows(place("pages/hostile-pages/settings/variables?environment=production&name=TEXT"));
  await shows(place("members"), HOSTILE.slice(0, 60));
  await shows("/profile", HOSTILE.slice(0, 60));
  // One event in full: with the browser that caused it, and what was written before and after.
  await window.visit(place("audit-log?search=onerror"));
  const events = await page.locator("td.event > a").evaluateAll((links) => links.map((link) => link.pathname));
  assert.ok(events.length > 0);
  for (const path of events) await shows(path, HOSTILE.slice(0, 20));

  // A file's names.
  await window.visit(place("secrets-store/import"));
  await page.getByLabel(/\.env/).fill(JSON.stringify({ [HOSTILE]: "x" }));
  await window.follow(() => page.getByRole("button", { name: "Preview" }).click());
  assert.ok((await page.locator("main").textContent()).includes(HOSTILE.slice(0, 40)));
  assert.equal(await page.locator("main img, main script, [onfocus], [onerror]").count(), 0);

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
