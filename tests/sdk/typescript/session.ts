// What every script stands on: clients of the server that it drives, which count what they send, and refusals.

import assert from "node:assert/strict";
import Cloudflare, { APIError } from "cloudflare";

export const ACCOUNT = variable("COFFER_ACCOUNT_ID");
export const EMAIL = variable("COFFER_EMAIL");
export const NOWHERE = "0".repeat(32);

// More than any listing of the scripts has: one that never ends fails instead of hanging.
const ENDLESS = 10_000;

/** Methods and addresses of all requests so far. */
const sent: string[] = [];

type Proof = { apiToken: string } | { apiEmail: string; apiKey: string };

/** A client with this proof of who it is. */
export function client(proof: Proof): Cloudflare {
  return new Cloudflare({
    ...proof,
    baseURL: variable("COFFER_API_BASE_URL"),
    fetch: (input, init) => {
      sent.push(`${init?.method ?? "GET"} ${input}`);
      return fetch(input, init);
    },
  });
}

/** The administrator, with the API token. */
export function byToken(): Cloudflare {
  return client({ apiToken: variable("COFFER_API_TOKEN") });
}

/** The administrator, with the global API key. */
export function byKey(): Cloudflare {
  return client({ apiEmail: EMAIL, apiKey: variable("COFFER_GLOBAL_API_KEY") });
}

/** What a call resolves to, and the requests that the SDK sent for it. */
export async function sentBy<Result>(call: () => PromiseLike<Result>): Promise<[Result, string[]]> {
  const before = sent.length;
  const result = await call();
  return [result, sent.slice(before)];
}

/** Every item of a listing that the SDK follows to its end, each once, in as many requests. */
export async function allOf<Item extends { id?: string }>(
  listing: () => AsyncIterable<Item>,
  requests?: number,
): Promise<Item[]> {
  const before = sent.length;
  const items: Item[] = [];
  for await (const item of listing()) {
    assert(items.push(item) < ENDLESS, "the listing does not end");
  }
  const ids = items.map((item) => item.id);
  assert.equal(new Set(ids).size, ids.length, `an item comes twice: ${ids}`);
  if (requests !== undefined) {
    assert.equal(sent.length - before, requests, `${sent.slice(before)}`);
  }
  return items;
}

/** Asserts that two lists have the same elements, in whichever order. */
export function same<Element>(found: Iterable<Element>, expected: Iterable<Element>): void {
  assert.deepEqual([...found].sort(), [...expected].sort());
}

type Kind = new (...parameters: any[]) => APIError;

/** The message of a refusal of this kind, with this code, that the SDK does not try again. */
export async function refused(
  kind: Kind,
  code: number,
  call: () => PromiseLike<unknown>,
  pointer?: string,
): Promise<string> {
  const before = sent.length;
  try {
    await call();
  } catch (error) {
    assert(error instanceof APIError, `${error}`);
    assert.equal(error.constructor, kind, `${error}`);
    assert.equal(sent.length, before + 1, `sent ${sent.length - before} times: ${error}`);
    const first = error.errors[0];
    assert.equal(first?.code, code, `${error}`);
    if (pointer !== undefined) {
      assert.equal(first.source?.pointer, pointer, `${error}`);
    }
    assert(first.message);
    return first.message;
  }
  assert.fail(`not refused with ${kind.name} ${code}`);
}

/** Says what was found, for the test that started the script. */
export function done(summary: object): void {
  console.log(JSON.stringify(summary));
}

/** A time of the API, as milliseconds. */
export function time(text: string | undefined): number {
  assert.match(text ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  return Date.parse(text ?? "");
}

function variable(name: string): string {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
}
