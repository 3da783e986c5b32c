// API tokens of a user and of an account, and that what they permit ends when they do.

import assert from "node:assert/strict";
import type Cloudflare from "cloudflare";
import { AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError } from "cloudflare";
import type { Token, TokenPolicyParam } from "cloudflare/resources/shared";
import { ACCOUNT, NOWHERE, allOf, byKey, byToken, client, done, refused, same, time } from "./session.ts";

const DAY = 24 * 60 * 60 * 1000;
const IN_TWO_DAYS = moment(2 * DAY);
const TOMORROW = moment(DAY);
const YESTERDAY = moment(-DAY);

const ofAccount = { account_id: ACCOUNT };
const resources = { [`com.cloudflare.api.account.${ACCOUNT}`]: "*" };

interface Rights {
  name: string;
  policies: TokenPolicyParam[];
  condition?: { request_ip: { in?: string[]; not_in?: string[] } };
  expires_on?: string;
  not_before?: string;
  status?: "active" | "disabled";
}

/** The same steps for both kinds: the account's methods take its id, the user's take none. */
interface Kind {
  groups(query?: { name?: string; scope?: string }): AsyncIterable<{ id?: string; name?: string; scopes?: string[] }>;
  create(rights: Rights): PromiseLike<Cloudflare.Accounts.TokenCreateResponse>;
  list(query: { per_page: number; direction?: "asc" }): AsyncIterable<Token>;
  get(id: string): PromiseLike<Token>;
  update(id: string, rights: Rights): PromiseLike<Token>;
  roll(id: string): PromiseLike<string>;
  delete(id: string): PromiseLike<{ id: string } | null>;
  verify(api: Cloudflare): PromiseLike<Cloudflare.Accounts.TokenVerifyResponse>;
}

function ofTheAccount(api: Cloudflare): Kind {
  const { tokens } = api.accounts;
  return {
    groups: (query) => tokens.permissionGroups.list({ ...ofAccount, ...query }),
    create: (rights) => tokens.create({ ...ofAccount, ...rights }),
    list: (query) => tokens.list({ ...ofAccount, ...query }),
    get: (id) => tokens.get(id, ofAccount),
    update: (id, rights) => tokens.update(id, { ...ofAccount, ...rights }),
    roll: (id) => tokens.value.update(id, ofAccount),
    delete: (id) => tokens.delete(id, ofAccount),
    verify: (api) => api.accounts.tokens.verify(ofAccount),
  };
}

function ofTheUser(api: Cloudflare): Kind {
  const { tokens } = api.user;
  return {
    groups: (query) => tokens.permissionGroups.list(query),
    create: (rights) => tokens.create(rights),
    list: (query) => tokens.list(query),
    get: (id) => tokens.get(id),
    update: (id, rights) => tokens.update(id, rights),
    roll: (id) => tokens.value.update(id),
    delete: (id) => tokens.delete(id),
    verify: (api) => api.user.tokens.verify(),
  };
}

