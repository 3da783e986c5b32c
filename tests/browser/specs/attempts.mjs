// Guessing passwords: over the page and the API together, until neither listens any more, to the right one either.

import assert from "node:assert/strict";
import { administrator, api, mark, origin, scenario, signIn, text } from "./coffer.mjs";

// Far more than are let by from one address, which is 20 an hour here.
const MOST_GUESSES = 100;
const AT_ONCE = 10;

// Signs in over the API.
async function guess(password) {
  const body = JSON.stringify({ email: administrator.email, password });
  const headers = { "content-type": "application/json" };
  return fetch(`${origin}/client/v4/user/coffer/sessions`, { method: "POST", headers, body });
}

await scenario(async (open) => {
  const [inside, outside] = [await open(), await open()];
  await signIn(inside);
  const { page } = outside;
  const enter = async (password) => {
    await outside.visit("/sign-in");
    await page.getByLabel("E-mail address").fill(administrator.email);
    await page.getByLabel("Password").fill(password);
    const [response] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === "POST"),
      page.getByRole("button", { name: "Sign in" }).click(),
    ]);
    await page.waitForLoadState();
    await outside.look();
    return response;
  };

  assert.equal((await enter(`${mark} guess`)).status(), 401);
  let refused = 0;
  for (let guesses = 0; refused === 0; guesses += AT_ONCE) {
    assert.ok(guesses < MOST_GUESSES, "guesses go on");
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => guess(`${mark} guess ${guesses + index}`)));
    refused = answers.filter(({ status }) => status === 429).length;
  }

  // Even the right password is refused, with when to try again, and says nothing of itself.
  const response = await enter(administrator.password);
  assert.equal(response.status(), 429);
  assert.ok(Number(response.headers()["retry-after"]) > 0);
  assert.match(await text(page), /Too many attempts[^]*Try again in/);
  assert.deepEqual(await outside.session(), []);
  assert.equal((await guess(administrator.password)).status, 429);
  // The way back is a link away.
  await page.getByRole("link", { name: "Go on to Coffer" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();

  // Whoever is in stays in, and tokens go on.
  await inside.visit("/profile");
  assert.match(await text(inside.page), /Sign out everywhere/);
  await api("GET", "/secrets_store/stores");
});
