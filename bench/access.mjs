// Authorised reads with few and many tokens and members in the database.

import { join } from "node:path";
import { Coffer } from "./coffer.mjs";
import { interleaved } from "./statistics.mjs";
import { loadGetByTokens } from "./wrk.mjs";

const COUNTS = [1, 100, 10_000];
const CONNECTIONS = 8;
const CALLS_AT_ONCE = 64;

// A secret's metadata, read with each of 1, 100 and 10,000 tokens in turn, beside as many members.
export async function reads(directory, runs, seconds) {
  const coffers = [];
  try {
    const cases = {};
    for (const [index, count] of COUNTS.entries()) {
      const coffer = await Coffer.start(join(directory, `access-${count}`), { port: 17070 + 20 * index });
      coffers.push(coffer);
      await coffer.createStore();
      const id = await coffer.createSecret("BENCH", "value");
      const tokens = await fill(coffer, count);
      const url = `${coffer.apiUrl}/accounts/${coffer.accountId}/secrets_store/stores/${coffer.storeId}/secrets/${id}`;
      // The first read with a token looks it up in the database; those after it are measured.
      await several(count, (number) => read(url, tokens[number]));
      cases[`${count} tokens and members`] = () =>
        loadGetByTokens({ url, tokens, connections: CONNECTIONS, seconds, pids: coffer.pids });
    }
    return await interleaved(cases, runs);
  } finally {
    await Promise.all(coffers.map((coffer) => coffer.stop()));
  }
}

// Makes as many tokens and members; gives the tokens.
async function fill(coffer, count) {
  const groups = await coffer.call("GET", "/tokens/permission_groups");
  const group = groups.find(({ name }) => name === "Account Secrets Store Read" || name === "Secrets Store Read");
  const [role] = (await coffer.call("GET", "/roles?per_page=50")).filter(({ name }) => /Secrets Store Reporter/.test(name));
  const policies = [
    { effect: "allow", permission_groups: [{ id: group.id }], resources: { [`com.cloudflare.api.account.${coffer.accountId}`]: "*" } },
  ];
  const json = { "Content-Type": "application/json" };
  const tokens = await several(count, async (number) => {
    const made = await coffer.call("POST", "/tokens", JSON.stringify({ name: `token ${number}`, policies }), json);
    return made.value;
  });
  await several(count, (number) =>
    coffer.call("POST", "/members", JSON.stringify({ email: `user${number}@example.com`, roles: [role.id] }), json),
  );
  return tokens;
}

async function read(url, token) {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  await response.arrayBuffer();
}

// Calls with every number below a count, some at once.
async function several(count, call) {
  const results = [];
  for (let from = 0; from < count; from += CALLS_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(CALLS_AT_ONCE, count - from) }, (_, index) => from + index);
    results.push(...(await Promise.all(numbers.map(call))));
  }
  return results;
}
