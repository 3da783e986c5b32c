// Each role's view: what it may is there, what it may not is absent, and the address of that answers 403.

import assert from "node:assert/strict";
import { createSecrets, deploy, member, place, scenario, section, signIn, text } from "./coffer.mjs";

const ALL = ["Workers & Pages", "Secrets Store", "Audit log", "Members", "API tokens", "Account"];
const ALWAYS = ["Members", "Account"];

// What a role sees of the list of parts, the actions that are offered on a page, and the pages that are not for it.
const VIEWS = {
  "Secrets Store Admin": {
    parts: ["Secrets Store", ...ALWAYS],
    offered: ["Create secret", "Actions on BILLING_KEY"],
    refused: ["workers", "audit-log", "api-tokens", "members/invite"],
  },
  "Secrets Store Deployer": {
    parts: ["Workers & Pages", "Secrets Store", ...ALWAYS],
    offered: [],
    refused: ["secrets-store/create", "secrets-store/secrets/SECRET/edit", "workers/checkout/settings/variables", "audit-log", "api-tokens", "members/invite"],
    bindings: true,
  },
  "Secrets Store Reporter": {
    parts: ["Secrets Store", ...ALWAYS],
    offered: [],
    refused: ["secrets-store/create", "secrets-store/secrets/SECRET/delete", "workers", "audit-log", "api-tokens", "members/invite"],
  },
  "Workers Platform Admin": {
    parts: ["Workers & Pages", ...ALWAYS],
    refused: ["secrets-store", "secrets-store/create", "audit-log", "api-tokens", "members/invite"],
    variables: true,
    bindings: false,
  },
  "Workers Read Only": {
    parts: ["Workers & Pages", ...ALWAYS],
    refused: ["secrets-store", "workers/checkout/settings/variables", "workers/checkout/settings/bindings", "audit-log", "api-tokens"],
    variables: false,
    bindings: false,
  },
  "Audit Logs Viewer": {
    parts: ["Audit log", ...ALWAYS],
    refused: ["secrets-store", "workers", "api-tokens", "members/invite"],
  },
};

await scenario(async (open) => {
  const [{ id }] = await createSecrets({ name: "BILLING_KEY", comment: "of the billing team" });
  await deploy("checkout", "export default { fetch() { return new Response('here'); } };");

  const administrator = await open();
  await signIn(administrator);
  await sees(administrator, { parts: ALL, offered: ["Create secret", "Actions on BILLING_KEY"], refused: [], variables: true, bindings: true }, id);

  for (const [role, view] of Object.entries(VIEWS)) {
    const window = await open();
    await signIn(window, await member(`${role.toLowerCase().replaceAll(" ", ".")}@example.com`, role));
    await sees(window, view, id).catch((error) => assert.fail(`${role}: ${error.stack}`));
    await window.close();
  }
});

async function sees(window, { parts, offered, refused, variables, bindings }, id) {
  const { page } = window;
  const listed = await page.getByRole("navigation", { name: "Sections" }).getByRole("link").allInnerTexts();
  assert.deepEqual(listed.map((one) => one.trim()), ALL.filter((part) => parts.includes(part)));
  for (const part of parts) {
    await section(page, part).click();
    await page.getByRole("heading", { name: part, level: 1 }).waitFor();
    await window.look();
  }
  if (offered) {
    await window.visit(place("secrets-store"));
    for (const action of ["Create secret", "Actions on BILLING_KEY"]) {
      const found = await page.getByRole("link", { name: action }).or(page.getByLabel(action)).count();
      assert.equal(found > 0, offered.includes(action), action);
    }
    await window.visit(place(`secrets-store/secrets/${id}`));
    assert.equal((await page.getByRole("link", { name: "Edit" }).count()) > 0, offered.length > 0);
  }
  if (bindings !== undefined) {
    await window.visit(place("workers/checkout/settings"));
    const leads = async (where) => (await page.locator(`a[href$="${where}"]`).count()) > 0;
    assert.equal(await leads("/settings/bindings"), bindings, "adds bindings");
    assert.equal(await leads("/settings/variables"), variables ?? false, "adds variables");
  }
  for (const path of refused) {
    assert.equal(await window.visit(place(path.replace("SECRET", id))), 403, path);
    assert.match(await text(page), /Not permitted/);
  }
}
