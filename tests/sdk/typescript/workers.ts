// Workers: uploaded as forms and in JSON, with their versions, deployments, settings and secrets.

import assert from "node:assert/strict";
import { BadRequestError, ConflictError, NotFoundError, toFile } from "cloudflare";
import { ACCOUNT, NOWHERE, allOf, byToken, done, refused, same } from "./session.ts";

const { workers } = byToken();
const { scripts } = workers;
const ofAccount = { account_id: ACCOUNT };
const type = "application/javascript+module";
const unknown = "01234567-89ab-4cde-8f01-23456789abcd";

/** A module that answers with this text and what it is bound to. */
function answering(text: string, extra = ""): string {
  return `${extra}export default { fetch(_, env) { return Response.json(["${text}", env.VAR, env.KEY]) } }`;
}

/** The files of an upload of two modules. */
function files(text: string): Promise<File>[] {
  return [
    toFile(Buffer.from(answering(text, "import './other.js';\n")), "index.js", { type }),
    toFile(Buffer.from("export default 1"), "other.js", { type }),
  ];
}

const bindings = [
  { name: "VAR", type: "plain_text" as const, text: "variable" },
  { name: "KEY", type: "secret_text" as const, text: "marked typescript value" },
];
const metadata = { main_module: "index.js", compatibility_date: "2026-01-01" };

// A form: every field of the metadata a part of its own, under another Content-Type.
async function upload(name: string, text: string, more: object = {}) {
  return scripts.update(name, { ...ofAccount, metadata: { ...metadata, ...more }, files: await Promise.all(files(text)) });
}
const made = await upload("form", "first", { bindings, tags: ["typescript"] });
assert.deepEqual([made.id, made.has_modules, made.handlers], ["form", true, ["fetch"]]);
assert.deepEqual(await scripts.subdomain.create("form", { ...ofAccount, enabled: true }), {
  enabled: true,
  previews_enabled: true,
});
assert.equal((await scripts.subdomain.get("form", ofAccount)).enabled, true);
assert.equal((await scripts.subdomain.delete("form", ofAccount)).enabled, false);
await scripts.subdomain.create("form", { ...ofAccount, enabled: true });
await refused(BadRequestError, 10021, () => upload("form", "never", { main_module: "none.js" }));
await refused(BadRequestError, 10016, () => upload("No Name", "never"));

// What was uploaded is listed, searched for and given back.
const listed = await allOf(() => scripts.list(ofAccount));
assert.deepEqual(listed.map((one) => [one.id, one.tags]), [["form", ["typescript"]]]);
const found = await scripts.search({ ...ofAccount, name: "or" });
assert.deepEqual(found.map((one) => [one.script_name, one.id]), [["form", listed[0]?.tag]]);
assert.match(await (await scripts.content.get("form", ofAccount)).text(), /first/);
assert.match(await scripts.get("form", ofAccount), /first/);

// New code alone, by metadata and by header.
const code = async (text: string) => [await toFile(Buffer.from(answering(text)), "main.js", { type })];
const replaced = { ...ofAccount, metadata: { main_module: "main.js" }, files: await code("second") };
assert.equal((await scripts.content.update("form", replaced)).id, "form");
assert.match(await scripts.get("form", ofAccount), /second/);
const byHeader = { ...ofAccount, metadata: {}, "CF-WORKER-MAIN-MODULE-PART": "main.js" };
await scripts.content.update("form", { ...byHeader, files: await code("third") });
assert.match(await scripts.get("form", ofAccount), /third/);
await refused(NotFoundError, 10007, () => scripts.content.update("nope", replaced));

