-- What chat platforms deliver, and where answers to it go.
--
-- The row of an arrival stays as its key: what comes again is known, so that it is taken once. Its body is sealed and goes
-- when it has been dealt with. Times are Unix milliseconds.

CREATE TABLE arrivals (
    arrival    INTEGER PRIMARY KEY,
    account    TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    status     TEXT    NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'answered', 'done')),
    response   TEXT,
    UNIQUE (account, key)
) STRICT;

CREATE INDEX arrivals_due ON arrivals (arrival) WHERE status = 'due';
CREATE INDEX arrivals_answered ON arrivals (created_at) WHERE status = 'answered';
CREATE INDEX arrivals_by_address ON arrivals (account, address);
CREATE INDEX arrivals_by_age ON arrivals (created_at);

-- Who is reached where: one row a person of an account, or a person in a group.
CREATE TABLE addresses (
    account         TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    conversation_id TEXT,
    user_id         TEXT,
    handle          BLOB    NOT NULL,
    quota_left      INTEGER,
    quota_until     INTEGER,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX addresses_by_conversation ON addresses (conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX addresses_by_user ON addresses (user_id) WHERE user_id IS NOT NULL;

-- How far something was read that is fetched page by page.
CREATE TABLE cursors (
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
