-- Deployments of Pages projects. Each is a version of a Worker that has no row: its id comes from the project's, and
-- its sealed values are copies, so nothing that is done to the project's variables later changes what it reads.

-- The deployment that answers at the project's own host name: the newest to production, or what a rollback chose.
ALTER TABLE pages_projects ADD COLUMN production_deployment TEXT;
ALTER TABLE pages_projects ADD COLUMN last_deployment INTEGER NOT NULL DEFAULT 0;

CREATE TABLE pages_deployments (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES pages_projects (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    environment TEXT NOT NULL,
    branch TEXT NOT NULL,
    -- Everything else about it, as JSON; it never holds a value.
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT pages_deployments_number UNIQUE (project_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE pages_deployment_blobs (
    deployment_id TEXT NOT NULL REFERENCES pages_deployments (id) ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    PRIMARY KEY (deployment_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX pages_deployment_blobs_by_digest ON pages_deployment_blobs (digest);

CREATE TABLE pages_deployment_secrets (
    deployment_id TEXT NOT NULL REFERENCES pages_deployments (id) ON DELETE CASCADE,
    secret_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (deployment_id, secret_id)
) STRICT, WITHOUT ROWID;

-- A file of a Pages project is sent without its path, of which its hash is made, too: that it is what its hash says is
-- found out when it is deployed, and until then it is nobody's but such a deployment's.
ALTER TABLE account_assets ADD COLUMN verified INTEGER NOT NULL DEFAULT 1;
