// The result as a table for people.

export function table(result) {
  const lines = [`medians of ${result.runs} interleaved runs of ${result.seconds} s`];
  if (result.workers) {
    const { at16, at1, cold_ms } = result.workers;
    lines.push(...section("Workers, 16 connections", at16), ...section("Workers, 1 connection", at1));
    lines.push("", `cold first request: median ${cold_ms.median.toFixed(1)} ms (${cold_ms.least.toFixed(1)} to ${cold_ms.most.toFixed(1)})`);
  }
  if (result.gateway) lines.push(...gatewaySections(result.gateway));
  if (result.api) {
    for (const [connections, cases] of Object.entries(result.api.reads)) {
      lines.push(...section(`API reads, ${connections} connections`, cases));
    }
    for (const [connections, cases] of Object.entries(result.api.creates)) {
      lines.push(...section(`API creates, ${connections} connections`, cases));
    }
    lines.push("", `idle server: ${result.api.idle_mib.toFixed(1)} MiB resident`);
  }
  if (result.access) lines.push(...section("Reads with tokens in turn, 8 connections", result.access));
  if (result.audit) lines.push(...auditSection(result.audit));
  for (const [secrets, one] of Object.entries(result.pages ?? {})) lines.push(...pageSections(secrets, one));
  for (const [title, cases] of [["from a saved file to its answer", result.dev], ["from a command's start to its end", result.start], ["100 secrets by one command", result.bulk]]) {
    if (!cases) continue;
    lines.push("", `${title}, ms: median (least to most)`);
    for (const [name, { median, least, most }] of Object.entries(cases)) {
      lines.push(`  ${name.padEnd(28)} ${median.toFixed(1)} (${least.toFixed(1)} to ${most.toFixed(1)})`);
    }
  }
  return lines.join("\n");
}

function gatewaySections({ split, fleet, assets, streams, websockets }) {
  const lines = [];
  if (split) lines.push(...section("Versions that share a Worker, 16 connections", split));
  if (fleet) {
    lines.push(...section("Deployed Workers under mixed load, 16 connections", fleet), ...memorySection(fleet));
  }
  for (const [what, cases] of Object.entries(assets ?? {})) {
    lines.push(...section(`Assets, ${what}, 16 connections`, cases, { "MB/s": ({ mb_per_s }) => mb_per_s.toFixed(1) }));
  }
  for (const [direction, cases] of Object.entries(streams ?? {})) lines.push(...streamSection(direction, cases));
  for (const [what, cases] of Object.entries(websockets ?? {})) lines.push(...section(`WebSocket echo, ${what}`, cases));
  return lines;
}

function memorySection(fleet) {
  const rows = Object.entries(fleet).map(([name, { daemon_mib, runtimes_mib, worker_mib, worker_anonymous_mib }]) =>
    row([name, ...[daemon_mib, runtimes_mib, worker_mib, worker_anonymous_mib].map((mib) => mib.toFixed(1))]),
  );
  return ["", "Their memory, MiB resident", row(["", "coffer", "all workerd", "each workerd", "its anonymous"]), ...rows];
}

function streamSection(direction, cases) {
  const rows = Object.entries(cases).map(([name, { rate, ratio, cpu_us, peak_mib }]) =>
    row([name, rate.toFixed(0), ratio.toFixed(3), cpu_us.toFixed(0), peak_mib.toFixed(1)]),
  );
  return ["", `100 MB streamed ${direction}`, row(["", "MB/s", "ratio", "CPU µs/MB", "peak MiB"]), ...rows];
}

function auditSection({ events, appended_per_second, verify_seconds_per_million, queries }) {
  const rows = Object.entries(queries).map(([name, { p50_ms, p99_ms, most_ms }]) =>
    row([name, ...[p50_ms, p99_ms, most_ms].map((ms) => ms.toFixed(2))]),
  );
  return [
    "",
    `Audit log of ${events} events: ${appended_per_second.toFixed(0)} appended per second, each its own write; verified in ${verify_seconds_per_million.toFixed(1)} s per million`,
    row(["", "p50 ms", "p99 ms", "most ms"]),
    ...rows,
  ];
}

function pageSections(secrets, { sizes, at1, at8, paint_ms }) {
  const rows = Object.entries(sizes).map(([name, { wire_bytes, html_bytes }]) => row([name, wire_bytes, html_bytes]));
  return [
    ...section(`Pages at ${secrets} secrets, 1 connection`, at1),
    ...section(`Pages at ${secrets} secrets, 8 connections`, at8),
    "",
    `Their sizes; the list is first painted after ${paint_ms.median.toFixed(0)} ms (most ${paint_ms.most.toFixed(0)})`,
    row(["", "bytes travel", "bytes of HTML"]),
    ...rows,
  ];
}

// `more` are columns at the end.
function section(title, cases, more = {}) {
  const head = ["", title, row(["", "per second", "ratio", "p50 ms", "p99 ms", "CPU µs/request", "failed", ...Object.keys(more)])];
  const rows = Object.entries(cases).map(([name, one]) =>
    row([name, one.rate.toFixed(0), one.ratio.toFixed(3), ...[one.p50_ms, one.p99_ms].map((ms) => ms?.toFixed(3) ?? ""), one.cpu_us?.toFixed(1) ?? "", one.failed ?? "", ...Object.values(more).map((cell) => cell(one))]),
  );
  return [...head, ...rows];
}

function row([name, ...cells]) {
  return name.padEnd(28) + cells.map((cell) => String(cell).padStart(15)).join("");
}
