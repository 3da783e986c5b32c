// Stands in front of a version that is tried: loads it as it would run, and tells its handlers.
import * as tenant from "COFFER_MAIN";

const KNOWN = ["fetch", "scheduled", "queue", "email", "tail", "tailStream", "trace"];

export default {
  fetch() {
    const subject = tenant.default;
    const has = (name) => {
      try {
        return typeof subject?.[name] === "function" || typeof subject?.prototype?.[name] === "function";
      } catch {
        return false;
      }
    };
    return new Response(KNOWN.filter(has).join(" "));
  },
};
