// What pages of other origins try with the browser of someone who is signed in: forms, requests, frames, windows and
// links. One is of the same site (another port), one of another; neither changes anything or sees anything.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { accountId, administrator, api, createSecrets, member, origin, place, scenario, secrets, signIn, text } from "./coffer.mjs";

// Serves the page that was last put there.
async function attacker() {
  const site = { html: "" };
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(`<!doctype html><title>other</title><body>${site.html}`));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  site.origins = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
  site.close = () => server.close();
  return site;
}

const form = (path, fields) => {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
  return `<form method="post" action="${origin}${path}">${inputs.join("")}<button>Win</button></form>`;
};

await scenario(async (open) => {
  const [{ id }] = await createSecrets({ name: "BILLING_KEY", comment: "as it was" });
  const mallory = await member("mallory@example.com", "Secrets Store Reporter");
  const site = await attacker();
  try {
    const window = await open({ others: site.origins });
    const { page } = window;
    await signIn(window);
    await window.visit(place("secrets-store/create"));
    const form_token = await page.locator('input[name="form_token"]').first().inputValue();
    const edit = place(`secrets-store/secrets/${id}/edit`);
    const forms = [
      form("/sign-out", { form_token }),
      form(edit, { form_token, comment: "of mallory", "scope-1": "workers", scope: "workers" }),
      form(place("settings/name"), { form_token, name: "of mallory" }),
      form("/profile/sessions/end", { form_token }),
      // Signing the victim in as someone else.
      form("/sign-in", { email: mallory.email, password: mallory.password, to: "/" }),
    ];
    const session = async () => JSON.stringify(await window.session());
    const before = await session();
    const unchanged = async (what) => {
      assert.equal(await session(), before, what);
      assert.deepEqual(Object.keys(await secrets()), ["BILLING_KEY"], what);
      assert.equal((await secrets()).BILLING_KEY.comment, "as it was", what);
      assert.notEqual((await api("GET", "")).name, "of mallory", what);
    };

    for (const other of site.origins) {
      // Forms, even with the victim's own token.
      for (const html of forms) {
        site.html = html;
        await page.goto(`${other}/`);
        const [response] = await Promise.all([page.waitForResponse((one) => one.request().method() === "POST"), page.getByRole("button").click()]);
        await page.waitForLoadState();
        assert.ok([303, 403].includes(response.status()), `${response.status()}: ${html}`);
        assert.ok(/Refused|Sign in/.test(await text(page)), await text(page));
        await unchanged(`${other}: ${html}`);
      }

      // Requests of a script: neither sent with effect nor their answers read.
      site.html = "";
      await page.goto(`${other}/`);
      const api_path = `${origin}/client/v4/accounts/${accountId}`;
      const told = await page.evaluate(async ([origin, api_path, list]) => {
        const ask = async (url, options) => {
          try {
            const response = await fetch(url, { credentials: "include", ...options });
            return await response.text();
          } catch (error) {
            return error.name;
          }
        };
        const body = JSON.stringify({ name: "of mallory" });
        return Promise.all([
          ask(api_path),
          ask(`${origin}${list}`),
          ask(`${origin}/profile`, { mode: "no-cors" }),
          ask(api_path, { method: "PUT", body, mode: "no-cors" }),
          ask(api_path, { method: "PUT", body, headers: { "content-type": "application/json" } }),
          ask(`${api_path}/secrets_store/stores`, { method: "POST", body, mode: "no-cors" }),
        ]);
      }, [origin, api_path, place("secrets-store")]);
      // Where a request may be sent without asking, its answer is an empty one.
      assert.ok(told.every((one) => one === "TypeError" || one === ""), JSON.stringify(told));
      await unchanged(`requests of ${other}`);

      // Frames: the page is not shown in one, so nobody is led to press what is under it.
      site.html = `<iframe src="${origin}${place("secrets-store")}"></iframe>`;
      await page.goto(`${other}/`);
      const [, frame] = page.frames();
      await frame.waitForLoadState().catch(() => {});
      assert.equal(await frame.getByText("Secrets Store").count().catch(() => 0), 0);
      assert.match(frame.url(), /^(chrome-error:|about:blank)/);

      // Windows: the one who opens a page keeps no hold of it.
      site.html = `<button onclick="window.victim = window.open('${origin}${place("secrets-store")}')">Open</button>`;
      await page.goto(`${other}/`);
      const [victim] = await Promise.all([page.waitForEvent("popup"), page.getByRole("button").click()]);
      await victim.getByRole("heading", { name: "Secrets Store", level: 1 }).waitFor();
      assert.equal(await victim.evaluate(() => window.opener), null);
      await victim.close();

      // Links lead to the page that they name, for whoever is signed in.
      site.html = `<a href="${origin}${place(`secrets-store/secrets/${id}`)}">Look</a>`;
      await page.goto(`${other}/`);
      await page.getByRole("link").click();
      await page.getByRole("heading", { name: "BILLING_KEY", level: 1 }).waitFor();
      await window.look();
    }

    // Links to sign in that go on to elsewhere: signing in ends on a page of this server.
    for (const to of [`${site.origins[1]}/`, `//${new URL(site.origins[1]).host}/`, "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"]) {
      const guest = await open({ others: site.origins });
      await signIn(guest, administrator, `/sign-in?to=${encodeURIComponent(to)}`);
      assert.equal(new URL(guest.page.url()).origin, origin, to);
      await guest.close();
    }
    const guest = await open({ others: site.origins });
    assert.equal(await guest.visit(`${origin}//${new URL(site.origins[1]).host}/secrets-store`), 404);
    assert.equal(new URL(guest.page.url()).origin, origin);
  } finally {
    site.close();
  }
});
