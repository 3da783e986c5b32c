// What pages ask the server for without leaving: panels, lists that follow, previews, streams, passkeys. What is shown
// comes from the server as HTML; nothing of a page's content is made here.

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Panels: a page with one is fetched and shown at the side of this page.

const parser = new DOMParser();
let opener = null;

async function pageAt(address, options) {
  const response = await fetch(address, { ...options, headers: { ...options?.headers, accept: "text/html" } });
  const page = parser.parseFromString(await response.text(), "text/html");
  return { response, page };
}

function sideDialog() {
  let dialog = document.querySelector("dialog.side");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.className = "side";
    dialog.addEventListener("close", () => {
      // What is shown once was made: the page behind does not know of it yet.
      const leave = dialog.querySelector("[data-leave]")?.dataset.leave;
      if (leave) location.assign(leave);
      dialog.replaceChildren();
      opener?.focus();
    });
    document.body.append(dialog);
  }
  return dialog;
}

function showPanel(panel, address) {
  const dialog = sideDialog();
  const typed = new Map(all("textarea.value", dialog).map((field) => [field.id, field.value]));
  dialog.replaceChildren(document.adoptNode(panel));
  dialog.setAttribute("aria-labelledby", "panel-title");
  const form = dialog.querySelector("form");
  if (form && !form.hasAttribute("action")) form.action = address;
  // What was typed into a field for a secret is never sent back; it is still here, unless it was taken.
  for (const field of all("textarea.value:not([data-taken])", dialog)) {
    if (typed.has(field.id)) field.value = typed.get(field.id);
  }
  enhance(dialog);
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector('[aria-invalid="true"]') ?? dialog.querySelector("[autofocus], .panel-body :is(input:not([type=hidden]), textarea, select)");
  first?.focus();
}

async function openPanel(link) {
  if (!link.closest("dialog")) opener = link;
  // Without an answer, the browser says itself that there is none.
  const { response, page } = await pageAt(link.href).catch(() => ({}));
  const panel = page?.getElementById("panel");
  if (response?.ok && panel) showPanel(panel, link.href);
  else location.assign(link.href);
}

function tellNoAnswer(form) {
  const note = document.createElement("p");
  note.className = "note bad no-answer";
  note.setAttribute("role", "alert");
  note.textContent = "No answer came from the server. What you typed is still here; try again.";
  form.querySelector(".no-answer")?.remove();
  form.querySelector(".panel-body").prepend(note);
  note.scrollIntoView({ block: "nearest" });
}

async function submitPanel(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  form.setAttribute("aria-busy", "true");
  for (const button of all("button", form)) button.disabled = true;
  try {
    const { response, page } = await pageAt(form.action, { method: "POST", body });
    const panel = page.getElementById("panel");
    if (panel) showPanel(panel, form.action);
    else if (response.redirected) location.assign(response.url);
    else document.documentElement.replaceWith(document.adoptNode(page.documentElement));
  } catch {
    tellNoAnswer(form);
  } finally {
    form.removeAttribute("aria-busy");
    for (const button of all("button", form)) button.disabled = false;
  }
}

// Lists that follow what is typed into the form above them.

const waiting = new WeakMap();

async function refresh(form) {
  // Not `form.action`: that may be a field of this name.
  const address = new URL(form.getAttribute("action") ?? location.href, location.href);
  address.search = new URLSearchParams(new FormData(form)).toString();
  const asked = Symbol();
  waiting.set(form, asked);
  const { response, page } = await pageAt(address);
  const results = page.getElementById(form.dataset.live);
  if (waiting.get(form) !== asked || !response.ok || !results) return;
  document.getElementById(form.dataset.live).replaceWith(document.adoptNode(results));
  enhance(results);
  history.replaceState(null, "", address);
}

const timers = new WeakMap();

function refreshSoon(form) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => refresh(form), 150));
}

// Forms that tell what they would do while they are filled in.

async function preview(form) {
  const body = new URLSearchParams(new FormData(form));
  body.set("preview", "1");
  const { page } = await pageAt(form.action, { method: "POST", body });
  const told = page.getElementById(form.dataset.preview);
  const shown = form.querySelector(`#${CSS.escape(form.dataset.preview)}`);
  if (told && shown) shown.replaceWith(document.adoptNode(told));
}

// Lists that are followed while a box is ticked: asked for every few seconds, and what is new in them stands out.

const FOLLOW_MS = 3000;

