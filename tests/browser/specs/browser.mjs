// A browser with a new profile and the pages in it, each watched: what a page must never do fails the scenario, whatever
// the scenario is about.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const LEVELS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

// Nothing here needs a display, a sandbox or anyone but the server.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// How long a step may take on a loaded machine.
const DEADLINE_MS = 30_000;

// What a browser says of an answer that is no success. The scenarios ask for such answers.
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d/;

// How much of a page may move by itself: what no eye notices.
const MOST_MOVED = 0.02;

// How many pictures were taken.
let pictures = 0;

// Launches a browser, gives it to `drive`, and ends it.
export async function withBrowser(drive) {
  const profile = mkdtempSync(join(tmpdir(), "coffer-browser-"));
  const options = { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS, headless: true };
  // A persistent context is the one way to name the profile's directory; it is not used otherwise.
  const root = await chromium.launchPersistentContext(profile, options);
  try {
    await drive(root.browser());
  } finally {
    await root.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

// A window of its own: cookies, size, colours. `origin` is where paths begin, `mark` what no page may ever contain;
// `others` are further origins that the scenario itself serves: their pages are asked for, and not watched.
export class Window {
  static async open(browser, { origin, mark, others = [], ...options }) {
    const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(DEADLINE_MS);
    const window = new Window();
    window.context = context;
    window.origin = origin;
    window.mark = mark;
    window.others = others;
    window.hasScript = options.javaScriptEnabled !== false;
    window.problems = [];
    window.answers = [];
    context.on("page", (page) => window.watch(page));
    await context.addInitScript(() => {
      // What has moved by itself, as a share of the window: not what people made move, nor logs, which are to.
      window.moved = 0;
      new PerformanceObserver((list) => {
        for (const { hadRecentInput, value, sources } of list.getEntries()) {
          const isLog = sources.some(({ node }) => node?.parentElement?.closest(".log"));
          if (!hadRecentInput && !isLog) window.moved += value;
        }
      }).observe({ type: "layout-shift", buffered: true });
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
        console.error(`the policy forbids ${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    window.page = await context.newPage();
    return window;
  }

  watch(page) {
    const isOurs = (url) => !this.others.some((other) => url.startsWith(`${other}/`));
    page.on("console", (message) => {
      const isAsset = message.location().url.includes("/assets/");
      if (!["error", "warning"].includes(message.type()) || (REFUSED.test(message.text()) && !isAsset)) return;
      if (!isOurs(page.url())) return;
      this.problems.push(`${page.url()}: the console says ${message.text()}`);
    });
    page.on("pageerror", (error) => this.problems.push(`${page.url()}: ${error.stack ?? error}`));
    page.on("dialog", (dialog) => {
      this.problems.push(`${page.url()}: a dialog says ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on("request", (request) => {
      const url = decodeURIComponent(request.url());
      if (isOurs(url) && !/^(data|about):/.test(url) && !url.startsWith(`${this.origin}/`)) this.problems.push(`asked for ${url}`);
      if (this.mark && url.includes(this.mark)) this.problems.push(`a marked value is in the address ${url}`);
    });
    page.on("response", (response) => this.answers.push(this.search(response)));
  }

  // Looks for marked values in an answer, whether it is shown or not.
  async search(response) {
    if (!this.mark || !/html|json|event-stream/.test(response.headers()["content-type"] ?? "")) return;
    const text = await response.text().catch(() => "");
    if (text.includes(this.mark)) this.problems.push(`a marked value is in the answer of ${response.url()}`);
  }

  // Opens a page, looks at it, and gives the answer's status.
  async visit(path) {
    const response = await this.page.goto(path);
    await this.look();
    return response.status();
  }

  // The cookies that sign this window in.
  async session() {
    const cookies = await this.context.cookies();
    return cookies.filter(({ name }) => name === "__Host-coffer_session");
  }

  // Does what leads to a page, which may be at the same address, and looks at it.
  async follow(act) {
    await Promise.all([this.page.waitForEvent("load"), act()]);
    await this.look();
  }

  // Looks at the page as it now is: nothing that keeps anyone out, nothing wider than the window, no marked value.
  async look() {
    const { page } = this;
    await page.waitForLoadState("load");
    if (this.hasScript) await this.lookForBarriers();
    await this.picture();
    const [content, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    if (content > shown) this.problems.push(`${page.url()}: the page is ${content} px wide in a window of ${shown} px`);
    const moved = this.hasScript ? await page.evaluate(() => window.moved) : 0;
    if (moved > MOST_MOVED) this.problems.push(`${page.url()}: ${moved} of the page has moved by itself`);
    const kept = await page.locator('textarea.value:not([autocomplete="off"]), input[type="password"]:not([autocomplete])').count();
    if (kept > 0) this.problems.push(`${page.url()}: a browser may keep what is typed into ${kept} fields`);
    if (this.mark && (await page.content()).includes(this.mark)) this.problems.push(`${page.url()}: a marked value is in the page`);
    this.done();
  }

  // Leaves a picture of what is looked at in the folder that PICTURES names, if it does, for people to look at too.
  async picture() {
    const folder = process.env.PICTURES;
    if (!folder) return;
    const name = new URL(this.page.url()).pathname.split("/").slice(-2).join("-").slice(0, 60);
    await this.page.screenshot({ path: join(folder, `${String((pictures += 1)).padStart(3, "0")}-${name}.png`) });
  }

  async lookForBarriers() {
    const { page } = this;
    // What moves in is looked at when it has arrived.
    await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
    await page.evaluate(axe);
    const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), LEVELS);
    for (const { id, help, nodes } of violations) {
      const where = nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`).join("\n  ");
      this.problems.push(`${page.url()}: ${id}: ${help}\n  ${where}`);
    }
  }

  // Tells of everything that was seen so far.
  done() {
    const problems = this.problems.splice(0);
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  async close() {
    await Promise.all(this.answers);
    this.done();
    await this.context.close();
  }
}
