-- Cases, their earlier versions, and the sources that own them.
--
-- Migrations are only added: a released file is never edited. Times are Unix milliseconds.

-- "YNZU": tells this program's databases from anybody else's.
PRAGMA application_id = 0x594E5A55;

CREATE TABLE sources (
    source_id  INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    run        INTEGER NOT NULL,   -- counts the syncs; the current or last one
    started_at INTEGER NOT NULL,   -- of that run
    state      TEXT    NOT NULL CHECK (state IN ('running', 'complete', 'partial'))
) STRICT;

-- The change sequence is the key: a change moves the row to the end, so that following the changes is reading
-- the table in order, and a write is an append. A number is never used twice.
CREATE TABLE cases (
    seq          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    source_id    INTEGER NOT NULL REFERENCES sources,
    revision     INTEGER NOT NULL,   -- from 1
    updated_at   INTEGER NOT NULL,
    content_hash BLOB    NOT NULL,
    record       BLOB                -- NULL: removed, kept so that followers hear of it
) STRICT;

CREATE INDEX cases_by_source ON cases (source_id) WHERE record IS NOT NULL;

CREATE TABLE case_revisions (
    id           TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    replaced_at  INTEGER NOT NULL,
    content_hash BLOB    NOT NULL,
    record       BLOB    NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT;

-- What the current run of a source has put. Apart from `cases`, so that a sync in which nothing changed does not
-- write every case again.
CREATE TABLE sync_seen (
    source_id INTEGER NOT NULL REFERENCES sources,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (source_id, seq)
) STRICT, WITHOUT ROWID;
