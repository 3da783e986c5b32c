// Pages projects: their variables and secrets, of production and of previews.

import assert from "node:assert/strict";
import { BadRequestError, ConflictError, NotFoundError } from "cloudflare";
import { ACCOUNT, NOWHERE, allOf, byToken, done, refused, same } from "./session.ts";

const { projects } = byToken().pages;
const ofAccount = { account_id: ACCOUNT };

/** A variable and a secret of this value, of production. */
function configured(value: string) {
  return {
    production: {
      env_vars: {
        PLAIN: { type: "plain_text" as const, value },
        KEY: { type: "secret_text" as const, value: "marked typescript value" },
      },
      compatibility_date: "2026-01-01",
    },
  };
}

const site = { ...ofAccount, name: "site", production_branch: "main" };
const made = await projects.create({ ...site, deployment_configs: configured("one") });
assert.deepEqual([made.name, made.production_branch], ["site", "main"]);
await refused(ConflictError, 8000002, () => projects.create(site));
await refused(BadRequestError, 1001, () => projects.create({ ...site, name: "No Name" }));
await projects.create({ ...site, name: "other", production_branch: "trunk" });
same((await allOf(() => projects.list({ ...ofAccount, per_page: 1 }))).map((one) => one.name), ["site", "other"]);

const changes = { ...ofAccount, deployment_configs: configured("two"), production_branch: "release" };
assert.equal((await projects.edit("site", changes)).production_branch, "release");
const found = await projects.get("site", ofAccount);
const { production } = found.deployment_configs;
assert.equal(production.compatibility_date, "2026-01-01");
assert.deepEqual(production.env_vars?.["PLAIN"], { type: "plain_text", value: "two" });
assert.equal(production.env_vars?.["KEY"]?.type, "secret_text");
assert(!JSON.stringify(found).includes("marked"));
const removed = { ...ofAccount, deployment_configs: { production: { env_vars: { KEY: null } } } };
const edited = await projects.edit("site", removed);
assert.deepEqual(Object.keys(edited.deployment_configs.production.env_vars ?? {}), ["PLAIN"]);

await projects.delete("other", ofAccount);
await refused(NotFoundError, 8000007, () => projects.get("other", ofAccount));
await refused(NotFoundError, 8000007, () => projects.delete("other", ofAccount));
await refused(NotFoundError, 7003, () => projects.get("site", { account_id: NOWHERE }));

done({ project: edited.id, branch: "release" });
