-- A file is sent with the media type that it is served as, so what somebody sent for a Pages project is not taken for a
-- file of a Worker, or the other way round. Files from before are of Pages; a Worker's client is asked for them again.

CREATE TABLE assets_by_product (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    product TEXT NOT NULL,
    client_hash TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    size INTEGER NOT NULL,
    content_type TEXT,
    stored_at INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    PRIMARY KEY (account_id, product, client_hash)
) STRICT, WITHOUT ROWID;

INSERT INTO assets_by_product (account_id, product, client_hash, digest, size, content_type, stored_at, verified)
    SELECT account_id, 'pages', client_hash, digest, size, content_type, stored_at, verified FROM account_assets;

DROP TABLE account_assets;
ALTER TABLE assets_by_product RENAME TO account_assets;

CREATE INDEX account_assets_by_digest ON account_assets (digest);
CREATE INDEX account_assets_by_age ON account_assets (stored_at);

-- Contents that were sent once more under the same hash were left behind.
DELETE FROM blobs
    WHERE NOT EXISTS (SELECT 1 FROM version_blobs WHERE version_blobs.digest = blobs.digest)
    AND NOT EXISTS (SELECT 1 FROM pages_deployment_blobs WHERE pages_deployment_blobs.digest = blobs.digest)
    AND NOT EXISTS (SELECT 1 FROM manifest_blobs WHERE manifest_blobs.digest = blobs.digest)
    AND NOT EXISTS (SELECT 1 FROM account_assets WHERE account_assets.digest = blobs.digest);