// Settings of the Worker, and of its newest version with what it is bound to.
assert.equal((await scripts.settings.edit("form", { ...ofAccount, logpush: true })).logpush, true);
assert.deepEqual((await scripts.settings.get("form", ofAccount)).tags, ["typescript"]);
const both = scripts.scriptAndVersionSettings;
const kept = [
  { name: "VAR", type: "plain_text" as const, text: "edited" },
  { name: "KEY", type: "inherit" as const },
];
const edited = await both.edit("form", {
  ...ofAccount,
  settings: { bindings: kept, compatibility_flags: ["nodejs_compat"] },
});
assert.deepEqual(edited.bindings?.map((one) => one.name), ["VAR", "KEY"]);
const settings = await both.get("form", ofAccount);
assert.deepEqual(
  [settings.compatibility_date, settings.compatibility_flags, settings.logpush],
  ["2026-01-01", ["nodejs_compat"], true],
);
assert.deepEqual(settings.bindings?.[0], { name: "VAR", type: "plain_text", text: "edited" });

// Secrets.
const { secrets } = scripts;
const own = await secrets.update("form", { ...ofAccount, name: "OWN", text: "a value", type: "secret_text" });
assert.deepEqual(own, { name: "OWN", type: "secret_text" });
const two = { name: "TWO", text: "another value", type: "secret_text" as const };
await secrets.bulkUpdate("form", { ...ofAccount, secrets: { OWN: null, TWO: two } });
const names = [];
for await (const one of secrets.list("form", ofAccount)) {
  names.push(one.name);
}
assert.deepEqual(names, ["KEY", "TWO"]);
const ofForm = { ...ofAccount, script_name: "form" };
assert.equal((await secrets.get("TWO", ofForm)).type, "secret_text");
await secrets.delete("TWO", ofForm);
await refused(NotFoundError, 10056, () => secrets.get("TWO", ofForm));

// Cron triggers.
const { schedules } = scripts;
const set = await schedules.update("form", { ...ofAccount, body: [{ cron: "0 3 * * *" }] });
assert.deepEqual(set.schedules.map((one) => one.cron), ["0 3 * * *"]);
assert.deepEqual((await schedules.get("form", ofAccount)).schedules.map((one) => one.cron), ["0 3 * * *"]);
await refused(BadRequestError, 10100, () => schedules.update("form", { ...ofAccount, body: [{ cron: "never" }] }));

// A version, not deployed and then deployed beside the one that serves.
const { deployments, versions } = scripts;
// The SDK expects pages of items here, of which the API has none: the answer is read as it is.
const listing = await (await deployments.list("form", ofAccount).asResponse()).text();
const serving = JSON.parse(listing).result.deployments[0] as { id: string; versions: { version_id: string }[] };
const version = await versions.create("form", {
  ...ofAccount,
  metadata: { ...metadata, keep_bindings: ["plain_text", "secret_text"] },
  files: await Promise.all(files("fourth")),
});
assert(version.id && version.number);
const got = await versions.get(version.id, ofForm);
assert.deepEqual([got.number, got.resources.script?.handlers], [version.number, ["fetch"]]);
const numbers = (await allOf(() => versions.list("form", { ...ofAccount, per_page: 3 }))).map((one) => one.number);
assert.deepEqual(numbers, Array.from({ length: version.number }, (_, index) => (version.number ?? 0) - index));
const split = (first: number, second: number) => ({
  ...ofAccount,
  strategy: "percentage" as const,
  versions: [
    { version_id: serving.versions[0]?.version_id ?? "", percentage: first },
    { version_id: version.id ?? "", percentage: second },
  ],
});
const deployed = await deployments.create("form", split(99.9, 0.1));
assert.deepEqual(deployed.versions.map((one) => one.percentage), [99.9, 0.1]);
await refused(BadRequestError, 10021, () => deployments.create("form", split(50, 0.1)));
assert.equal((await deployments.get(deployed.id, ofForm)).id, deployed.id);
await refused(ConflictError, 1003, () => deployments.delete(deployed.id, ofForm));
await deployments.delete(serving.id, ofForm);
await refused(NotFoundError, 10336, () => deployments.get(serving.id, ofForm));
const whole = [{ version_id: version.id, percentage: 100 }];
await deployments.create("form", { ...ofAccount, strategy: "percentage", versions: whole });

