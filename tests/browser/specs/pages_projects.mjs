// A Pages project's variables and secrets, apart for production and previews. What counts is what its functions see.

import assert from "node:assert/strict";
import { api, askHost, mark, scenario, section, signIn } from "./coffer.mjs";

const CODE = `export default { fetch(request, env) {
  const { ASSETS, CF_PAGES, CF_PAGES_BRANCH, CF_PAGES_COMMIT_SHA, CF_PAGES_URL, ...own } = env;
  return Response.json(own);
} };`;

// Deploys a project's functions from a branch, as Wrangler does.
async function deployBranch(branch) {
  const bundle = new FormData();
  bundle.set("metadata", JSON.stringify({ main_module: "index.js" }));
  bundle.set("index.js", new File([CODE], "index.js", { type: "application/javascript+module" }));
  const form = new FormData();
  form.set("manifest", "{}");
  form.set("branch", branch);
  form.set("_worker.bundle", new File([await new Response(bundle).blob()], "_worker.bundle"));
  return api("POST", "/pages/projects/handbook/deployments", form);
}

await scenario(async (open) => {
  await api("POST", "/pages/projects", { name: "handbook", production_branch: "main" });
  const window = await open();
  const { page } = window;
  await signIn(window);
  const panel = page.getByRole("dialog");
  const settings = async () => {
    await section(page, "Workers & Pages").click();
    await page.getByRole("link", { name: "handbook", exact: true }).click();
    await page.getByRole("navigation", { name: "Pages of handbook" }).getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { name: /^Production: / }).waitFor();
    await window.look();
  };
  const save = async (button = "Save") => {
    await window.follow(() => panel.getByRole("button", { name: button }).click());
    assert.match(page.url(), /done=pages(-|%2D)saved/);
  };
  const answers = async (host, expected) => {
    const { status, body } = await askHost(host);
    assert.equal(status, 200, body);
    assert.deepEqual(JSON.parse(body), expected);
  };

  // Production: a variable and a secret at once; a name that cannot be is told beside its field.
  await settings();
  await page.getByRole("link", { name: "Add to Production" }).click();
  await panel.getByText(/For production/).waitFor();
  await panel.getByLabel("Variable name").fill("SEARCH INDEX");
  await panel.getByLabel("Value", { exact: true }).fill("handbook-2026");
  await panel.getByRole("button", { name: "Add variable" }).click();
  await panel.getByLabel("Variable name").nth(1).fill("API_KEY");
  await panel.getByLabel("Type", { exact: true }).nth(1).selectOption("secret");
  await panel.getByLabel("Value", { exact: true }).nth(1).fill(`${mark}-production`);
  await window.look();
  await panel.getByRole("button", { name: "Save" }).click();
  await panel.getByRole("alert").first().waitFor();
  await window.look();
  assert.equal(await panel.getByLabel("Value", { exact: true }).nth(1).inputValue(), `${mark}-production`);
  await panel.getByLabel("Variable name").first().fill("SEARCH_INDEX");
  await save();

  // Previews have their own.
  await page.getByRole("link", { name: "Add to Preview" }).click();
  await panel.getByText(/For preview/).waitFor();
  await panel.getByLabel("Variable name").fill("SEARCH_INDEX");
  await panel.getByLabel("Value", { exact: true }).fill("handbook-drafts");
  await save();
  const production = page.getByRole("region", { name: "Variables and secrets of Production" });
  assert.match(await production.getByRole("row").filter({ hasText: "API_KEY" }).innerText(), /Secret[^]*Value encrypted/);
  await deployBranch("main");
  await deployBranch("drafts");
  await answers("handbook.pages.localhost", { SEARCH_INDEX: "handbook-2026", API_KEY: `${mark}-production` });
  await answers("drafts.handbook.pages.localhost", { SEARCH_INDEX: "handbook-drafts" });

  // Edited and deleted: in what is deployed from then on, and in that environment alone.
  await settings();
  await page.getByLabel("Edit SEARCH_INDEX of Production").click();
  await panel.getByLabel("Value", { exact: true }).waitFor();
  assert.equal(await panel.getByLabel("Value", { exact: true }).inputValue(), "handbook-2026");
  await panel.getByLabel("Value", { exact: true }).fill("handbook-2027");
  await window.look();
  await save();
  await page.getByLabel("Edit API_KEY of Production").click();
  await panel.getByLabel("Value", { exact: true }).waitFor();
  assert.equal(await panel.getByLabel("Value", { exact: true }).inputValue(), "");
  await panel.getByLabel("Value", { exact: true }).fill(`${mark}-replaced`);
  await save();
  await page.getByLabel("Delete SEARCH_INDEX of Preview").click();
  await panel.getByRole("button", { name: "Delete" }).waitFor();
  await window.look();
  assert.doesNotMatch(await panel.innerText(), /cannot be viewed/, "the variable is no secret");
  await save("Delete");
  await answers("handbook.pages.localhost", { SEARCH_INDEX: "handbook-2026", API_KEY: `${mark}-production` });
  await deployBranch("main");
  await deployBranch("drafts");
  await answers("handbook.pages.localhost", { SEARCH_INDEX: "handbook-2027", API_KEY: `${mark}-replaced` });
  await answers("drafts.handbook.pages.localhost", {});

  // Back to the deployment of before, with what it had.
  await page.getByRole("navigation", { name: "Pages of handbook" }).getByRole("link", { name: "Deployments" }).click();
  await page.getByRole("heading", { name: "Deployments" }).waitFor();
  await window.look();
  await page.getByLabel(/^Roll back to/).click();
  await panel.getByRole("button", { name: "Roll back" }).click();
  await page.waitForURL(/done=/);
  await window.look();
  await answers("handbook.pages.localhost", { SEARCH_INDEX: "handbook-2026", API_KEY: `${mark}-production` });
});
