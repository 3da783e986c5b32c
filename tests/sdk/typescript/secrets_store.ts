// The whole of Secrets Store: stores, secrets and the quota.

import assert from "node:assert/strict";
import { AuthenticationError, BadRequestError, ConflictError, NotFoundError } from "cloudflare";
import { ACCOUNT, NOWHERE, allOf, byToken, client, done, refused, same, sentBy, time } from "./session.ts";

const api = byToken();
const { stores } = api.secretsStore;
const { secrets } = stores;
const ofAccount = { account_id: ACCOUNT };

async function usage(): Promise<number> {
  const quota = await api.secretsStore.quota.get(ofAccount);
  assert.equal(quota.secrets.quota, 100);
  return quota.secrets.usage;
}

// Stores.
assert.deepEqual(await allOf(() => stores.list(ofAccount), 1), []);
const store = await stores.create({ ...ofAccount, name: "production" });
assert.equal(store.name, "production");
assert.equal(store.account_id, ACCOUNT);
assert.equal(store.created, store.modified);
assert(time(store.created) <= Date.now());
const ofStore = { ...ofAccount, store_id: store.id };
assert.equal((await stores.get(store.id, ofAccount)).id, store.id);
assert.deepEqual((await allOf(() => stores.list(ofAccount), 2)).map((one) => one.id), [store.id]);
await refused(BadRequestError, 1003, () => stores.create({ ...ofAccount, name: "second" }));
await refused(BadRequestError, 1001, () => stores.create({ ...ofAccount, name: "" }), "/name");
await refused(NotFoundError, 1001, () => stores.get(NOWHERE, ofAccount));
await refused(NotFoundError, 7003, () => stores.list({ account_id: NOWHERE }));

// Secrets, five at a time.
const created = [];
for (let start = 0; start < 25; start += 5) {
  const body = [0, 1, 2, 3, 4].map((index) => ({
    name: `KEY_${String(start + index).padStart(2, "0")}`,
    value: `value ${start + index}`,
    scopes: ["workers" as const],
    comment: `number ${start + index}`,
  }));
  const page = await secrets.create(store.id, { ...ofAccount, body });
  assert.deepEqual(page.result.map((one) => one.name), body.map((one) => one.name));
  created.push(...page.result);
}
const first = created[0];
assert(first);
assert.equal(first.store_id, store.id);
assert.equal(first.comment, "number 0");
assert.deepEqual(first.scopes, ["workers"]);
assert(["pending", "active"].includes(first.status));
assert.equal(await usage(), 25);

// Every page to the last: 10, 10, 5 and the empty one that ends it.
const listed = await allOf(() => secrets.list(store.id, { ...ofAccount, per_page: 10 }), 4);
same(listed.map((one) => one.id), created.map((one) => one.id));
const ordered = { ...ofAccount, per_page: 5, order: "name", direction: "asc" } as const;
const byName = await allOf(() => secrets.list(store.id, ordered), 6);
assert.deepEqual(byName.map((one) => one.name), created.map((one) => one.name));
const found = await allOf(() => secrets.list(store.id, { ...ofAccount, per_page: 2, search: "KEY_1" }), 6);
same(found.map((one) => one.name), created.slice(10, 20).map((one) => one.name));
await refused(BadRequestError, 1001, () => secrets.list(store.id, { ...ofAccount, per_page: 101 }));

// One secret: get, edit each part alone, duplicate, delete.
assert.equal((await secrets.get(first.id, ofStore)).name, "KEY_00");
let edited = await secrets.edit(first.id, { ...ofStore, scopes: ["workers", "ai_gateway"] });
assert.deepEqual([edited.scopes, edited.comment], [["ai_gateway", "workers"], "number 0"]);
edited = await secrets.edit(first.id, { ...ofStore, comment: "changed" });
assert.deepEqual([edited.scopes, edited.comment], [["ai_gateway", "workers"], "changed"]);
edited = await secrets.edit(first.id, { ...ofStore, value: "another value" });
assert(time(edited.modified) > time(edited.created) && !("value" in edited));
const scoped = await allOf(() => secrets.list(store.id, { ...ofAccount, scopes: ["ai_gateway", "dex"] }));
assert.deepEqual(scoped.map((one) => one.id), [first.id]);
const copy = await secrets.duplicate(first.id, { ...ofStore, name: "COPY", scopes: ["access"], comment: "a copy" });
assert.notEqual(copy.id, first.id);
assert.deepEqual([copy.name, copy.scopes], ["COPY", ["access"]]);
assert.equal(await usage(), 26);
assert.equal(await secrets.delete(copy.id, ofStore), null);
await refused(NotFoundError, 1001, () => secrets.get(copy.id, ofStore));
await refused(NotFoundError, 1001, () => secrets.delete(copy.id, ofStore));
assert.equal(await usage(), 25);

// A conflict is told once and not tried again: nothing of the request is done.
const fresh = { name: "NEW", value: "value", scopes: ["workers" as const] };
const body = [fresh, { ...fresh, name: "KEY_07" }];
const conflict = await refused(ConflictError, 1003, () => secrets.create(store.id, { ...ofAccount, body }));
assert.equal(conflict, "secret_name_already_exists: KEY_07");
const copying = { ...ofStore, scopes: ["workers" as const], name: "KEY_01" };
await refused(ConflictError, 1003, () => secrets.duplicate(first.id, copying));
const satellites = ["satellites" as "workers"];
for (const [body, pointer] of [
  [[{ ...fresh, name: "not a name" }], "/0/name"],
  [[fresh, { ...fresh, name: "OTHER", scopes: satellites }], "/1/scopes/0"],
  [[{ ...fresh, value: "v".repeat(1025) }], "/0/value"],
  [[{ ...fresh, value: "" }], "/0/value"],
] as const) {
  const refuse = () => secrets.create(store.id, { ...ofAccount, body: [...body] });
  await refused(BadRequestError, 1001, refuse, pointer);
}
await refused(BadRequestError, 1001, () => secrets.edit(first.id, { ...ofStore, scopes: satellites }));
const wrong = client({ apiToken: "cfr_0000000000000000000000000000000000000000000AAAAAA" });
await refused(AuthenticationError, 10000, () => wrong.secretsStore.stores.list(ofAccount));
assert.equal(await usage(), 25);

// Several at once. The SDK has no parameter for which; without a list nothing may go.
await refused(BadRequestError, 1001, () => secrets.bulkDelete(store.id, ofAccount));
const gone = created.slice(1, 11).map((one) => ({ id: one.id }));
const [answer, sent] = await sentBy(() => secrets.bulkDelete(store.id, ofAccount, { body: gone }));
assert.equal(answer, null);
assert.equal(sent.length, 1);
const left = await allOf(() => secrets.list(store.id, { ...ofAccount, per_page: 10 }), 3);
same(left.map((one) => one.id), [first, ...created.slice(11)].map((one) => one.id));

// A store goes only when it is empty, or by force.
await refused(ConflictError, 1003, () => stores.delete(store.id, ofAccount));
assert.equal(await stores.delete(store.id, { ...ofAccount, force: true }), null);
await refused(NotFoundError, 1001, () => secrets.list(store.id, ofAccount));
const again = await stores.create({ ...ofAccount, name: "again" });
const kept = (await secrets.create(again.id, { ...ofAccount, body: [fresh] })).result[0];
assert(kept);
assert.equal(await usage(), 1);

done({ store: again.id, secret: kept.id, conflict });
