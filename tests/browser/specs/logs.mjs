// Live logs: what a Worker prints is hostile, and text.

import assert from "node:assert/strict";
import { ask, deploy, mark, place, scenario, signIn } from "./coffer.mjs";

const LINES = {
  "/markup": `<img src=x onerror=alert(1)></pre></li><script>alert(2)</script><a href="javascript:alert(3)">here</a>`,
  "/terminal": "\u001b[2J\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u202egnp.exe",
  "/long": "x".repeat(30_000),
  "/lines": "one\ntwo\r\nthree\u2028four",
};

const CODE = `const LINES = ${JSON.stringify(LINES)};
export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname === "/thrown") throw new Error("<b>the bank</b> did not answer");
  if (pathname === "/own") console.log("the key is " + env.OWN_KEY);
  else console.log(LINES[pathname] ?? "nothing", { "<i>": pathname }, [1, null]);
  return new Response("answered");
} };`;

await scenario(async (open) => {
  await deploy("talker", CODE, [{ name: "OWN_KEY", type: "secret_text", text: `${mark}-own` }]);
  const window = await open({ viewport: { width: 390, height: 844 } });
  const { page } = window;
  await signIn(window);
  await window.visit(place("workers/talker/logs"));
  const lines = page.getByRole("list", { name: /^Log lines/ }).getByRole("listitem");
  const start = async () => {
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("status").filter({ hasText: "Following" }).waitFor();
  };
  const printed = async (path) => {
    const line = lines.filter({ hasText: `.localhost` }).filter({ hasText: path }).first();
    await line.waitFor();
    return line.locator("pre").textContent();
  };

  await start();
  for (const path of Object.keys(LINES)) {
    await ask("talker", path);
    const told = await printed(path);
    if (path === "/long") assert.ok(told.includes("x".repeat(1000)), path);
    else assert.ok(told.includes(LINES[path]), `${path}: ${JSON.stringify(told)}`);
  }
  assert.equal(await page.locator(".log :is(img, script, a, i, b)").count(), 0);
  assert.ok((await printed("/markup")).includes(`{"<i>":"/markup"} [1,null]`));
  // However long, a line stays in its place.
  await window.look();

  // What is thrown stands out, and its text is text, too.
  await ask("talker", "/thrown");
  assert.match(await printed("/thrown"), /Error: <b>the bank<\/b> did not answer/);
  assert.equal(await lines.first().getAttribute("data-kind"), "bad");

  // A Worker's own secret is taken out.
  await ask("talker", "/own");
  assert.match(await printed("/own"), /the key is REDACTED/);
  await window.look();

  // Paused, and then errors only, and only those with a word.
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("status").filter({ hasText: "Paused" }).waitFor();
  await page.getByLabel("Outcome").selectOption("error");
  await start();
  const before = await lines.count();
  await ask("talker", "/markup?after");
  await ask("talker", "/thrown?after");
  await printed("/thrown?after");
  assert.equal(await lines.count(), before + 1);
  // A filter that is chosen while lines are followed counts at once.
  await page.getByLabel("Outcome").selectOption("");
  await page.getByRole("searchbox").fill("gnp.exe");
  await page.getByRole("searchbox").blur();
  await page.getByRole("status").filter({ hasText: "Following" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("status").filter({ hasText: "Paused" }).waitFor();
  await start();
  await ask("talker", "/lines?last");
  await ask("talker", "/terminal?last");
  await printed("/terminal?last");
  assert.equal(await lines.count(), before + 2);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("status").filter({ hasText: "Paused" }).waitFor();
  await window.look();
});
