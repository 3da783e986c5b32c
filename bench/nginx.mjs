// nginx from Debian as a server of files, with a configuration of its own in a temporary directory.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answering } from "./peers.mjs";
import { start } from "./processes.mjs";

// Serves the files below `root`, with as many worker processes.
export async function nginx(directory, root, workers) {
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, "nginx.conf");
  // Started by root it would serve as somebody who may not read our directory.
  const user = process.getuid() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${join(directory, kind)};`);
  writeFileSync(
    configuration,
    `${user}
daemon off;
worker_processes ${workers};
pid ${join(directory, "nginx.pid")};
error_log stderr warn;
events { worker_connections 1024; }
http {
  ${temporary.join("\n  ")}
  access_log off;
  sendfile on;
  tcp_nopush on;
  etag on;
  gzip off;
  keepalive_requests 1000000000;
  open_file_cache max=1000;
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:17093;
    root ${root};
  }
}
`,
  );
  const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
  const server = await start("nginx", ["-e", "stderr", "-p", directory, "-c", configuration], { env: { PATH: path } });
  return { ...server, url: await answering("http://127.0.0.1:17093/") };
}
