// What makes a page pleasant by itself: times, fields, copying, choices, keys; and at the end, what is listened to.
// Every page works without it. One module with server.js, which stands before it.

// Times, in the reader's zone: near ones as a distance, with the exact moment on hover.

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7]];

function distance(moment) {
  let amount = (moment - Date.now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
    amount /= size;
  }
  return day.format(moment);
}

function tellTimes(within) {
  for (const time of all("time[datetime]", within)) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.textContent = distance(moment);
    time.title = exact.format(moment);
  }
}

// Fields for secrets.

const encoder = new TextEncoder();

function countBytes(field) {
  const counter = document.getElementById(field.getAttribute("aria-describedby") ?? "");
  if (!counter?.hasAttribute("data-counter")) return;
  const limit = Number(field.dataset.limit);
  const bytes = encoder.encode(field.value).length;
  counter.textContent = `${bytes.toLocaleString()} of ${limit.toLocaleString()} bytes`;
  counter.classList.toggle("problem", bytes > limit);
  field.toggleAttribute("aria-invalid", bytes > limit);
  if (bytes > limit) field.setAttribute("aria-invalid", "true");
}

function prepareValues(within) {
  for (const button of all("[data-reveal]", within)) button.hidden = false;
  for (const field of all("textarea.value[data-limit]", within)) {
    if (field.value) countBytes(field);
  }
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const shown = field.classList.toggle("shown");
  button.setAttribute("aria-pressed", String(shown));
  field.focus();
}

// Files: dropped on a field, or chosen beside it, their text goes into the field. Nothing is sent before the form is.

async function readInto(field, file) {
  field.value = await file.text();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("dragover", (event) => {
  if (event.target.closest("[data-drop]")) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const field = event.target.closest("[data-drop]");
  const file = event.dataTransfer.files[0];
  if (!field || !file) return;
  event.preventDefault();
  readInto(field, file);
});

document.addEventListener("change", (event) => {
  const field = document.getElementById(event.target.dataset.into ?? "");
  const file = event.target.files?.[0];
  if (field && file) readInto(field, file);
});

// Two controls of one number: `data-mirror` names the field that a range moves.

function prepareMirrors(within) {
  for (const range of all("input[data-mirror]", within)) range.hidden = false;
}

function mirror(target) {
  if (target.dataset.mirror) {
    const field = document.getElementById(target.dataset.mirror);
    if (field) field.value = Math.max(Number(target.value), Number(field.min));
  }
  for (const range of all(`[data-mirror="${CSS.escape(target.id)}"]`)) range.value = target.value;
}

// Copying.

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.getAttribute("aria-label") ?? "";
  button.classList.add("done");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.classList.remove("done");
    button.setAttribute("aria-label", label);
  }, 1500);
}

// Choices that are the same in many places, such as between ways to do a thing: made once, made everywhere, and kept,
// the last few of them.

const keptChoices = () => (localStorage.same ?? "").split("\n").filter(Boolean);

function chooseSame(choice, within = document) {
  for (const one of all(`input[data-same="${CSS.escape(choice)}"]`, within)) one.checked = true;
}

// Keys: what a page names with `data-key`, `?` for the list of them. Who speaks to a computer, or types by accident,
// turns them off there.

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || localStorage.keys === "off") return;
  if (event.target.closest("input, textarea, select, dialog[open]")) return;
  const target = all(`[data-key="${CSS.escape(event.key)}"]`).find((one) => one.checkVisibility());
  if (!target) return;
  event.preventDefault();
  if (target.matches("input")) target.focus();
  else target.click();
}

function enhance(within) {
  // Who has no mouse scrolls a table by keys.
  for (const one of all(".table", within)) if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
  tellTimes(within);
  prepareValues(within);
  prepareMirrors(within);
  preparePasskeys(within);
  for (const form of all("form[data-stream]", within)) form.hidden = false;
  for (const one of all(".no-script", within)) one.hidden = true;
  // A page that came in the clear may not copy.
  for (const one of all("[data-copy]", within)) one.hidden = !navigator.clipboard;
  for (const one of all("[data-into]", within)) one.hidden = false;
  for (const one of all("[data-follow], [data-keys]", within)) one.closest("[hidden]")?.removeAttribute("hidden");
  for (const one of all("[data-keys]", within)) one.checked = localStorage.keys !== "off";
  for (const choice of keptChoices()) chooseSame(choice, within);
}

document.addEventListener("click", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  const panel = event.target.closest("a[data-panel]");
  if (panel && plain) {
    event.preventDefault();
    openPanel(panel);
    return;
  }
  const close = event.target.closest("dialog [data-close]");
  if (close) {
    event.preventDefault();
    close.closest("dialog").close();
    return;
  }
  const stopping = event.target.closest("[data-stop]");
  if (stopping) streams.get(stopping.form)?.abort();
  const revealing = event.target.closest("[data-reveal]");
  if (revealing) reveal(revealing);
  const copying = event.target.closest("[data-copy]");
  if (copying) copy(copying);
  // A menu closes when something else is pressed.
  for (const menu of all("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.stream) {
    event.preventDefault();
    followStream(form);
    return;
  }
  if (form.dataset.passkey) {
    event.preventDefault();
    if (!form.hasAttribute("aria-busy")) askPasskey(form);
    return;
  }
  if (form.closest("dialog.side")) {
    event.preventDefault();
    submitPanel(form, event.submitter);
  }
});

document.addEventListener("input", (event) => {
  mirror(event.target);
  if (event.target.matches("textarea.value[data-limit]")) countBytes(event.target);
  const live = event.target.closest("form[data-live]");
  if (live && event.target.name) refreshSoon(live);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-follow]")) follow(event.target);
  if (event.target.matches("[data-keys]")) localStorage.keys = event.target.checked ? "on" : "off";
  const previewed = event.target.closest("form[data-preview]");
  if (previewed) preview(previewed);
  const stream = event.target.closest("form[data-stream]");
  if (stream && streams.has(stream)) followStream(stream);
  const choice = event.target.dataset.same;
  if (!choice) return;
  const before = event.target.getBoundingClientRect().top;
  localStorage.same = [...keptChoices().filter((one) => one !== choice), choice].slice(-8).join("\n");
  chooseSame(choice);
  scrollBy(0, event.target.getBoundingClientRect().top - before);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  pressed(event);
});

// Where the parts stand in a row that is wider than the window, the one that is open is in sight.
for (const one of all("nav [aria-current]")) {
  const row = one.closest("nav");
  row.scrollLeft += Math.max(0, one.getBoundingClientRect().right - row.getBoundingClientRect().right);
}

enhance(document);
