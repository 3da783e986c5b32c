// Every page that is asked for by its address, with the name of its pictures.

import { accountId, place } from "./coffer.mjs";

export const DOORWAYS = { "sign-in": "/sign-in", "guide-outside": "/docs" };

// `seeded` are the ids of what `seed()` made.
export function pages({ secret, worker, project, version, token }) {
  const billing = `secrets-store/secrets/${secret.DATABASE_URL}`;
  return {
    "secrets": place("secrets-store"),
    "secrets-found": place("secrets-store?search=database&order=-modified"),
    "secrets-none": place("secrets-store?search=nothing+like+it"),
    "secret": place(billing),
    "secret-create": place("secrets-store/create"),
    "secret-duplicate": place(`${billing}/duplicate`),
    "secret-edit": place(`${billing}/edit`),
    "secret-delete": place(`${billing}/delete`),
    "workers": place("workers"),
    "worker": place(`workers/${worker}`),
    "worker-deployments": place(`workers/${worker}/deployments`),
    "worker-version": place(`workers/${worker}/versions/${version}`),
    "worker-deploy": place(`workers/${worker}/deploy`),
    "worker-logs": place(`workers/${worker}/logs`),
    "worker-settings": place(`workers/${worker}/settings`),
    "worker-variables": place(`workers/${worker}/settings/variables`),
    "worker-import": place(`workers/${worker}/settings/import`),
    "worker-bindings": place(`workers/${worker}/settings/bindings`),
    "worker-delete": place(`workers/${worker}/delete`),
    "project": place(`pages/${project}`),
    "project-settings": place(`pages/${project}/settings`),
    "project-variables": place(`pages/${project}/settings/variables`),
    "project-import": place(`pages/${project}/settings/import`),
    "members": place("members"),
    "member-invite": place("members/invite"),
    "tokens": place("api-tokens"),
    "token": place(`api-tokens/${token}`),
    "token-create": place("api-tokens/create"),
    "token-roll": place(`api-tokens/${token}/roll`),
    "audit-log": place("audit-log"),
    "audit-log-found": place("audit-log?search=DATABASE_URL"),
    "audit-log-integrity": place("audit-log/integrity"),
    "account": place("settings"),
    "account-name": place("settings/name"),
    "account-subdomain": place("settings/subdomain"),
    "device": "/device",
    "profile": "/profile",
    "profile-password": "/profile/password",
    "profile-passkeys": "/profile/passkeys/add",
    "profile-sessions": "/profile/sessions/end",
    "profile-global-key": "/profile/global-key/view",
    "guide": "/docs",
    "guide-page": "/docs/getting-started",
    "guide-found": "/docs?search=rotate",
    "keys": "/keys",
    "not-found": `/${accountId}/nowhere`,
    "not-permitted": "/0123456789abcdef0123456789abcdef/secrets-store",
  };
}
