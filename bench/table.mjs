// The result as a table for people.

export function table(result) {
  const lines = [`medians of ${result.runs} interleaved runs of ${result.seconds} s`];
  if (result.workers) {
    const { at16, at1, cold_ms } = result.workers;
    lines.push(...section("Workers, 16 connections", at16), ...section("Workers, 1 connection", at1));
    lines.push("", `cold first request: median ${cold_ms.median.toFixed(1)} ms (${cold_ms.least.toFixed(1)} to ${cold_ms.most.toFixed(1)})`);
  }
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
  return lines.join("\n");
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

function section(title, cases) {
  const head = ["", title, row(["", "per second", "ratio", "p50 ms", "p99 ms", "CPU µs/request", "failed"])];
  const rows = Object.entries(cases).map(([name, one]) =>
    row([name, one.rate.toFixed(0), one.ratio.toFixed(3), ...[one.p50_ms, one.p99_ms].map((ms) => ms?.toFixed(3) ?? ""), one.cpu_us?.toFixed(1) ?? "", one.failed ?? ""]),
  );
  return [...head, ...rows];
}

function row([name, ...cells]) {
  return name.padEnd(28) + cells.map((cell) => String(cell).padStart(15)).join("");
}
