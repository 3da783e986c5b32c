-- The authenticator app of a user: its secret, sealed, and the last step whose code was used. It counts from when a
-- code of it was first entered.
CREATE TABLE second_factors (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret_sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT, WITHOUT ROWID;

-- Only a MAC of a recovery code is kept. Each is used once.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    mac BLOB NOT NULL,
    PRIMARY KEY (user_id, mac)
) STRICT, WITHOUT ROWID;
