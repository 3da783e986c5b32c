// The audit log: narrowed by filters that are taken away one by one, one event in full, followed live, and downloaded.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createSecrets, mark, member, scenario, secrets, section, signIn, text } from "./coffer.mjs";

await scenario(async (open) => {
  await createSecrets({ name: "BILLING_KEY", comment: "of the billing team" }, { name: "OTHER" });
  await member("ada@example.com", "Secrets Store Reporter");
  const window = await open({ timezoneId: "Asia/Tokyo", acceptDownloads: true });
  const { page } = window;
  await signIn(window);
  await section(page, "Audit log").click();
  await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
  await window.look();
  const rows = page.getByRole("table").getByRole("row");
  const chips = page.getByRole("list", { name: "Filters" }).getByRole("link");
  const all = await rows.count();

  // Times are those of the reader, with the exact one on hover.
  const time = page.getByRole("table").locator("time").first();
  assert.match(await time.innerText(), /now|sec\. ago|min\. ago/);
  assert.match(await time.getAttribute("title"), /GMT\+9/);
  assert.match(await time.getAttribute("datetime"), /Z$/);

  // Filters: each is a chip, and the address has them all.
  await page.getByRole("searchbox").fill("BILLING_KEY");
  await chips.filter({ hasText: "BILLING_KEY" }).waitFor();
  await page.getByLabel("Action", { exact: true }).selectOption("create");
  await chips.filter({ hasText: "Action" }).waitFor();
  await window.look();
  assert.equal(await rows.count(), 1 + 1);
  assert.match(page.url(), /search=BILLING_KEY/);
  await page.reload();
  assert.equal(await rows.count(), 1 + 1);
  await chips.filter({ hasText: "Action" }).click();
  await page.waitForURL((url) => !url.searchParams.get("action"));
  await page.getByRole("link", { name: "Clear all" }).click();
  await page.waitForURL((url) => url.search === "");
  assert.equal(await rows.count(), all);
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByRole("heading", { name: "No event matches" }).waitFor();
  await window.look();

  // One event in full, and nothing of the value.
  await section(page, "Audit log").click();
  await page.getByRole("link", { name: /created the secret BILLING_KEY/ }).click();
  await page.getByRole("heading", { name: /created the secret BILLING_KEY/, level: 1 }).waitFor();
  await window.look();
  assert.match(await text(page), /of the billing team/);

  // Followed: what happens now appears by itself, and stands out.
  await section(page, "Audit log").click();
  await page.getByLabel("Follow").check();
  await createSecrets({ name: "MADE_MEANWHILE" });
  await rows.filter({ hasText: "MADE_MEANWHILE" }).and(page.locator(".new")).waitFor();
  await window.look();
  await page.getByLabel("Follow").uncheck();

  // Downloaded: as the list is narrowed.
  await page.getByRole("searchbox").fill("MADE_MEANWHILE");
  await chips.filter({ hasText: "MADE_MEANWHILE" }).waitFor();
  const download = async (name) => {
    await page.reload();
    await page.getByText("Download", { exact: true }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
    const content = readFileSync(await file.path(), "utf8").trim().split("\n");
    assert.ok(!content.join().includes(mark));
    return content;
  };
  assert.equal((await download(/^CSV/)).length, 1 + 1);
  const [event] = (await download(/^NDJSON/)).map((line) => JSON.parse(line));
  assert.equal(event.resource.id, (await secrets()).MADE_MEANWHILE.id);
});