async function drive(tokens: Kind): Promise<{ deleted: string; left: (string | undefined)[] }> {
  const groups = await allOf(() => tokens.groups(), 1);
  const id = (name: string) => groups.find((group) => group.name === name)?.id ?? assert.fail(name);
  const [read, write] = [id("Secrets Store Read"), id("Secrets Store Write")];
  assert(id("Secrets Store Bind"));
  const found = await allOf(() => tokens.groups({ name: "Secrets Store Read" }));
  assert.deepEqual(found.map((group) => group.id), [read]);
  const ofAccounts = await allOf(() => tokens.groups({ scope: "com.cloudflare.api.account" }));
  assert(ofAccounts.length > 0);
  for (const group of ofAccounts) {
    assert.deepEqual(group.scopes, ["com.cloudflare.api.account"]);
  }

  // One token: its value is shown once, and works.
  const before = await allOf(() => tokens.list({ per_page: 5 }));
  const rights: Rights = {
    name: "reader",
    policies: [allow(read)],
    expires_on: TOMORROW,
    condition: { request_ip: { in: ["127.0.0.0/8", "::1"], not_in: ["127.0.0.2/32"] } },
  };
  const created = await tokens.create(rights);
  const tokenId = created.id ?? assert.fail("a token without an id");
  assert.deepEqual([created.name, created.status], ["reader", "active"]);
  assert.equal(time(created.expires_on), time(TOMORROW));
  assert(time(created.issued_on) <= Date.now());
  const [shown] = created.policies ?? [];
  assert.equal(shown?.effect, "allow");
  assert.deepEqual(shown.permission_groups.map((group) => group.id), [read]);
  assert.deepEqual(shown.resources, resources);
  const got = await tokens.get(tokenId);
  assert(got.name === "reader" && !("value" in got));
  assert.equal(got.condition?.request_ip?.in?.length, 2);
  assert.deepEqual(got.condition.request_ip.not_in, ["127.0.0.2/32"]);
  const reader = client({ apiToken: created.value ?? assert.fail("a token without a value") });
  const verified = await tokens.verify(reader);
  assert.deepEqual([verified.id, verified.status], [tokenId, "active"]);
  assert.equal(time(verified.expires_on), time(TOMORROW));
  assert.deepEqual(await allOf(() => reader.secretsStore.stores.list(ofAccount)), []);
  await refused(PermissionDeniedError, 10000, () => createStore(reader));
  await refused(PermissionDeniedError, 10000, () => reader.accounts.tokens.list(ofAccount));

  // Other policies: the same value may more, then less again because a denial wins.
  const change = { name: "writer", policies: [allow(write)] };
  const updated = await tokens.update(tokenId, change);
  assert(updated.name === "writer" && !("value" in updated));
  await createStore(reader);
  const denied = [allow(write), allow(id("Workers Scripts Read")), { ...allow(write), effect: "deny" as const }];
  await tokens.update(tokenId, { ...change, policies: denied });
  await refused(PermissionDeniedError, 10000, () => createStore(reader));
  await tokens.update(tokenId, { ...change, condition: { request_ip: { in: ["192.0.2.0/24"] } } });
  await refused(PermissionDeniedError, 9109, () => createStore(reader));
  assert.equal((await tokens.update(tokenId, { ...change, status: "disabled" })).status, "disabled");
  await refused(AuthenticationError, 10000, () => createStore(reader));
  await tokens.update(tokenId, { ...change, status: "active" });
  await createStore(reader);

  // Another value: the old one stops at once.
  const rolled = await tokens.roll(tokenId);
  assert(rolled !== created.value && rolled.length >= 40);
  await refused(AuthenticationError, 10000, () => createStore(reader));
  const writer = client({ apiToken: rolled });
  await createStore(writer);
  assert.equal((await tokens.verify(writer)).id, tokenId);

  // Every page to the last: each token once.
  const expected = [tokenId, ...before.map((token) => token.id)];
  for (let number = 0; number < 25; number += 1) {
    const token = await tokens.create({ name: `token ${number}`, policies: [allow(read)] });
    expected.push(token.id);
  }
  const pages = Math.ceil(expected.length / 10);
  const listed = await allOf(() => tokens.list({ per_page: 10 }), pages + 1);
  same(listed.map((token) => token.id), expected);
  const oldest = await allOf(() => tokens.list({ per_page: 50, direction: "asc" }), 2);
  same(oldest.map((token) => token.id), expected);
  assert(time(oldest[0]?.issued_on) <= time(oldest.at(-1)?.issued_on));

  // What is refused changes nothing.
  const fresh: Rights = { name: "new", policies: [allow(read)] };
  const range = { condition: { request_ip: { in: ["127.0.0.1/33"] } } };
  for (const [wrong, pointer] of [
    [{ policies: [] }, "/policies"],
    [{ policies: [allow(NOWHERE)] }, "/policies/0/permission_groups/0/id"],
    [{ policies: [{ ...allow(read), resources: {} }] }, "/policies/0/resources"],
    [{ expires_on: YESTERDAY }, "/expires_on"],
    [{ not_before: IN_TWO_DAYS, expires_on: TOMORROW }, "/not_before"],
    [range, "/condition/request_ip/in/0"],
    [{ name: "n".repeat(121) }, "/name"],
  ] satisfies [Partial<Rights>, string][]) {
    await refused(BadRequestError, 1001, () => tokens.create({ ...fresh, ...wrong }), pointer);
  }
  await refused(BadRequestError, 1001, () => tokens.update(tokenId, { ...change, policies: [] }), "/policies");
  await refused(NotFoundError, 1003, () => tokens.get(NOWHERE));

  // Deleted: neither it nor its value is there.
  assert.equal((await tokens.delete(tokenId))?.id, tokenId);
  await refused(AuthenticationError, 10000, () => createStore(writer));
  await refused(NotFoundError, 1003, () => tokens.get(tokenId));
  await refused(NotFoundError, 1003, () => tokens.delete(tokenId));
  const left = (await allOf(() => tokens.list({ per_page: 50 }))).map((token) => token.id);
  same(left, expected.slice(1));
  return { deleted: tokenId, left };
}

// The account's groups are offered by a second method, too.
const { permissionGroups } = byToken().accounts.tokens;
assert.deepEqual(await permissionGroups.get(ofAccount), await allOf(() => permissionGroups.list(ofAccount)));

done({ account: await drive(ofTheAccount(byToken())), user: await drive(ofTheUser(byKey())) });

function allow(groupId: string): TokenPolicyParam {
  return { effect: "allow", permission_groups: [{ id: groupId }], resources };
}

/** Needs the permission to manage secrets. */
async function createStore(api: Cloudflare): Promise<void> {
  const store = await api.secretsStore.stores.create({ ...ofAccount, name: "made" });
  await api.secretsStore.stores.delete(store.id, ofAccount);
}

/** So many milliseconds from now, to the second. */
function moment(distance: number): string {
  return new Date(Date.now() + distance).toISOString().replace(/\.\d+/, "");
}
