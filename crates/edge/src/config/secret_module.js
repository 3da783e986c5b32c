// The internal module behind the bindings of store secrets.
import workers from "cloudflare-internal:workers";

const waitUntil = workers.waitUntil.bind(workers);

COFFER_SECRET;

export default bindSecret;
