// An authenticator app: set up, asked for when signing in, each code once, recovery codes in its place, and removed.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { administrator, scenario, signIn, text } from "./coffer.mjs";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;

// What an app shows for a secret, so many steps from now (RFC 6238).
function code(secret, steps = 0) {
  const bits = [...secret.replace(/[^A-Z2-7]/g, "")].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + steps));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 0xf) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

await scenario(async (open) => {
  const window = await open();
  const { page } = window;
  await signIn(window, administrator, "/profile");
  const panel = page.getByRole("dialog");

  // Set up: the password, then the app's first code.
  await page.getByRole("link", { name: "Set up" }).click();
  await panel.getByLabel("Password").fill("not the password");
  await panel.getByRole("button", { name: "Continue" }).click();
  await panel.getByRole("alert").waitFor();
  await window.look();
  await panel.getByLabel("Password").fill(administrator.password);
  await panel.getByRole("button", { name: "Continue" }).click();
  await panel.getByRole("img", { name: /QR code/ }).waitFor();
  await panel.getByText("Cannot scan it?").click();
  await window.look();
  const secret = await panel.locator("dd code").first().innerText();
  await panel.getByRole("textbox", { name: "Code" }).fill("000000");
  await panel.getByRole("button", { name: "Turn on" }).click();
  await panel.getByRole("alert").waitFor();
  await panel.getByRole("textbox", { name: "Code" }).fill(code(secret));
  await panel.getByRole("button", { name: "Turn on" }).click();
  await panel.getByRole("heading", { name: "Recovery codes" }).waitFor();
  await window.look();
  const recovery = (await panel.locator("pre").innerText()).trim().split("\n");
  assert.equal(new Set(recovery).size, 10);
  await window.follow(() => panel.getByRole("link", { name: "I have kept them" }).click());
  assert.match(await text(page), /10 recovery codes are left/);

  // From then on the password alone opens nothing.
  const firstStep = async (window) => {
    await window.visit("/sign-in");
    await window.page.getByLabel("E-mail address").fill(administrator.email);
    await window.page.getByLabel("Password").fill(administrator.password);
    await window.page.getByRole("button", { name: "Sign in" }).click();
    await window.page.getByRole("heading", { name: "Enter a code" }).waitFor();
    await window.look();
    assert.deepEqual(await window.session(), []);
  };
  const secondStep = async (window, code) => {
    await window.page.getByRole("textbox", { name: "Code" }).fill(code);
    await window.page.getByRole("button", { name: "Sign in" }).click();
  };
  const phone = await open();
  await firstStep(phone);
  await secondStep(phone, "123");
  await phone.page.getByRole("alert").waitFor();
  await phone.look();
  // The clock of the app is a step ahead, as clocks are: the code of now was used to set it up.
  const next = code(secret, 1);
  await secondStep(phone, next);
  await phone.page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await phone.look();

  // A code counts once; a recovery code does in its place, once.
  const other = await open();
  await firstStep(other);
  await secondStep(other, next);
  await other.page.getByRole("alert").waitFor();
  await secondStep(other, recovery[4].toUpperCase());
  await other.page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  await other.visit("/profile");
  assert.match(await text(other.page), /9 recovery codes are left/);
  const third = await open();
  await firstStep(third);
  await secondStep(third, recovery[4]);
  await third.page.getByRole("alert").waitFor();

  // Removed, with the password and a code: the password is enough again.
  await other.page.getByRole("region", { name: /^Authenticator app/ }).getByRole("link", { name: "Remove" }).click();
  const asked = other.page.getByRole("dialog");
  await asked.getByLabel("Password").fill(administrator.password);
  await asked.getByRole("textbox", { name: "Code" }).fill(recovery[4]);
  await asked.getByRole("button", { name: "Remove" }).click();
  await asked.getByRole("alert").waitFor();
  await other.look();
  await asked.getByLabel("Password").fill(administrator.password);
  await asked.getByRole("textbox", { name: "Code" }).fill(recovery[5]);
  await asked.getByRole("button", { name: "Remove" }).click();
  await other.page.waitForURL(/done=/);
  await other.look();
  await signIn(third);
});
