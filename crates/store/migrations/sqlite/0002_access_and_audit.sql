-- Members, tokens and sessions in full; the audit log as a Merkle log; where secrets are used.

ALTER TABLE accounts ADD COLUMN protect_bound_secrets INTEGER NOT NULL DEFAULT 0;

-- An invited user has no password yet: an empty hash matches none.
ALTER TABLE users ADD COLUMN first_name TEXT;
ALTER TABLE users ADD COLUMN last_name TEXT;
ALTER TABLE users ADD COLUMN global_key_enabled INTEGER NOT NULL DEFAULT 1;
-- The global key's text, sealed under the user's password: whoever lacks the password cannot read it back.
ALTER TABLE users ADD COLUMN global_key_sealed BLOB;

ALTER TABLE members ADD COLUMN status TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE members ADD COLUMN modified_at INTEGER NOT NULL DEFAULT 0;
UPDATE members SET modified_at = created_at;
CREATE INDEX members_by_account ON members (account_id, id);

-- Only a MAC of an invitation's text is kept. It is used once, and goes with its membership.
CREATE TABLE invitations (
    member_id TEXT PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    prefix TEXT NOT NULL CONSTRAINT invitations_prefix UNIQUE,
    mac BLOB NOT NULL,
    invited_by TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Only a MAC of a session's text is kept.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    prefix TEXT NOT NULL,
    mac BLOB NOT NULL,
    ip TEXT,
    user_agent TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_prefix ON sessions (prefix);
CREATE INDEX sessions_by_user ON sessions (user_id);

ALTER TABLE tokens ADD COLUMN condition TEXT;
ALTER TABLE tokens ADD COLUMN issued_at INTEGER NOT NULL DEFAULT 0;
UPDATE tokens SET issued_at = created_at;
CREATE INDEX tokens_by_user ON tokens (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_by_account ON tokens (account_id, created_at) WHERE account_id IS NOT NULL;

-- A policy names its resources as the API does; it used to list accounts, where none meant all.
UPDATE tokens SET policies = (
    SELECT json_group_array(json_object(
        'effect', policy.value ->> 'effect',
        'permission_groups', json(policy.value -> 'permission_groups'),
        'resources', CASE json_array_length(policy.value -> 'accounts')
            WHEN 0 THEN json('["com.cloudflare.api.account.*"]')
            ELSE (SELECT json_group_array('com.cloudflare.api.account.' || account.value)
                  FROM json_each(policy.value -> 'accounts') AS account)
        END
    ))
    FROM json_each(tokens.policies) AS policy
);

-- What a user's own token could always read of its user, it may go on reading.
UPDATE tokens SET policies = json_insert(policies, '$[#]', json_object(
    'effect', 'allow',
    'permission_groups', json('["c0ffe500000000000000000000000006", "c0ffe500000000000000000000000008"]'),
    'resources', json_array('com.cloudflare.api.user.' || user_id)
))
WHERE user_id IS NOT NULL;

-- When a token or a session was last used. Written now and then, never for a request.
CREATE TABLE token_uses (
    token_id TEXT PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session_uses (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which versions bind which secrets of a store, by the name that resolves at the time of a read.
CREATE TABLE version_secrets (
    version_id TEXT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    binding TEXT NOT NULL,
    store_id TEXT NOT NULL,
    secret_name TEXT NOT NULL,
    PRIMARY KEY (version_id, binding)
) STRICT, WITHOUT ROWID;

CREATE INDEX version_secrets_by_secret ON version_secrets (store_id, secret_name);

INSERT INTO version_secrets (version_id, binding, store_id, secret_name)
SELECT versions.id, binding.value ->> 'name', binding.value ->> 'store_id', binding.value ->> 'secret_name'
FROM versions, json_each(versions.facts, '$.bindings') AS binding
WHERE binding.value ->> 'type' = 'secrets_store_secret';

-- Reads of a secret by a Worker, counted. Kept after the Worker is gone, until the secret is.
CREATE TABLE secret_reads (
    secret_id TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    worker_id TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    PRIMARY KEY (secret_id, worker_id)
) STRICT, WITHOUT ROWID;

-- How the request of an event came and ended. Events of before have no such facts.
ALTER TABLE audit_events ADD COLUMN result TEXT NOT NULL DEFAULT 'success';
ALTER TABLE audit_events ADD COLUMN actor_kind TEXT NOT NULL DEFAULT 'user';
ALTER TABLE audit_events ADD COLUMN token_name TEXT;
ALTER TABLE audit_events ADD COLUMN method TEXT;
ALTER TABLE audit_events ADD COLUMN path TEXT;
ALTER TABLE audit_events ADD COLUMN user_agent TEXT;
ALTER TABLE audit_events ADD COLUMN status INTEGER;

-- The audit log is a Merkle log: each event keeps the hash of its leaf. It gets it with its row, and those of before
-- when they are taken into the log.
ALTER TABLE audit_events ADD COLUMN leaf BLOB;

DROP TRIGGER audit_events_are_not_edited;
CREATE TRIGGER audit_events_are_not_edited BEFORE UPDATE ON audit_events WHEN OLD.leaf IS NOT NULL
BEGIN
    SELECT RAISE (ABORT, 'the audit log is append-only');
END;

-- Full tiles of the log's tree: 256 hashes of 32 bytes each.
CREATE TABLE audit_tiles (
    level INTEGER NOT NULL,
    tile INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, tile)
) STRICT;

-- The signed checkpoint over every 256 events, and the newest one.
CREATE TABLE audit_checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;

CREATE TABLE audit_head (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    note TEXT NOT NULL
) STRICT;

DROP INDEX audit_events_by_account;
CREATE INDEX audit_events_by_account ON audit_events (account_id, at, seq);
CREATE INDEX audit_events_by_resource ON audit_events (resource_id, at, seq);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, at, seq);
