// A Coffer of its own for a measurement.

import { execFileSync } from "node:child_process";
import { request } from "node:http";
import { residentMebibytes, start } from "./processes.mjs";

export const BINARY = "target/release/coffer";

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
    const form = new FormData();
    const metadata = { main_module: "index.js", compatibility_date: "2026-01-01", bindings };
    form.set("metadata", JSON.stringify(metadata));
    form.set("index.js", new File([script], "index.js", { type: "application/javascript+module" }));
    await this.call("PUT", `/workers/scripts/${name}`, form);
    await this.call("POST", `/workers/scripts/${name}/subdomain`, JSON.stringify({ enabled: true }));
  }

  // Milliseconds until a Worker's answer is complete, on a connection of its own.
  timeRequest(host) {
    return new Promise((resolve, reject) => {
      const began = process.hrtime.bigint();
      const sent = request({ port: this.workersPort, host: "127.0.0.1", path: "/", headers: { Host: host }, agent: false }, (response) => {
        response.resume();
        response.on("end", () => {
          if (response.statusCode === 200) resolve(Number(process.hrtime.bigint() - began) / 1e6);
          else reject(new Error(`${host} answered ${response.statusCode}`));
        });
      });
      sent.on("error", reject);
      sent.end();
    });
  }
}
