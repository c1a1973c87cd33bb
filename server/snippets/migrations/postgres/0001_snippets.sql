-- A snippet, without what changes from version to version.
CREATE TABLE snippets (
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the token that its owner has.
    token_hash BYTEA NOT NULL,
    -- What it was made from. That may be gone by now, so it is no foreign key.
    parent_id TEXT,
    parent_version BIGINT,
    -- Times are in milliseconds since 1970.
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    latest BIGINT NOT NULL
);

CREATE INDEX snippets_by_expiry ON snippets (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE versions (
    snippet_id TEXT NOT NULL REFERENCES snippets (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    revised_ms BIGINT NOT NULL,
    -- JSON both.
    content TEXT NOT NULL,
    output TEXT,
    -- How many bytes it takes.
    bytes BIGINT NOT NULL,
    PRIMARY KEY (snippet_id, version)
);
