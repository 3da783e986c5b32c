-- Pages projects. A project's name becomes a label of host names, which are unique in the whole installation.

CREATE TABLE pages_projects (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    label TEXT NOT NULL UNIQUE,
    production_branch TEXT NOT NULL,
    configurations TEXT NOT NULL,
    build_config TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    UNIQUE (account_id, name)
) STRICT, WITHOUT ROWID;

-- Sealed values of projects' secrets; configurations refer to them.
CREATE TABLE pages_secrets (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES pages_projects (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX pages_secrets_by_project ON pages_secrets (project_id);
