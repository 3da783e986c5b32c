// Audit logs: of the account in both versions, and of the user.

import assert from "node:assert/strict";
import { BadRequestError, PermissionDeniedError } from "cloudflare";
import type { AuditListParams, AuditListResponse } from "cloudflare/resources/accounts/logs/audit";
import { ACCOUNT, EMAIL, allOf, byKey, byToken, client, done, refused, same, sentBy, time } from "./session.ts";

const api = byToken();
const { stores } = api.secretsStore;
const { secrets } = stores;
const ofAccount = { account_id: ACCOUNT };
const since = new Date().toISOString();
const before = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString();

// What is there to find: 16 created, 3 updated, 2 deleted, and one refusal.
const store = await stores.create({ ...ofAccount, name: "audited" });
const ofStore = { ...ofAccount, store_id: store.id };
const ids: string[] = [];
for (let number = 0; number < 13; number += 1) {
  const body = [{ name: `KEY_${number}`, value: "never in a log", scopes: ["workers" as const] }];
  const page = await secrets.create(store.id, { ...ofAccount, body });
  ids.push(page.result[0]?.id ?? "");
}
for (const id of ids.slice(0, 3)) {
  await secrets.edit(id, { ...ofStore, comment: "edited" });
}
const oldestId = ids[0] ?? "";
const copy = await secrets.duplicate(oldestId, { ...ofStore, name: "COPY", scopes: ["workers"] });
for (const id of ids.slice(11)) {
  await secrets.delete(id, ofStore);
}
const groups = await allOf(() => api.accounts.tokens.permissionGroups.list(ofAccount));
const read = groups.find((group) => group.name === "Secrets Store Read")?.id ?? "";
const token = await api.accounts.tokens.create({
  ...ofAccount,
  name: "reader",
  policies: [
    {
      effect: "allow",
      permission_groups: [{ id: read }],
      resources: { [`com.cloudflare.api.account.${ACCOUNT}`]: "*" },
    },
  ],
});
const reader = client({ apiToken: token.value ?? "" });
await refused(PermissionDeniedError, 10000, () => reader.secretsStore.stores.delete(store.id, ofAccount));

// Version 2: the cursor is followed over pages of five to the end.
const { audit } = api.accounts.logs;
const within = { ...ofAccount, since, before };

type Filters = Omit<Partial<AuditListParams>, "account_id" | "since" | "before">;

/** What these filters leave. The SDK has no parameters for filters that are not negated. */
function found(filters: Filters = {}, positive: object = {}): Promise<AuditListResponse[]> {
  return allOf(() => audit.list({ ...within, limit: 5, ...filters, ...positive }));
}

function eventIds(events: AuditListResponse[]): (string | undefined)[] {
  return events.map((event) => event.id);
}

function types(events: { action?: { type?: string } }[]): (string | undefined)[] {
  return events.map((event) => event.action?.type).sort();
}

const [events, sent] = await sentBy(() => found());
assert.equal(events.length, 22, JSON.stringify(events));
assert([5, 6].includes(sent.length) && sent.slice(1).every((request) => request.includes("cursor=")), `${sent}`);
const times = events.map((event) => time(event.action?.time));
assert.deepEqual(times, times.toSorted((one, other) => other - one));
const ascending = await found({ direction: "asc" });
assert.deepEqual(eventIds(ascending), eventIds(events).reverse());
assert.deepEqual(eventIds(await allOf(() => audit.list({ ...within, limit: 1000 }), 1)), eventIds(events));

const first = ascending[0];
assert(first?.id && first.action && first.actor && first.raw);
assert.deepEqual([first.action.type, first.action.result], ["create", "success"]);
assert.deepEqual([first.account?.id, first.resource?.id], [ACCOUNT, store.id]);
assert.deepEqual([first.actor.email, first.actor.type, first.actor.context], [EMAIL, "user", "api_token"]);
assert.equal(first.actor.ip_address, "127.0.0.1");
assert(first.actor.token_id && first.actor.token_name);
assert.deepEqual([first.raw.method, first.raw.status_code], ["POST", 200]);
assert.match(first.raw.user_agent ?? "", /JS/);
const copied = events.find((event) => event.resource?.id === copy.id);
assert.match(JSON.stringify(copied), new RegExp(`"duplicated_from_id":"${oldestId}"`));
assert(!JSON.stringify(events).includes("never in a log"));

