-- What several servers hold clients to together. Only new tables: a server of the version before goes on beside this.

-- How much of its rate each client has used. What is full again is deleted.
CREATE TABLE rates (
    -- A hash of whose it is and of which rate: no address is kept.
    bucket BYTEA NOT NULL PRIMARY KEY,
    -- When it is full again.
    full_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX rates_by_time ON rates (full_at);

-- Calls with an Idempotency-Key, and their answers.
CREATE TABLE calls (
    -- A hash of whose key it is, and of the key.
    key BYTEA NOT NULL PRIMARY KEY,
    -- A hash of what was asked.
    asked BYTEA NOT NULL,
    -- Which server's turn it is, this time.
    turn BYTEA NOT NULL,
    -- Since when it is worked on; when it is answered, since when that is known.
    since TIMESTAMPTZ NOT NULL,
    -- NULL while it is worked on.
    status INTEGER,
    -- JSON: names and values.
    headers TEXT,
    body BYTEA
);

CREATE INDEX calls_by_time ON calls (since);
