// Signing in a terminal: `coffer login` waits, its user approves in the browser, and takes the token back there.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { administrator, origin, scenario, signIn } from "./coffer.mjs";

const home = mkdtempSync(join(tmpdir(), "coffer-login-"));
const env = { HOME: home, XDG_CONFIG_HOME: join(home, "config") };

function coffer(...args) {
  return spawn(process.env.COFFER_BINARY, args, { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
}

// What a command printed, and how it ended.
async function ended(child) {
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (data) => (printed += data));
  const [code] = await once(child, "close");
  return { code, printed };
}

// Begins a login, and gives the place of its page.
async function begin() {
  const child = coffer("login", "--no-browser", "--api-url", origin);
  const [line] = await once(createInterface({ input: child.stderr }), "line");
  const { pathname, search } = new URL(line.replace(/^Open /, ""));
  return { end: ended(child), place: pathname + search, code: search.replace("?code=", "") };
}

await scenario(async (open) => {
  try {
    const window = await open();
    const { page } = window;
    const first = await begin();
    // Whoever is not signed in is asked to, and comes back to the page.
    await signIn(window, administrator, first.place);
    await page.getByRole("heading", { name: "Sign in a device" }).waitFor();
    await page.getByText(first.code, { exact: true }).waitFor();
    await page.getByText(/Approve only if you started/).waitFor();
    await window.look();
    await page.getByRole("button", { name: "Deny" }).click();
    await page.getByText(/The device was denied/).waitFor();
    await window.look();
    assert.equal((await first.end).code, 4);

    const second = await begin();
    await window.visit("/device");
    await window.look();
    await page.getByLabel("Code").fill("BBBB-BBBB");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("alert").waitFor();
    await window.look();
    await page.getByLabel("Code").fill(second.code.toLowerCase().replace("-", " "));
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText(/The device is signed in/).waitFor();
    const login = await second.end;
    assert.equal(login.code, 0, login.printed);
    const who = await ended(coffer("whoami"));
    assert.equal(who.code, 0, who.printed);
    assert.ok(who.printed.includes(administrator.email), who.printed);

    await window.visit("/profile/api-tokens");
    await page.getByRole("link", { name: /^coffer login on/ }).first().click();
    const panel = page.getByRole("dialog");
    await panel.getByRole("link", { name: /Delete/ }).click();
    await panel.getByRole("button", { name: /Delete/ }).click();
    await page.getByText("The token was deleted.").waitFor();
    assert.equal((await ended(coffer("whoami"))).code, 4);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
