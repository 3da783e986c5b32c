// Put before a script whose version binds secrets of a store: makes the variables that they are found in. The runtime
// wraps no bindings of scripts.
(() => {
  "use strict";
  const from = globalThis["COFFER_DAEMON"];
  delete globalThis["COFFER_DAEMON"];
  // Any event lets the request that is being answered wait; the first one is kept. Only a script that listens for
  // requests is given one more listener for them.
  let event;
  const add = globalThis.addEventListener.bind(globalThis);
  const note = (first) => {
    event ??= first;
  };
  let noted = false;
  globalThis.addEventListener = (type, ...rest) => {
    if (type === "fetch" && !noted) {
      noted = true;
      add("fetch", note);
    }
    return add(type, ...rest);
  };
  const waitUntil = (promise) => event.waitUntil(promise);
  COFFER_SECRET;
  for (const [binding, store, name] of COFFER_BINDINGS) {
    globalThis[binding] = bindSecret({ daemon: from, store, name, freshness: COFFER_FRESHNESS });
  }
})();
