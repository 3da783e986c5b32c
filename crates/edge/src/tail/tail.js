// Hears of every invocation of the Worker beside it, and passes it on as JSON. It is another Worker in another
// isolate: what the version's code changes of its own world does not reach it.

// The reader on the other side reads no deeper.
const MAX_DEPTH = 64;

function bounded(value, depth) {
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "[deeply nested]";
  if (Array.isArray(value)) return value.map((part) => bounded(part, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, bounded(part, depth - 1)]),
  );
}

function told(event) {
  return {
    ...JSON.parse(JSON.stringify(event, ["outcome", "truncated", "executionModel", "eventTimestamp"])),
    exceptions: event.exceptions.map(({ name, message, stack, timestamp }) => ({ name, message, stack, timestamp })),
    logs: event.logs.map(({ level, message, timestamp }) => ({
      level,
      message: bounded(Array.isArray(message) ? message : [message], MAX_DEPTH),
      timestamp,
    })),
    diagnosticsChannelEvents: bounded(
      JSON.parse(JSON.stringify(event.diagnosticsChannelEvents ?? [])),
      MAX_DEPTH,
    ),
    event: event.event && bounded(JSON.parse(JSON.stringify(event.event)), MAX_DEPTH),
  };
}

export default {
  async tail(events, env) {
    await env.daemon.fetch("http://daemon/", {
      method: "POST",
      body: JSON.stringify(events.map(told)),
    });
  },
};
