-- Static assets of versions. Contents are blobs; a version refers to its manifest, and the manifest to its files.

CREATE TABLE manifest_blobs (
    manifest TEXT NOT NULL REFERENCES blobs (digest) ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    PRIMARY KEY (manifest, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX manifest_blobs_by_digest ON manifest_blobs (digest);

-- Files that an account has uploaded, by the hash that its client gave them. Another account learns nothing of them.
CREATE TABLE account_assets (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client_hash TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    size INTEGER NOT NULL,
    content_type TEXT,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, client_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_assets_by_digest ON account_assets (digest);
CREATE INDEX account_assets_by_age ON account_assets (stored_at);

-- Uploads that have begun: the manifest as the client sent it, as JSON.
CREATE TABLE asset_sessions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    worker_name TEXT NOT NULL,
    manifest TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX asset_sessions_by_account ON asset_sessions (account_id, created_at);
