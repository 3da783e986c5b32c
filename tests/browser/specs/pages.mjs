// Every page that is asked for by its address, with the name of its pictures.

import { accountId, place } from "./coffer.mjs";

export const DOORWAYS = { "sign-in": "/sign-in", "guide-outside": "/docs" };

// `seeded` are the ids of what `seed()` made.
export function pages({ secret, token }) {
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
    "profile": "/profile",
    "profile-password": "/profile/password",
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
