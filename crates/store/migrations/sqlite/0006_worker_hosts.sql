-- Host names of Workers besides their own, and routes over hosts and paths. Each is unique in the whole
-- installation, because the gateway knows a request's account by its host alone.

CREATE TABLE worker_hosts (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    host TEXT NOT NULL UNIQUE,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX worker_hosts_by_account ON worker_hosts (account_id, host);
CREATE INDEX worker_hosts_by_worker ON worker_hosts (worker_id);

-- `host` is without the wildcard that `any_host` tells of.
CREATE TABLE worker_routes (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    pattern TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    any_host INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX worker_routes_by_account ON worker_routes (account_id, pattern);
CREATE INDEX worker_routes_by_worker ON worker_routes (worker_id);
CREATE INDEX worker_routes_by_host ON worker_routes (host);