// The newer way: a Worker, then versions in JSON.
const beta = workers.beta.workers;
const worker = await beta.create({ ...ofAccount, name: "json", tags: ["a"], subdomain: { enabled: true } });
assert.deepEqual([worker.name, worker.subdomain.enabled], ["json", true]);
await refused(ConflictError, 10016, () => beta.create({ ...ofAccount, name: "json" }));
const whole_worker = { ...worker, ...ofAccount, logpush: true, tags: ["a", "b"] };
assert.deepEqual((await beta.edit(worker.id, whole_worker)).tags, ["a", "b"]);
const again = { ...ofAccount, name: "json", tags: ["b"], subdomain: { enabled: true } };
assert.equal((await beta.update(worker.id, again)).logpush, false);
assert.deepEqual((await beta.get(worker.id, ofAccount)).tags, ["b"]);
same((await allOf(() => beta.list({ ...ofAccount, per_page: 1 }))).map((one) => one.name), ["form", "json"]);
const versionOf = (text: string) => ({
  ...ofAccount,
  main_module: "index.js",
  modules: [{ name: "index.js", content_type: type, content_base64: Buffer.from(answering(text)).toString("base64") }],
  bindings,
  compatibility_date: "2026-01-01",
});
const first = await beta.versions.create(worker.id, { ...versionOf("json one"), deploy: true });
assert.deepEqual([first.number, first.main_module], [1, "index.js"]);
const second = await beta.versions.create(worker.id, versionOf("json two"));
const both_numbers = await allOf(() => beta.versions.list(worker.id, { ...ofAccount, per_page: 1 }));
assert.deepEqual(both_numbers.map((one) => one.number), [2, 1]);
const ofWorker = { ...ofAccount, worker_id: worker.id };
const shown = await beta.versions.get(second.id, { ...ofWorker, include: "modules" });
assert.equal(Buffer.from(shown.modules?.[0]?.content_base64 ?? "", "base64").toString(), answering("json two"));
assert(!JSON.stringify(shown).includes("marked"));
await refused(ConflictError, 1003, () => beta.versions.delete(first.id, ofWorker));
await beta.versions.delete(second.id, ofWorker);
await refused(NotFoundError, 100146, () => beta.versions.get(second.id, ofWorker));
await refused(NotFoundError, 100146, () => beta.versions.delete(unknown, ofWorker));
await refused(BadRequestError, 10021, () => beta.versions.create(worker.id, { ...versionOf("never"), modules: [] }));

// Custom domains.
const { domains } = workers;
const domain = await domains.update({ ...ofAccount, hostname: "typescript.example.com", service: "form" });
assert.deepEqual([domain.hostname, domain.service], ["typescript.example.com", "form"]);
assert.equal((await domains.get(domain.id ?? "", ofAccount)).zone_id, domain.zone_id);
const other = await domains.update({ ...ofAccount, hostname: "other.example.com", service: "json" });
same((await allOf(() => domains.list(ofAccount))).map((one) => one.id), [domain.id, other.id]);
assert.deepEqual((await allOf(() => domains.list({ ...ofAccount, service: "json" }))).map((one) => one.id), [other.id]);
await domains.delete(other.id ?? "", ofAccount);
await refused(NotFoundError, 1003, () => domains.get(other.id ?? "", ofAccount));
const taken = { ...ofAccount, hostname: "typescript.example.com", service: "json" };
await refused(ConflictError, 100116, () => domains.update(taken));
await refused(BadRequestError, 1001, () => domains.update({ ...taken, hostname: "no host" }));

// What an account has set.
assert.equal((await workers.accountSettings.get(ofAccount)).default_usage_model, "standard");
assert.equal((await workers.accountSettings.update({ ...ofAccount, green_compute: true })).green_compute, true);

// What is deleted is gone.
await upload("gone", "gone");
await scripts.delete("gone", ofAccount);
await refused(NotFoundError, 10007, () => scripts.get("gone", ofAccount));
await beta.create({ ...ofAccount, name: "gone" });
await beta.delete("gone", ofAccount);
await refused(NotFoundError, 10007, () => beta.get("gone", ofAccount));
await refused(NotFoundError, 7003, () => scripts.delete("form", { account_id: NOWHERE }));

done({
  form: ["fourth", "edited", "marked typescript value"],
  json: ["json one", "variable", "marked typescript value"],
});
