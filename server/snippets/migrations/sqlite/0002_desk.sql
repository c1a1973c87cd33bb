-- What the operator orders, and the record of it. Only new tables: a server of the version before goes on beside this.

CREATE TABLE orders (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Whom or what it is about, and what whoever it stops is told.
    value TEXT NOT NULL,
    words TEXT NOT NULL,
    given_by TEXT NOT NULL,
    -- Times are in milliseconds since 1970.
    given_ms INTEGER NOT NULL,
    expires_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Who did what, when and from where. What is in here stays.
CREATE TABLE acts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL
) STRICT;

CREATE TRIGGER acts_are_not_changed BEFORE UPDATE ON acts
BEGIN
    SELECT RAISE(ABORT, 'the record of acts can only be added to');
END;

CREATE TRIGGER acts_are_not_deleted BEFORE DELETE ON acts
BEGIN
    SELECT RAISE(ABORT, 'the record of acts can only be added to');
END;
