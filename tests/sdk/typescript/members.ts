// Roles and members of an account.

import assert from "node:assert/strict";
import { BadRequestError, ConflictError, NotFoundError } from "cloudflare";
import { ACCOUNT, EMAIL, NOWHERE, allOf, byToken, done, refused, same } from "./session.ts";

const api = byToken();
const { members } = api.accounts;
const ofAccount = { account_id: ACCOUNT };

// Roles: 5, 2 and the empty page that ends them.
const roles = await allOf(() => api.accounts.roles.list({ ...ofAccount, per_page: 5 }), 3);
assert.equal(roles.length, 7);
assert(roles.every((role) => role.description));
const administrator = role("Super Administrator - All Privileges");
const reporter = role("Secrets Store Reporter");
const deployer = role("Secrets Store Deployer");
const gotRole = await api.accounts.roles.get(reporter, ofAccount);
assert.deepEqual(gotRole, roles.find((one) => one.id === reporter));
await refused(NotFoundError, 1003, () => api.accounts.roles.get(NOWHERE, ofAccount));

// Members: the one who acts, and 25 invited.
const [owner] = await allOf(() => members.list(ofAccount), 2);
assert(owner?.id);
assert.deepEqual([owner.status, owner.user?.email], ["accepted", EMAIL]);
assert(owner.roles?.some((one) => one.id === administrator));
const invited: string[] = [];
for (let number = 0; number < 25; number += 1) {
  const email = `member${String(number).padStart(2, "0")}@example.com`;
  const member = await members.create({ ...ofAccount, email, roles: [reporter] });
  assert.deepEqual([member.status, member.user?.email], ["pending", email]);
  assert.deepEqual(member.roles?.map((one) => one.id), [reporter]);
  assert.match(invitation(member) ?? "", /\/invitations\//);
  assert(member.id);
  invited.push(member.id);
}

// Every page to the last: 10, 10, 6 and the empty one.
const listed = await allOf(() => members.list({ ...ofAccount, per_page: 10 }), 4);
same(listed.map((one) => one.id), [owner.id, ...invited]);
const pending = { ...ofAccount, status: "pending", order: "user.email", direction: "desc", per_page: 5 } as const;
const descending = await allOf(() => members.list(pending), 6);
assert.deepEqual(descending.map((one) => one.id), invited.toReversed());
await refused(BadRequestError, 1001, () => members.list({ ...ofAccount, per_page: 51 }));

// One member: get, other roles, delete.
const [first, second] = invited;
assert(first && second);
const got = await members.get(first, ofAccount);
assert.equal(got.user?.email, "member00@example.com");
assert.equal(invitation(got), undefined, "the link is shown once");
const again = await members.create({ ...ofAccount, email: "member00@example.com", roles: [reporter] });
assert.equal(again.id, first, "another link, not another member");
assert(invitation(again));
let changed = await members.update(first, { ...ofAccount, roles: [{ id: deployer }, { id: reporter }] });
same(changed.roles?.map((one) => one.id) ?? [], [deployer, reporter]);
changed = await members.update(first, { ...ofAccount, roles: [{ id: deployer }] });
assert.deepEqual(changed.roles?.map((one) => one.name), ["Secrets Store Deployer"]);
assert.deepEqual(await members.get(first, ofAccount), changed);
assert.equal((await members.delete(second, ofAccount))?.id, second);
await refused(NotFoundError, 1003, () => members.get(second, ofAccount));
await refused(NotFoundError, 1003, () => members.delete(second, ofAccount));

// What is refused changes nothing.
const fresh = { ...ofAccount, email: "new@example.com", roles: [reporter] };
await refused(BadRequestError, 1001, () => members.create({ ...fresh, roles: [NOWHERE] }), "/roles/0");
await refused(BadRequestError, 1001, () => members.create({ ...fresh, roles: [] }), "/roles");
await refused(BadRequestError, 1001, () => members.create({ ...fresh, email: "nobody" }), "/email");
await refused(ConflictError, 1004, () => members.create({ ...fresh, email: EMAIL }));
const unknown = { ...ofAccount, roles: [{ id: deployer }, { id: NOWHERE }] };
await refused(BadRequestError, 1001, () => members.update(first, unknown));
// Somebody must be left who may do everything.
const demoted = { ...ofAccount, roles: [{ id: reporter }] };
await refused(ConflictError, 1005, () => members.update(owner.id ?? "", demoted));
await refused(ConflictError, 1005, () => members.delete(owner.id ?? "", ofAccount));
const kept = await allOf(() => members.list({ ...ofAccount, per_page: 50 }));
assert.equal(kept.length, 25);

done({ members: kept.map((one) => one.id), changed: first, owner: owner.id });

/** The link that invites a member, of which the SDK does not know. */
function invitation(member: object): string | undefined {
  return (member as { coffer?: { invitation_url?: string } }).coffer?.invitation_url;
}

/** The id of the role with this name. */
function role(name: string): string {
  const found = roles.filter((one) => one.name === name);
  assert.equal(found.length, 1, name);
  return found[0]?.id ?? "";
}
