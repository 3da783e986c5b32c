// Each role's view: what it may is there, what it may not is absent, and the address of that answers 403.

import assert from "node:assert/strict";
import { createSecrets, member, place, scenario, section, signIn, text } from "./coffer.mjs";

const ALL = ["Workers & Pages", "Secrets Store", "Audit log", "Members", "API tokens", "Account"];
const ALWAYS = ["Members", "Account"];

// What a role sees of the list of parts, the actions that are offered on a page, and the pages that are not for it.
const VIEWS = {
  "Secrets Store Admin": {
    parts: ["Secrets Store", ...ALWAYS],
    offered: ["Create secret", "Actions on BILLING_KEY"],
    refused: ["audit-log", "api-tokens", "members/invite"],
  },
  "Secrets Store Deployer": {
    parts: ["Workers & Pages", "Secrets Store", ...ALWAYS],
    offered: [],
    refused: ["secrets-store/create", "secrets-store/secrets/SECRET/edit", "audit-log", "api-tokens", "members/invite"],
  },
  "Secrets Store Reporter": {
    parts: ["Secrets Store", ...ALWAYS],
    offered: [],
    refused: ["secrets-store/create", "secrets-store/secrets/SECRET/delete", "audit-log", "api-tokens", "members/invite"],
  },
  "Workers Platform Admin": {
    parts: ["Workers & Pages", ...ALWAYS],
    refused: ["secrets-store", "secrets-store/create", "audit-log", "api-tokens", "members/invite"],
  },
  "Workers Read Only": {
    parts: ["Workers & Pages", ...ALWAYS],
    refused: ["secrets-store", "audit-log", "api-tokens"],
  },
  "Audit Logs Viewer": {
    parts: ["Audit log", ...ALWAYS],
    refused: ["secrets-store", "api-tokens", "members/invite"],
  },
};

await scenario(async (open) => {
  const [{ id }] = await createSecrets({ name: "BILLING_KEY", comment: "of the billing team" });

  const administrator = await open();
  await signIn(administrator);
  await sees(administrator, { parts: ALL, offered: ["Create secret", "Actions on BILLING_KEY"], refused: [] }, id);

  for (const [role, view] of Object.entries(VIEWS)) {
    const window = await open();
    await signIn(window, await member(`${role.toLowerCase().replaceAll(" ", ".")}@example.com`, role));
    await sees(window, view, id).catch((error) => assert.fail(`${role}: ${error.stack}`));
    await window.close();
  }
});

async function sees(window, { parts, offered, refused }, id) {
  const { page } = window;
  const listed = await page.getByRole("navigation", { name: "Sections" }).getByRole("link").allInnerTexts();
  assert.deepEqual(listed.map((one) => one.trim()), ALL.filter((part) => parts.includes(part)));
  for (const part of parts.filter((part) => part !== "Workers & Pages")) {
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
  for (const path of refused) {
    assert.equal(await window.visit(place(path.replace("SECRET", id))), 403, path);
    assert.match(await text(page), /Not permitted/);
  }
}
