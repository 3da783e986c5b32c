// Starting, watching and ending processes.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

// Starts a program and waits for a line that matches.
export async function start(program, args, { ready, env, cwd } = {}) {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  await new Promise((resolve, reject) => {
    const onData = (chunk) => {
      output += chunk;
      if (ready && ready.test(output)) resolve();
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended with ${code}: ${output}`)));
    if (!ready) resolve();
  });
  return {
    pid: child.pid,
    output: () => output,
    pids: async () => family(child.pid),
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners("exit");
        child.on("exit", resolve);
        try {
          process.kill(-child.pid, "SIGTERM");
        } catch {
          resolve();
        }
      }),
  };
}

// A process and all below it.
export function family(root) {
  const parents = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = stat(entry);
    if (fields) parents.set(Number(entry), Number(fields[1]));
  }
  const found = [root];
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid && !found.includes(child)) found.push(child);
  }
  return found;
}

// User and system time of some processes together.
export function cpuMicroseconds(pids) {
  const ticks = pids.map((pid) => stat(pid)).filter(Boolean).map((fields) => Number(fields[11]) + Number(fields[12]));
  return (ticks.reduce((sum, one) => sum + one, 0) * 1e6) / TICKS_PER_SECOND;
}

// Resident memory of one process, in MiB; what of it is no file's.
export const residentMebibytes = (pid) => memory(pid, "VmRSS");
export const anonymousMebibytes = (pid) => memory(pid, "RssAnon");

// The most that was resident since this was called, in MiB, as a function to ask later.
export function watchPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return () => memory(pid, "VmHWM");
}

function memory(pid, field) {
  return Number(readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`${field}:\\s+(\\d+)`))[1]) / 1024;
}

// The fields of /proc/<pid>/stat from the state on.
function stat(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  } catch {
    return undefined;
  }
}
