// A Worker's requests shared between two versions, against one version that takes them all. Two versions are two
// processes: two Workers of one version each, asked in turn, show what that alone costs.

import { Coffer } from "./coffer.mjs";
import { interleaved } from "./statistics.mjs";
import { loadGet, loadMix } from "./wrk.mjs";

const CONNECTIONS = 16;
const KEYS = 1000;

export async function split(directory, runs, seconds) {
  const coffer = await Coffer.start(directory);
  try {
    await coffer.deploy("whole", answering("first"), []);
    await coffer.deploy("other", answering("first"), []);
    await coffer.deploy("halves", answering("first"), []);
    const first = await deployed(coffer, "halves");
    const second = await coffer.uploadVersion("halves", answering("second"), []);
    await coffer.split("halves", { [first]: 50, [second]: 50 });
    await coffer.answers("whole", "first");
    await coffer.answers("other", "first");
    await coffer.answers("halves", "first", "second");
    const common = { url: coffer.workersUrl, connections: CONNECTIONS, seconds, pids: coffer.pids };
    // A client with a key stays with a version.
    const keyed = Array.from({ length: KEYS }, (_, number) => ({
      host: "halves.dev.localhost",
      headers: { "Cloudflare-Workers-Version-Key": `user-${number}` },
    }));
    return await interleaved(
      {
        "one version": () => loadGet({ ...common, host: "whole.dev.localhost" }),
        "two Workers, unshared": () => loadMix({ ...common, requests: [{ host: "whole.dev.localhost" }, { host: "other.dev.localhost" }] }),
        "50 / 50": () => loadGet({ ...common, host: "halves.dev.localhost" }),
        "50 / 50, by key": () => loadMix({ ...common, requests: keyed }),
      },
      runs,
    );
  } finally {
    await coffer.stop();
  }
}

const answering = (text) => `export default { fetch() { return new Response("${text}"); } };`;

// The id of the version that has all of a Worker's requests.
async function deployed(coffer, name) {
  const { deployments } = await coffer.call("GET", `/workers/scripts/${name}/deployments`);
  return deployments[0].versions[0].version_id;
}