async function follow(box) {
  if (!box.checked || !box.isConnected) return;
  const shown = document.getElementById(box.dataset.follow);
  if (!document.hidden && !shown.contains(document.activeElement)) {
    // An answer that does not come is asked for again.
    const { response, page } = await pageAt(location.href).catch(() => ({}));
    const results = page?.getElementById(box.dataset.follow);
    const now = document.getElementById(box.dataset.follow);
    if (response?.ok && results && box.checked) {
      const known = new Set(all("tr[id]", now).map((row) => row.id));
      for (const row of all("tr[id]", results)) row.classList.toggle("new", !known.has(row.id));
      now.replaceWith(document.adoptNode(results));
      enhance(results);
    }
  }
  setTimeout(follow, FOLLOW_MS, box);
}

// Streams: a form with `data-stream` is answered with lines of JSON. Each fills a copy of a template, as text, at the
// head of the list that the form names.

const MOST_LINES = 500;
const streams = new WeakMap();

function addLine(list, fields) {
  const template = document.getElementById(`${list.id}-template`);
  const line = template.content.firstElementChild.cloneNode(true);
  for (const slot of all("[data-field]", line)) {
    const text = String(fields[slot.dataset.field] ?? "");
    slot.textContent = slot.localName === "time" && text ? new Date(text).toLocaleTimeString() : text;
    if (slot.localName === "time") slot.dateTime = text;
    slot.hidden = text === "";
  }
  line.dataset.kind = fields.kind;
  list.querySelector(".empty-line")?.remove();
  list.prepend(line);
  for (const one of all("pre", line)) if (one.scrollHeight > one.clientHeight) one.tabIndex = 0;
  while (list.children.length > MOST_LINES) list.lastElementChild.remove();
}

function tellStream(form, following, text) {
  form.querySelector("[data-start]").hidden = following;
  form.querySelector("[data-stop]").hidden = !following;
  form.querySelector("[data-state]").textContent = text;
}

async function readLines(form, signal) {
  const body = new URLSearchParams(new FormData(form));
  const response = await fetch(form.action, { method: "POST", body, signal });
  if (!response.ok) return "Refused. Reload the page and try again.";
  const list = document.getElementById(form.dataset.stream);
  tellStream(form, true, "Following");
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return "Ended";
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) addLine(list, JSON.parse(line));
  }
}

async function followStream(form) {
  streams.get(form)?.abort();
  const stop = new AbortController();
  streams.set(form, stop);
  tellStream(form, true, "Starting");
  let end = "Paused";
  try {
    end = await readLines(form, stop.signal);
  } catch {
    if (!stop.signal.aborted) end = "The connection was lost";
  }
  if (streams.get(form) !== stop) return;
  streams.delete(form);
  tellStream(form, false, end);
}

// Passkeys: a form with `data-passkey` asks the browser for one before it is sent. What is asked stands in
// `data-options`, bytes in Base64; what is answered goes into the fields that name a part of it. What has to do with
// them is shown only where the browser offers them.

const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes ?? []))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
const fromBase64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

const PASSKEY_PROBLEMS = {
  InvalidStateError: "This device has a passkey of yours for this place already.",
  NotAllowedError: "No passkey was used, or it took too long. Try again.",
};

function preparePasskeys(within) {
  for (const one of all("[data-passkeys-at]", within)) {
    const offered = Boolean(window.PublicKeyCredential) && location.origin === one.dataset.passkeysAt;
    one.hidden = offered === one.classList.contains("no-passkeys");
  }
}

async function passkeyOptions(form) {
  let options = form.dataset.options;
  if (form.dataset.passkey === "get") {
    // The page may have been open for longer than what it asks counts.
    const { page } = await pageAt(location.href);
    options = page.querySelector("form[data-passkey=get]")?.dataset.options ?? options;
  }
  const asked = JSON.parse(options);
  asked.challenge = fromBase64(asked.challenge);
  if (asked.user) asked.user.id = fromBase64(asked.user.id);
  for (const held of asked.excludeCredentials ?? []) held.id = fromBase64(held.id);
  return asked;
}

async function askPasskey(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  form.setAttribute("aria-busy", "true");
  try {
    const credential = await navigator.credentials[form.dataset.passkey]({ publicKey: await passkeyOptions(form) });
    for (const field of all("[data-part]", form)) {
      field.value = toBase64(credential.response[field.dataset.part] ?? credential[field.dataset.part]);
    }
    if (form.closest("dialog.side")) await submitPanel(form);
    else form.submit();
  } catch (error) {
    problem.lastElementChild.textContent = PASSKEY_PROBLEMS[error.name] ?? `The browser gave no passkey: ${error.message}`;
    problem.hidden = false;
  } finally {
    form.removeAttribute("aria-busy");
  }
}

