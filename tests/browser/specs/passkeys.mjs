// Passkeys: one is added, signs in to the page that was asked for, and is refused when it was copied or removed. The
// authenticator is Chromium's virtual one, which finds out who uses it as a phone does.

import assert from "node:assert/strict";
import { administrator, origin, place, scenario, signIn, text } from "./coffer.mjs";

// The authenticator of a window, and what is told to it.
async function plugIn({ context, page }) {
  const devtools = await context.newCDPSession(page);
  const tell = (what, more = {}) => devtools.send(`WebAuthn.${what}`, more);
  await tell("enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await tell("addVirtualAuthenticator", { options });
  return {
    credentials: async () => (await tell("getCredentials", { authenticatorId })).credentials,
    add: (credential) => tell("addCredential", { authenticatorId, credential }),
    clear: () => tell("clearCredentials", { authenticatorId }),
    verifiesUsers: (isUserVerified) => tell("setUserVerified", { authenticatorId, isUserVerified }),
  };
}

async function begin(page, name) {
  await page.getByRole("link", { name: "Add passkey" }).click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("textbox", { name: "Name" }).fill(name);
  await panel.getByLabel("Password").fill(administrator.password);
  await panel.getByRole("button", { name: "Continue" }).click();
  await panel.getByRole("button", { name: "Create passkey" }).waitFor();
  return panel;
}

async function signOut(page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
}

// The cookie of the session, if there is one.
async function session({ context }) {
  const cookies = await context.cookies();
  return cookies.find(({ name }) => name.endsWith("coffer_session"))?.value;
}

const askForPasskey = (page) => page.getByRole("button", { name: "Use a passkey" }).click();

await scenario(async (open) => {
  const window = await open();
  const { page } = window;
  const authenticator = await plugIn(window);
  await signIn(window, administrator, "/profile");
  await page.getByRole("heading", { name: "No passkeys yet" }).waitFor();

  // The password is asked for first; a wrong one is told beside its field.
  await page.getByRole("link", { name: "Add passkey" }).click();
  await page.getByRole("dialog").getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").waitFor();
  await window.look();
  await page.keyboard.press("Escape");

  const name = `<b>Laptop</b> & "phone"`;
  const panel = await begin(page, name);
  await window.look();
  await panel.getByRole("button", { name: "Create passkey" }).click();
  await page.waitForURL(/done=passkey-added/);
  await page.getByRole("cell", { name, exact: true }).waitFor();
  await window.look();
  const [credential] = await authenticator.credentials();
  assert.equal(credential.isResidentCredential, true);
  assert.equal(credential.rpId, "localhost");

  // One device has one of them.
  const again = await begin(page, "Again");
  await again.getByRole("button", { name: "Create passkey" }).click();
  await again.getByText("has a passkey of yours").waitFor();
  await window.look();
  await page.keyboard.press("Escape");

  // It signs in, in place of the password, to the page that was asked for.
  const before = await session(window);
  assert.ok(before);
  await signOut(page);
  await window.visit(place("audit-log"));
  await askForPasskey(page);
  await page.waitForURL(/audit-log$/);
  const after = await session(window);
  assert.ok(after && after !== before);
  await window.look();
  await window.visit("/profile");
  assert.doesNotMatch(await page.getByRole("row", { name: "Laptop" }).innerText(), /never/);

  // It is not used without finding out who uses it.
  await signOut(page);
  await authenticator.verifiesUsers(false);
  await askForPasskey(page);
  await page.getByText("No passkey was used").waitFor();
  await window.look();
  await authenticator.verifiesUsers(true);

  // A copy that counted less is refused, with the way out.
  const [counted] = await authenticator.credentials();
  await authenticator.clear();
  await authenticator.add({ ...counted, signCount: 0 });
  await askForPasskey(page);
  await page.getByText("a copy of it may be in use").waitFor();
  await window.look();
  await authenticator.clear();
  await authenticator.add({ ...counted, signCount: counted.signCount + 10 });
  await askForPasskey(page);
  await page.waitForURL((url) => url.pathname !== "/sign-in" && url.pathname !== "/sign-in/passkey");

  // It is renamed and removed, and signs in no more.
  await window.visit("/profile");
  await page.getByRole("link", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Old laptop");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "Old laptop", exact: true }).waitFor();
  await page.getByRole("link", { name: "Remove Old laptop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.waitForURL(/done=passkey-removed/);
  await window.look();
  await signOut(page);
  await askForPasskey(page);
  await page.getByText("It may have been removed").waitFor();
  await window.look();
  assert.equal(await session(window), undefined);
  await signIn(window);

  // At an address without a name, and without a script, there is the password.
  const elsewhere = await open({ origin: origin.replace("localhost", "127.0.0.1") });
  await elsewhere.visit("/sign-in");
  assert.doesNotMatch(await text(elsewhere.page), /passkey/i);
  const plain = await open({ javaScriptEnabled: false });
  await signIn(plain, administrator, "/profile");
  assert.equal(await plain.page.getByRole("link", { name: "Add passkey" }).isVisible(), false);
  await plain.page.getByText("with JavaScript on").waitFor();
  await plain.visit("/profile/passkeys/add");
});
