// What a Worker finds for a secret of a store: `await NAME.get()`, and `await NAME.getMulti(names)` for those of the
// same store. `secret_module.js` and `secret_service_worker.js` hold this text and say what `waitUntil` is.
//
// This runs in the Worker's own isolate, but before any of the Worker's code. Everything used later
// is therefore taken here, and objects that the Worker could have changed are never asked for a method.
// It guards no border: the daemon decides by socket what this process may read.
// Comments have lines of their own, and statements their semicolons: a service worker has all of this on one line.
const { bind, call } = Function.prototype;
const method = bind.bind(call);
const { create, freeze } = Object;
const { isArray } = Array;
const BaseError = Error;
const now = Date.now;
const parse = JSON.parse;
const readText = method(Response.prototype.text);
// Before compatibility date 2022-01-31 the status is a property of the response itself.
const statusProperty = Object.getOwnPropertyDescriptor(Response.prototype, "status");
const readStatus = statusProperty ? method(statusProperty.get) : (response) => response.status;
const wait = scheduler.wait.bind(scheduler);

const UNKNOWN = 0;
const VALUE = 1;
const MISSING = 2;

// As many as a version has bindings: no more could be there.
const MAX_NAMES = COFFER_MAX_NAMES;

// One entry for each secret that the version binds, in the daemon's order.
const entries = [];
let fetchFrom;
let daemon;
let freshness = 0;
let generation = 0;
let attemptedAt = 0;
let reportPlannedAt = 0;

// Asks the daemon for what changed since `generation`, and tells it how often each secret was read.
async function revalidate(time) {
  attemptedAt = time;
  const told = create(null);
  let url = `http://coffer/?since=${generation}`;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    if (entry.reads > 0) {
      told[index] = entry.reads;
      url += `&${index}=${entry.reads}${entry.state === UNKNOWN ? "n" : ""}`;
      entry.reads = 0;
    }
  }
  try {
    const response = await fetchFrom(daemon, url);
    const status = readStatus(response);
    if (status === 200) {
      apply(parse(await readText(response)));
    } else if (status !== 204) {
      throw status;
    }
  } catch {
    // The secrets at hand stay valid; the reads are told with the next attempt.
    for (let index = 0; index < entries.length; index++) {
      entries[index].reads += told[index] ?? 0;
    }
  }
}

function apply(answer) {
  const newer = answer[0] >= generation;
  const changes = answer[1];
  for (let at = 0; at < changes.length; at++) {
    const change = changes[at];
    const entry = entries[change[0]];
    // Answers may overtake each other; an older one only fills gaps.
    if (newer || entry.state === UNKNOWN) {
      entry.state = change[1];
      entry.value = change[2];
    }
  }
  if (newer) {
    generation = answer[0];
  }
}

// Reads that no later one reports: they are told after the window, by the request that made them.
function planReport(time) {
  if (time - reportPlannedAt < 2 * freshness) {
    return;
  }
  reportPlannedAt = time;
  try {
    waitUntil(report());
  } catch {
    // Outside a request there is nothing that could wait; the next read reports.
  }
}

async function report() {
  await wait(freshness);
  // A read from now on may need another one.
  reportPlannedAt = 0;
  for (let index = 0; index < entries.length; index++) {
    if (entries[index].reads > 0) {
      await revalidate(now());
      return;
    }
  }
}

// Whether the daemon must be asked before this entry is read.
function isStale(entry, time) {
  return entry.state === UNKNOWN || time - attemptedAt >= freshness || time < attemptedAt;
}

function outcome(entry) {
  if (entry.state === VALUE) {
    return entry.value;
  }
  throw new BaseError(
    entry.state === MISSING ? `Secret "${entry.name}" not found` : "Secrets Store unavailable",
  );
}

async function read(entry) {
  entry.reads++;
  const time = now();
  if (isStale(entry, time)) {
    await revalidate(time);
  } else {
    planReport(time);
  }
  return outcome(entry);
}

// The secrets that are there, by name. A name that the version is not bound to is like one that is not there.
async function readMulti(store, names) {
  if (!isArray(names)) {
    throw new BaseError("getMulti() takes an array of secret names");
  }
  const count = names.length;
  if (count > MAX_NAMES) {
    throw new BaseError(`getMulti() takes at most ${MAX_NAMES} names`);
  }
  const asked = create(null);
  for (let at = 0; at < count; at++) {
    const name = names[at];
    if (typeof name !== "string") {
      throw new BaseError("getMulti() takes an array of secret names");
    }
    const entry = entryOf(store, name);
    if (entry !== undefined) {
      asked[name] = entry;
    }
  }
  const time = now();
  let any = false;
  let stale = false;
  for (const name in asked) {
    asked[name].reads++;
    any = true;
    stale = stale || isStale(asked[name], time);
  }
  if (stale) {
    await revalidate(time);
  } else if (any) {
    planReport(time);
  }
  const found = create(null);
  for (const name in asked) {
    if (asked[name].state !== MISSING) {
      found[name] = outcome(asked[name]);
    }
  }
  return freeze(found);
}

function entryOf(store, name) {
  for (let index = 0; index < entries.length; index++) {
    if (entries[index].store === store && entries[index].name === name) {
      return entries[index];
    }
  }
  return undefined;
}

// Called once for each binding, before the Worker's code is loaded.
function bindSecret(env) {
  daemon = env.daemon;
  fetchFrom = method(env.daemon.fetch);
  freshness = +env.freshness;
  const { name, store } = env;
  if (entryOf(store, name) === undefined) {
    entries.push({ name, store, state: UNKNOWN, value: undefined, reads: 0 });
  }
  const entry = entryOf(store, name);
  const get = freeze(() => read(entry));
  const getMulti = freeze((names) => readMulti(store, names));
  return freeze({ get, getMulti });
}
