// Stands in front of a version that the clock runs: calls its handler, waits for all that it leaves to be done,
// and tells how it went.
import * as tenant from "COFFER_MAIN";

export default {
  async fetch(request, env, context) {
    const { cron, scheduledTime } = await request.json();
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
    if (typeof subject?.scheduled !== "function") return new Response(null, { status: 404 });
    let failed = false;
    const fail = (error) => {
      failed = true;
      console.error(error?.stack ?? String(error));
    };
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
