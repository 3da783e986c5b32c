// Load on a WebSocket that echoes: each connection sends its next message once the last has come back.
//
// Frames are written by hand (RFC 6455, section 5.2), because all are alike: a library would cost the core that the
// measured processes run on.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { cpuMicroseconds } from "./processes.mjs";
import { percentile } from "./statistics.mjs";

const TEXT = 0x81;
const MASKED = 0x80;

// Echoes of texts of so many bytes (126 to 65,535, or below 126) on so many connections.
export async function loadEchoes({ url, host, connections, bytes, seconds, pids }) {
  const { hostname, port, host: own } = new URL(url);
  const payload = Buffer.alloc(bytes, "echo");
  const opened = await Promise.all(
    Array.from({ length: connections }, () => open({ hostname, port, host: host ?? own, payload })),
  );
  const watched = await pids();
  const cpu = cpuMicroseconds(watched);
  const began = performance.now();
  const end = began + seconds * 1000;
  const times = (await Promise.all(opened.map((echo) => echo(end)))).flat();
  const elapsed = (performance.now() - began) / 1000;
  const cpu_us = (cpuMicroseconds(watched) - cpu) / times.length;
  return { rate: times.length / elapsed, p50_ms: percentile(times, 0.5), p99_ms: percentile(times, 0.99), cpu_us };
}

// Opens a connection, tries that it echoes, and gives what echoes on it until a moment and tells how long each took.
async function open({ hostname, port, host, payload }) {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const key = randomBytes(16).toString("base64");
  const upgrade = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  const head = await exchange(socket, upgrade, (answer) => answer.includes("\r\n\r\n"));
  if (!head.toString().startsWith("HTTP/1.1 101 ")) throw new Error(`no WebSocket: ${head}`);
  const expected = Buffer.concat([header(payload.length, 0), payload]);
  const mask = randomBytes(4);
  const frame = Buffer.concat([header(payload.length, MASKED), mask, payload.map((byte, place) => byte ^ mask[place % 4])]);
  const answer = await exchange(socket, frame, ({ length }) => length >= expected.length);
  if (!answer.equals(expected)) throw new Error("what came back is not what was sent");
  return (end) => echo(socket, frame, expected.length, end);
}

// A frame's header but for the mask.
function header(length, masked) {
  if (length < 126) return Buffer.from([TEXT, masked | length]);
  return Buffer.from([TEXT, masked | 126, length >> 8, length & 0xff]);
}

// Sends and collects what comes back until it is enough.
function exchange(socket, sent, isEnough) {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const onData = (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (!isEnough(answer)) return;
      socket.off("data", onData);
      socket.off("error", reject);
      resolve(answer);
    };
    socket.on("data", onData);
    socket.on("error", reject);
    socket.write(sent);
  });
}

function echo(socket, frame, answerBytes, end) {
  return new Promise((resolve, reject) => {
    const times = [];
    let missing = answerBytes;
    let sent = performance.now();
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the WebSocket was closed")));
    socket.on("data", (chunk) => {
      missing -= chunk.length;
      if (missing > 0) return;
      const now = performance.now();
      times.push(now - sent);
      if (now >= end) {
        socket.removeAllListeners("close");
        socket.destroy();
        resolve(times);
        return;
      }
      missing = answerBytes;
      sent = now;
      socket.write(frame);
    });
    socket.write(frame);
  });
}
