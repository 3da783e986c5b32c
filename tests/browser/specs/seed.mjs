// What an account looks like in use: secrets, Workers with versions, deployments and traffic, people, tokens, events.

import { accountId, api, ask, createSecrets, deploy, member, store, uploadVersion } from "./coffer.mjs";

const SECRETS = [
  ["STRIPE_API_KEY", "Live key, rotated each quarter by the billing team"],
  ["STRIPE_WEBHOOK_SECRET", "Signs what Stripe sends to /webhooks/stripe"],
  ["DATABASE_URL", "Read-write, through the pooler", ["workers", "containers"]],
  ["DATABASE_URL_READONLY", ""],
  ["SENTRY_DSN", "One for all services"],
  ["GITHUB_WEBHOOK_SECRET", ""],
  ["GITHUB_APP_PRIVATE_KEY", "PEM; expires in March"],
  ["OPENAI_API_KEY", "Project key with a monthly limit", ["workers", "ai_gateway"]],
  ["ANTHROPIC_API_KEY", "", ["ai_gateway"]],
  ["SMTP_PASSWORD", "mail.example.com, user postmaster"],
  ["JWT_SIGNING_KEY", "Rotate together with JWT_SIGNING_KEY_PREVIOUS"],
  ["JWT_SIGNING_KEY_PREVIOUS", "Still accepted until every session of the old key has ended"],
  ["SESSION_COOKIE_KEY", ""],
  ["SLACK_BOT_TOKEN", "#alerts and #deploys"],
  ["TWILIO_AUTH_TOKEN", "Text messages of the second factor"],
  ["S3_ACCESS_KEY_ID", "Backups"],
  ["S3_SECRET_ACCESS_KEY", "Backups"],
  ["CDN_PURGE_TOKEN", ""],
  ["SEARCH_ADMIN_KEY", "Writes to the index"],
  ["SEARCH_QUERY_KEY", "May be seen by browsers", ["workers", "websearch"]],
  ["MAPS_API_KEY", ""],
  ["FEATURE_FLAGS_SDK_KEY", "Production environment"],
  ["DATADOG_API_KEY", "Metrics of the edge"],
  ["PAGERDUTY_ROUTING_KEY", "Whoever is on call"],
  ["GOOGLE_OAUTH_CLIENT_SECRET", "Sign-in with Google"],
  ["MICROSOFT_ENTRA_CLIENT_SECRET", "Sign-in with Microsoft; valid for two years"],
  ["WEBHOOK_SIGNING_KEY_OF_THE_PARTNER_INTEGRATION_FOR_INVOICES_IN_THE_NORDIC_COUNTRIES", "Shared with the partner, who has it in their own store"],
  ["EXCHANGE_RATES_API_KEY", ""],
  ["PDF_RENDERER_TOKEN", "Used by the invoices Worker only"],
  ["INTERNAL_API_TOKEN", "Between our own services"],
];

const ANSWER = `export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  console.log(request.method, pathname);
  if (pathname === "/error") throw new Error("the upstream did not answer in time");
  for (const one of Object.values(env)) if (one.get) await one.get();
  return Response.json({ at: pathname });
} };`;

// The names of secrets that each Worker is bound to.
const WORKERS = {
  "checkout": ["STRIPE_API_KEY", "DATABASE_URL", "SENTRY_DSN"],
  "webhooks": ["STRIPE_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET", "DATABASE_URL"],
  "sign-in": ["JWT_SIGNING_KEY", "JWT_SIGNING_KEY_PREVIOUS", "DATABASE_URL_READONLY"],
  "search": ["SEARCH_QUERY_KEY"],
  "invoices-of-the-partner-integration": ["PDF_RENDERER_TOKEN", "DATABASE_URL_READONLY"],
  "status-page": [],
};

