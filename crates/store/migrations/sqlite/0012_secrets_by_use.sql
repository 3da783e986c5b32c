-- Which Workers have versions that bind a secret, and how many. A version binds a secret by its name, so the secret
-- itself may come later, or be gone.
CREATE TABLE secret_workers (
    store_id TEXT NOT NULL,
    secret_name TEXT NOT NULL,
    worker_id TEXT NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    versions INTEGER NOT NULL,
    PRIMARY KEY (store_id, secret_name, worker_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX secret_workers_by_worker ON secret_workers (worker_id);

INSERT INTO secret_workers (store_id, secret_name, worker_id, versions)
SELECT version_secrets.store_id, version_secrets.secret_name, versions.worker_id, count(DISTINCT versions.id)
FROM version_secrets JOIN versions ON versions.id = version_secrets.version_id
GROUP BY 1, 2, 3;

-- How much a secret is used, beside it: when it was last read (zero: never), and by how many Workers it is bound.
ALTER TABLE secrets ADD COLUMN last_read_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE secrets ADD COLUMN workers INTEGER NOT NULL DEFAULT 0;

UPDATE secrets SET
    last_read_at = coalesce((SELECT max(last_at) FROM secret_reads WHERE secret_id = secrets.id), 0),
    workers = (SELECT count(*) FROM secret_workers
        WHERE secret_workers.store_id = secrets.store_id AND secret_workers.secret_name = secrets.name);

-- One index for each order of a list, so that any page of a large store is found without sorting; and in one of them
-- all that a list shows or is narrowed by.
DROP INDEX secrets_by_modified;
CREATE INDEX secrets_by_modified ON secrets (
    store_id, modified_at, id, name, comment, scopes, change_seq, created_at, value_version, account_id,
    last_read_at, workers
);
CREATE INDEX secrets_by_last_read ON secrets (store_id, last_read_at, id);
CREATE INDEX secrets_by_workers ON secrets (store_id, workers, id);
CREATE INDEX secrets_by_comment ON secrets (store_id, coalesce(comment, ''), id);
CREATE INDEX secrets_by_status ON secrets (store_id, id, change_seq);
