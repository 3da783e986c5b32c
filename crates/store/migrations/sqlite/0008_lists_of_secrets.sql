-- What lists of secrets show, in one index: searching and sorting a large store then reads no sealed value.
CREATE INDEX secrets_by_modified ON secrets (
    store_id, modified_at, id, name, comment, scopes, change_seq, created_at, value_version, account_id
);
CREATE INDEX secrets_by_created ON secrets (store_id, created_at, id);

-- Reads of a secret, counted by hour since 1970, for charts of the last days.
CREATE TABLE secret_read_hours (
    secret_id TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    hour INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    PRIMARY KEY (secret_id, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO secret_read_hours (secret_id, hour, reads)
SELECT secrets.id, audit_events.at / 3600000000, sum(CAST(audit_events.details ->> 'reads' AS INTEGER))
FROM secrets JOIN audit_events ON audit_events.resource_id = secrets.id
WHERE audit_events.action = 'access' AND audit_events.resource_kind = 'secret'
    AND audit_events.account_id = secrets.account_id AND audit_events.details ->> 'reads' IS NOT NULL
GROUP BY 1, 2;
