-- Whose share of the store a snippet counts for, and when it was last opened. Only new columns, tables and indices: a
-- server of the version before goes on beside this.

-- Keyed hashes of the client's address and of the network above it; NULL for what was there before. No address is kept.
ALTER TABLE snippets ADD COLUMN client BYTEA;
ALTER TABLE snippets ADD COLUMN network BYTEA;
-- How many bytes all its versions take; of what was there before, those that came since.
ALTER TABLE snippets ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
-- To the day or so; NULL for what was there before and has not been opened since.
ALTER TABLE snippets ADD COLUMN opened_ms BIGINT;

CREATE INDEX snippets_by_client ON snippets (client, bytes) WHERE client IS NOT NULL;
CREATE INDEX snippets_by_network ON snippets (network, bytes) WHERE network IS NOT NULL;
CREATE INDEX snippets_by_opening ON snippets (coalesce(opened_ms, created_ms));

-- Since when openings are noted: what was there before counts as opened then.
CREATE TABLE openings (
    since_ms BIGINT NOT NULL
);

INSERT INTO openings (since_ms) VALUES ((extract(epoch FROM now()) * 1000)::BIGINT);
