-- Passkeys of users: public keys, as COSE writes them, that sign a user in. The count is what the authenticator told
-- last; one that does not count tells 0.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    name TEXT NOT NULL,
    sign_count INTEGER NOT NULL,
    is_backup_eligible INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_by_user ON passkeys (user_id, created_at);
