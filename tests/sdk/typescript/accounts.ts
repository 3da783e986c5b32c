// Accounts, the user who acts, and the user's memberships: by token and by global key.

import assert from "node:assert/strict";
import { BadRequestError, NotFoundError } from "cloudflare";
import { ACCOUNT, EMAIL, NOWHERE, allOf, byKey, byToken, done, refused, time } from "./session.ts";

for (const api of [byToken(), byKey()]) {
  // The only page, then the empty one that ends it.
  const listed = await allOf(() => api.accounts.list({ per_page: 5 }), 2);
  assert.deepEqual(listed.map((one) => one.id), [ACCOUNT]);
  const account = await api.accounts.get({ account_id: ACCOUNT });
  assert.equal(account.type, "standard");
  assert.equal(account.settings?.enforce_twofactor, false);
  assert(time(account.created_on) <= Date.now());
  assert.deepEqual(await allOf(() => api.accounts.list({ name: account.name })), listed);
  assert.deepEqual(await allOf(() => api.accounts.list({ name: "no such account" }), 1), []);

  const user = await api.user.get();
  assert.match(user.id, /^[0-9a-f]{32}$/);
  assert.deepEqual([user.email, user.suspended, user.two_factor_authentication_enabled], [EMAIL, false, false]);

  const memberships = await allOf(() => api.memberships.list({ per_page: 5 }), 2);
  assert.deepEqual(memberships.map((one) => one.account?.id), [ACCOUNT]);
  const pending = { status: "pending", order: "status", direction: "asc" } as const;
  assert.deepEqual(await allOf(() => api.memberships.list(pending), 1), []);
  const membership = await api.memberships.get(memberships[0]?.id ?? "");
  assert.equal(membership.status, "accepted");
  assert.deepEqual(membership.roles, ["Super Administrator - All Privileges"]);
  await refused(NotFoundError, 1003, () => api.memberships.get(NOWHERE));
  await refused(NotFoundError, 7003, () => api.accounts.get({ account_id: NOWHERE }));
}

// What may be edited, by each proof once.
const { accounts } = byToken();
const name = "Renamed by TypeScript";
const edit = { account_id: ACCOUNT, id: ACCOUNT, type: "standard" } as const;
const renamed = await accounts.update({ ...edit, name });
assert.deepEqual([renamed.id, renamed.name], [ACCOUNT, name]);
assert.equal((await accounts.get({ account_id: ACCOUNT })).name, name);
await refused(BadRequestError, 1001, () => accounts.update({ ...edit, name: "" }), "/name");

const me = byKey().user;
let edited = await me.edit({ first_name: "Grace", last_name: "Hopper" });
assert.deepEqual([edited.first_name, edited.last_name, edited.email], ["Grace", "Hopper", EMAIL]);
edited = await me.edit({ last_name: null });
assert.deepEqual([edited.first_name, edited.last_name], ["Grace", null]);
await refused(BadRequestError, 1001, () => me.edit({ first_name: "n".repeat(1000) }), "/first_name");
assert.equal((await me.get()).first_name, "Grace");

done({ name, first_name: "Grace", last_name: null });
