// A Coffer of its own for a measurement.

import { execFileSync } from "node:child_process";
import { ask } from "./ask.mjs";
import { residentMebibytes, start } from "./processes.mjs";

// Another build may be measured.
export const BINARY = process.env.COFFER ?? "target/release/coffer";

export class Coffer {
  // A new one; `secrets` is how many its account may hold, and Workers answer ten ports above `port`.
  static async start(data, { secrets, port } = {}) {
    const told = Coffer.init(data);
    if (secrets) execFileSync(BINARY, ["admin", "limits", "--data", data, "--secrets", String(secrets)]);
    return Coffer.serve(data, told, port);
  }

  // Makes a new installation and gives what it told.
  static init(data) {
    return JSON.parse(execFileSync(BINARY, ["init", "--json", "--data", data], { encoding: "utf8" }));
  }

  static async serve(data, told, port = 17070) {
    const coffer = new Coffer();
    coffer.token = told.api_token;
    coffer.accountId = told.account_id;
    coffer.administrator = { email: told.email, password: told.password };
    coffer.workersPort = port + 10;
    coffer.apiUrl = `http://127.0.0.1:${port}/client/v4`;
    coffer.workersUrl = `http://127.0.0.1:${coffer.workersPort}/`;
    coffer.process = await start(
      BINARY,
      ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--workers-listen", `127.0.0.1:${coffer.workersPort}`, "--log", "warn"],
      { ready: /ready api=/ },
    );
    coffer.pids = coffer.process.pids;
    return coffer;
  }

  stop() {
    return this.process.stop();
  }

  residentMebibytes() {
    return residentMebibytes(this.process.pid);
  }

  async call(method, path, body, headers = {}) {
    const response = await fetch(`${this.apiUrl}/accounts/${this.accountId}${path}`, {
      method,
      body,
      headers: { Authorization: `Bearer ${this.token}`, ...headers },
    });
    const answer = await response.json();
    if (!answer.success) throw new Error(`${method} ${path}: ${JSON.stringify(answer.errors)}`);
    return answer.result;
  }

  async createStore() {
    const store = await this.call("POST", "/secrets_store/stores", JSON.stringify({ name: "bench" }));
    this.storeId = store.id;
  }

  async createSecret(name, value) {
    const body = JSON.stringify([{ name, value, scopes: ["workers"] }]);
    const [secret] = await this.call("POST", `/secrets_store/stores/${this.storeId}/secrets`, body);
    return secret.id;
  }

  async deploy(name, script, bindings) {
    await this.call("PUT", `/workers/scripts/${name}`, upload(script, bindings));
    await this.call("POST", `/workers/scripts/${name}/subdomain`, JSON.stringify({ enabled: true }));
  }

  // Uploads another version of a Worker and gives its id.
  async uploadVersion(name, script, bindings) {
    const version = await this.call("POST", `/workers/scripts/${name}/versions`, upload(script, bindings));
    return version.id;
  }

  // Shares a Worker's requests between versions: percentages by id.
  async split(name, percentages) {
    const versions = Object.entries(percentages).map(([version_id, percentage]) => ({ version_id, percentage }));
    const body = JSON.stringify({ strategy: "percentage", versions });
    await this.call("POST", `/workers/scripts/${name}/deployments`, body, { "Content-Type": "application/json" });
  }

  // Waits until a Worker has answered with each of these texts.
  async answers(name, ...texts) {
    const missing = new Set(texts);
    for (let attempt = 0; attempt < 2000 && missing.size > 0; attempt += 1) {
      const { status, body } = await this.ask(`${name}.dev.localhost`);
      if (status !== 200 || !missing.delete(String(body))) await new Promise((next) => setTimeout(next, 5));
    }
    if (missing.size > 0) throw new Error(`${name} never answered ${[...missing].join(", ")}`);
  }

  // One request to a Worker and its whole answer, on a connection of its own.
  ask(host, { path = "/", headers = {}, ...rest } = {}) {
    return ask(new URL(path, this.workersUrl), { ...rest, headers: { ...headers, Host: host } });
  }

  // Milliseconds until a Worker's answer is complete, on a connection of its own.
  async timeRequest(host) {
    const began = process.hrtime.bigint();
    const { status } = await this.ask(host);
    if (status !== 200) throw new Error(`${host} answered ${status}`);
    return Number(process.hrtime.bigint() - began) / 1e6;
  }
}

// What a Worker of one module is uploaded as.
function upload(script, bindings) {
  const form = new FormData();
  form.set("metadata", JSON.stringify({ main_module: "index.js", compatibility_date: "2026-01-01", bindings }));
  form.set("index.js", new File([script], "index.js", { type: "application/javascript+module" }));
  return form;
}
