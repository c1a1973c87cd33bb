-- What the operator orders, and the record of it. Only new tables: a server of the version before goes on beside this.

CREATE TABLE orders (
    id BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Whom or what it is about, and what whoever it stops is told.
    value TEXT NOT NULL,
    words TEXT NOT NULL,
    given_by TEXT NOT NULL,
    -- Times are in milliseconds since 1970.
    given_ms BIGINT NOT NULL,
    expires_ms BIGINT
);

-- Who did what, when and from where. What is in here stays.
CREATE TABLE acts (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL
);

CREATE FUNCTION acts_can_only_be_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of acts can only be added to';
END;
$$;

CREATE TRIGGER acts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON acts
    FOR EACH STATEMENT EXECUTE FUNCTION acts_can_only_be_added_to();