const PROJECT = {
  name: "handbook",
  production_branch: "main",
  deployment_configs: {
    production: {
      env_vars: {
        SEARCH_INDEX: { type: "plain_text", value: "handbook-2026" },
        ANALYTICS_KEY: { type: "secret_text", value: "a value of its own" },
      },
    },
    preview: { env_vars: { SEARCH_INDEX: { type: "plain_text", value: "handbook-drafts" } } },
  },
};

// Fills the account, and gives the ids that pages are found by.
export async function seed() {
  const all = SECRETS.map(([name, comment, scopes = ["workers"]]) => ({ name, comment, scopes }));
  const created = await createSecrets(...all);
  const secret = Object.fromEntries(created.map(({ name, id }) => [name, id]));
  const versions = await workers();
  await api("POST", "/pages/projects", PROJECT);
  await people();
  const token = await tokens();
  return { secret, worker: "checkout", project: PROJECT.name, version: versions.at(-1), token };
}

async function workers() {
  const { id: store_id } = await store();
  const bound = (names) => names.map((name) => ({ name, type: "secrets_store_secret", store_id, secret_name: name }));
  for (const [worker, names] of Object.entries(WORKERS)) {
    const own = [
      { name: "ENVIRONMENT", type: "plain_text", text: "production" },
      { name: "LIMITS", type: "json", json: { requests: 100, seconds: 10 } },
      { name: "COOKIE_KEY", type: "secret_text", text: "a value of its own" },
    ];
    await deploy(worker, ANSWER, [...bound(names), ...own], { annotations: { "workers/message": "First version" } });
  }
  const messages = ["Show prices with tax", "Ask the bank again after a timeout", "Keep the basket for a week"];
  const versions = [];
  for (const message of messages) {
    const annotations = { "workers/message": message, "workers/tag": `v1.${versions.length}` };
    versions.push(await uploadVersion("checkout", `${ANSWER} // ${message}`, bound(WORKERS.checkout), { annotations }));
  }
  const split = (...shares) => ({
    strategy: "percentage",
    versions: shares.map(([version_id, percentage]) => ({ version_id, percentage })),
  });
  await api("POST", "/workers/scripts/checkout/deployments", split([versions[0], 100]));
  await api("POST", "/workers/scripts/checkout/deployments", split([versions[0], 90], [versions[1], 10]));
  for (const worker of Object.keys(WORKERS)) {
    const asked = worker === "checkout" ? 60 : 12;
    for (let index = 0; index < asked; index += 1) await ask(worker, index % 9 === 8 ? "/error" : `/orders/${index}`);
  }
  return versions;
}

async function people() {
  await member("ada.lovelace@example.com", "Secrets Store Admin");
  await member("grace.hopper@example.com", "Workers Platform Admin", "Secrets Store Deployer");
  await member("katherine.johnson@example.com", "Audit Logs Viewer");
  await member("margaret.hamilton.with-a-very-long-address@engineering.subsidiary.example.com", "Secrets Store Reporter");
  const roles = await api("GET", "/roles?per_page=50");
  const reporter = roles.find(({ name }) => name.startsWith("Secrets Store Reporter"));
  await api("POST", "/members", { email: "barbara.liskov@example.com", roles: [reporter.id] });
}

async function tokens() {
  const groups = await api("GET", "/tokens/permission_groups");
  const resources = { [`com.cloudflare.api.account.${accountId}`]: "*" };
  const make = (name, group, more = {}) => {
    const permission_groups = groups.filter((one) => group.test(one.name)).map(({ id }) => ({ id }));
    return api("POST", "/tokens", { name, policies: [{ effect: "allow", permission_groups, resources }], ...more });
  };
  const { id } = await make("Deploys from CI", /^Workers Scripts Write$|^Secrets Store Bind$/);
  await make("Nightly report of unused secrets", /Secrets Store Read$/, { expires_on: "2027-06-30T00:00:00Z" });
  const old = await make("Import of 2025", /Secrets Store (Edit|Write)$/);
  await api("PUT", `/tokens/${old.id}`, { name: old.name, policies: old.policies, status: "disabled" });
  return id;
}
