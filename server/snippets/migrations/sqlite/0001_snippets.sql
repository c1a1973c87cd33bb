-- A snippet, without what changes from version to version.
CREATE TABLE snippets (
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the token that its owner has.
    token_hash BLOB NOT NULL,
    -- What it was made from. That may be gone by now, so it is no foreign key.
    parent_id TEXT,
    parent_version INTEGER,
    -- Times are in milliseconds since 1970.
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    latest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX snippets_by_expiry ON snippets (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE versions (
    snippet_id TEXT NOT NULL REFERENCES snippets (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    revised_ms INTEGER NOT NULL,
    -- JSON both.
    content TEXT NOT NULL,
    output TEXT,
    PRIMARY KEY (snippet_id, version)
) STRICT;
