// Stands in front of a version that the clock runs: calls its handler, waits for all that it leaves to be done,
// and tells how it went. What is thrown is told to the runtime where that is traced, and printed where not.
import * as tenant from "COFFER_MAIN";

export default {
  async fetch(request, env, context) {
    const { cron, scheduledTime, traced } = await request.json();
    const left = [];
    const waitUntil = context.waitUntil.bind(context);
    Object.defineProperty(context, "waitUntil", {
      value(promise) {
        const one = Promise.resolve(promise);
        left.push(one);
        waitUntil(one.catch(() => {}));
      },
    });
    const controller = { type: "scheduled", cron, scheduledTime, noRetry() {} };
    let subject = tenant.default;
    if (typeof subject === "function") subject = new subject(context, env);
    let failed = false;
    const fail = (error) => {
      failed = true;
      if (traced) waitUntil(Promise.reject(error));
      else console.error(error?.stack ?? String(error));
    };
    if (typeof subject?.scheduled !== "function") {
      if (traced) fail(new Error("Handler does not export a scheduled() function"));
      return new Response(null, { status: 404 });
    }
    try {
      await subject.scheduled(controller, env, context);
    } catch (error) {
      fail(error);
    }
    // What is left to be done may leave more.
    while (left.length > 0) {
      for (const { reason, status } of await Promise.allSettled(left.splice(0))) {
        if (status === "rejected") fail(reason);
      }
    }
    return new Response(null, { status: failed ? 500 : 204 });
  },
};