// Filters, repeated and negated.
const edits = ["delete", "delete", "update", "update", "update"];
const positive = { action_type: ["update", "delete"], action_result: "success" };
assert.deepEqual(types(await found({}, positive)), edits);
assert.deepEqual(types(await found({ action_type: { not: ["create", "delete"] } })), edits.slice(2));
const negated = { action_type: { not: ["create"] }, action_result: { not: ["failure"] } } satisfies Filters;
assert.deepEqual(types(await found(negated)), edits);
const failures = await found({ action_result: { not: ["success"] } });
const failure = failures[0];
assert.equal(failures.length, 1);
assert.deepEqual([failure?.action?.type, failure?.action?.result], ["delete", "failure"]);
assert.deepEqual([failure?.actor?.type, failure?.actor?.token_id], ["account", token.id]);
assert.equal(failure?.raw?.status_code, 403);
assert.deepEqual(eventIds(await found({ actor_email: { not: [EMAIL] } })), [failure.id]);
assert.deepEqual(eventIds(await found({}, { actor_token_name: "reader" })), [failure.id]);
assert.deepEqual(await found({ actor_context: { not: ["api_token"] } }), []);
assert.deepEqual(types(await found({ raw_method: { not: ["POST", "DELETE"] } })), edits.slice(2));
assert.deepEqual(types(await found({}, { raw_status_code: 202 })), edits.slice(0, 2));
const both = await found({}, { resource_id: [oldestId, ids[12]] });
assert.deepEqual(types(both), ["create", "create", "delete", "update"]);
const kind = copied?.resource?.type ?? assert.fail("an event without a type");
const ofKind = await found({}, { resource_type: kind });
const ofOthers = await found({ resource_type: { not: [kind] } });
assert(ofKind.every((event) => event.resource?.type === kind));
same(eventIds([...ofKind, ...ofOthers]), eventIds(events));
assert.deepEqual(eventIds(await found({}, { id: first.id })), [first.id]);
assert.equal((await found({ id: { not: [first.id] } })).length, 21);
const categories = (await audit.productCategories(ofAccount)).result;
assert(categories.length > 0 && categories.every((one) => one.value && one.label && one.products?.length));
const values = categories.map((one) => one.value ?? "");
assert((await found({ product_category: values })).length >= 21);

const edited = ascending.find((event) => event.resource?.id === oldestId);
const action_time = edited?.action?.time ?? "";
const changes = await audit.history(edited?.id ?? "", { ...within, action_time });
assert.deepEqual(types(changes), ["create", "update"]);
assert(changes.every((change) => change.resource?.id === oldestId));

const backwards = { ...ofAccount, since: before, before: since };
await refused(BadRequestError, 1001, () => audit.list(backwards), "since");
await refused(BadRequestError, 1001, () => audit.list({ ...within, limit: 1001 }), "limit");
await refused(BadRequestError, 1001, () => audit.list({ ...within, cursor: "no cursor" }), "cursor");
await refused(PermissionDeniedError, 10000, () => reader.accounts.logs.audit.list(within));

// Version 1: pages of ten to the empty one.
const logs = await allOf(() => api.auditLogs.list({ ...within, per_page: 10 }), 4);
assert.equal(logs.length, 22);
const oldest = await allOf(() => api.auditLogs.list({ ...within, per_page: 10, direction: "asc" }));
assert.deepEqual(oldest.map((log) => log.id), logs.map((log) => log.id).reverse());
assert.deepEqual([oldest[0]?.resource?.id, oldest[0]?.action?.result], [store.id, true]);
const actor = oldest[0]?.actor;
assert.deepEqual([actor?.email, actor?.type, actor?.ip], [EMAIL, "user", "127.0.0.1"]);
assert(time(oldest[0]?.when) >= time(since));
const fourth = oldest[3]?.id ?? "";
const byId = await allOf(() => api.auditLogs.list({ ...within, id: fourth }));
assert.deepEqual(byId.map((log) => log.id), [fourth]);
const updates = await allOf(() => api.auditLogs.list({ ...within, per_page: 2, action: { type: "update" } }), 3);
same(updates.map((log) => log.resource?.id), ids.slice(0, 3));
const byActor = { ...within, actor: { email: EMAIL, ip: "127.0.0.0/8" } };
assert.equal((await allOf(() => api.auditLogs.list(byActor))).length, 21);
const exported = await (await api.auditLogs.list({ ...within, export: true }).asResponse()).text();
assert(!exported.includes("never in a log"));
assert.equal(exported.trim().split("\n").length, 23, exported);
for (const log of logs) {
  assert(exported.includes(log.id ?? "?"), exported);
}

// What the user did that is no account's.
const me = byKey().user;
const user = await me.edit({ first_name: "Grace" });
const userLogs = await allOf(() => me.auditLogs.list({ since, before, per_page: 5 }));
const ofUser = userLogs.filter((log) => log.resource?.id === user.id);
assert.equal(ofUser.length, 1, JSON.stringify(userLogs));
assert.deepEqual([ofUser[0]?.action?.result, ofUser[0]?.actor?.email], [true, EMAIL]);

done({ events: eventIds(events), first: first.id, failure: failure.id });
