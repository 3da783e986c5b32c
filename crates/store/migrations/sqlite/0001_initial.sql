-- Ids are text (32 hexadecimal digits, or a UUID), moments are microseconds since the Unix epoch.

CREATE TABLE instance (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE master_keys (
    version INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    subdomain TEXT NOT NULL CONSTRAINT accounts_subdomain UNIQUE,
    max_stores INTEGER NOT NULL,
    max_secrets INTEGER NOT NULL,
    max_value_bytes INTEGER NOT NULL,
    max_workers INTEGER NOT NULL,
    secret_count INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account_keys (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    master_version INTEGER NOT NULL REFERENCES master_keys (version),
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL CONSTRAINT users_email UNIQUE,
    password_hash TEXT NOT NULL,
    global_key_mac BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    roles TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT members_user UNIQUE (account_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user_id);

-- Only a MAC of a token is kept; `prefix` is the public part by which it is found.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    mac BLOB NOT NULL,
    enabled INTEGER NOT NULL,
    policies TEXT NOT NULL,
    not_before INTEGER,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (account_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_by_prefix ON tokens (prefix);

CREATE TABLE stores (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    CONSTRAINT stores_name UNIQUE (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    store_id TEXT NOT NULL REFERENCES stores (id),
    name TEXT NOT NULL,
    comment TEXT,
    scopes INTEGER NOT NULL,
    value_version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    change_seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    CONSTRAINT secrets_name UNIQUE (store_id, name)
) STRICT;

CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    subdomain_enabled INTEGER NOT NULL,
    previews_enabled INTEGER NOT NULL,
    settings TEXT NOT NULL,
    last_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    CONSTRAINT workers_name UNIQUE (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    id TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    -- Everything immutable about the version, as JSON; it never holds a value.
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT versions_number UNIQUE (worker_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_blobs (
    version_id TEXT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    PRIMARY KEY (version_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX version_blobs_by_digest ON version_blobs (digest);

CREATE TABLE worker_secrets (
    id TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX worker_secrets_by_worker ON worker_secrets (worker_id);

CREATE TABLE deployments (
    id TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    split TEXT NOT NULL,
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT deployments_number UNIQUE (worker_id, number)
) STRICT, WITHOUT ROWID;

-- What an edge follows, in order.
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL
) STRICT;

CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    account_id TEXT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    resource_kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_email TEXT,
    actor_context TEXT NOT NULL,
    actor_ip TEXT,
    token_id TEXT,
    request_id TEXT NOT NULL,
    -- Metadata before and after, and what the action adds; never a value.
    details TEXT NOT NULL
) STRICT;

CREATE INDEX audit_events_by_account ON audit_events (account_id, seq);

CREATE TRIGGER audit_events_are_not_edited BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE (ABORT, 'the audit log is append-only');
END;

-- What REPLACE overwrites is deleted without a word to the trigger on DELETE.
CREATE TRIGGER audit_events_are_not_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE (ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_events_are_not_deleted BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE (ABORT, 'the audit log is append-only');
END;

CREATE TABLE idempotency (
    actor_id TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    response TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (actor_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);
