-- What the service remembers: conversations with their turns and transcripts, tickets, the outbox, accounts, audit.
--
-- A conversation's text id stands once, in its row; what grows with it (turns, lines, unanswered questions) names its
-- number. Such rows are appended, so that saving a turn writes few pages, and found by a small index. Bodies are the JSON
-- of their owner; only what is searched for is a column. Times are Unix milliseconds.

CREATE TABLE conversations (
    conversation INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    user_id      TEXT,
    channel      TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    wake_at      INTEGER,
    body         TEXT    NOT NULL
) STRICT;

CREATE INDEX conversations_by_user ON conversations (user_id, channel, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX conversations_due ON conversations (wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE turns (
    turn              INTEGER PRIMARY KEY,
    conversation      INTEGER NOT NULL REFERENCES conversations,
    number            INTEGER NOT NULL,
    client_message_id TEXT,
    at                INTEGER NOT NULL,
    event             TEXT    NOT NULL,
    response          TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX turns_by_number ON turns (conversation, number);
CREATE UNIQUE INDEX turns_by_client_message ON turns (conversation, client_message_id)
    WHERE client_message_id IS NOT NULL;

CREATE TABLE messages (
    message      INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    body         TEXT    NOT NULL,
    sealed       BLOB
) STRICT;

CREATE UNIQUE INDEX messages_by_seq ON messages (conversation, seq);

CREATE TABLE tickets (
    ticket          INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    conversation_id TEXT,
    user_id         TEXT,
    status          TEXT    NOT NULL,
    priority        TEXT    NOT NULL,
    queue           TEXT    NOT NULL,
    agent           TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    wake_at         INTEGER,
    body            TEXT    NOT NULL
) STRICT;

-- With the id at the end, so that a page of the newest is read off and not sorted.
CREATE INDEX tickets_by_status ON tickets (status, id);
CREATE INDEX tickets_by_queue ON tickets (queue, status, id);
CREATE INDEX tickets_by_agent ON tickets (agent, id) WHERE agent IS NOT NULL;
CREATE INDEX tickets_by_user ON tickets (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tickets_by_conversation ON tickets (conversation_id, id) WHERE conversation_id IS NOT NULL;
CREATE INDEX tickets_due ON tickets (wake_at) WHERE wake_at IS NOT NULL;

-- What has left stays as its id, without a body: an id is used once, for ever.
CREATE TABLE outbox (
    entry           INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    sink            TEXT    NOT NULL,
    conversation_id TEXT,
    body            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    error           TEXT,
    status          TEXT    NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'done', 'dead'))
) STRICT;

CREATE INDEX outbox_due ON outbox (due_at) WHERE status = 'due';
CREATE INDEX outbox_dead ON outbox (created_at) WHERE status = 'dead';
CREATE INDEX outbox_by_conversation ON outbox (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE accounts (
    name          TEXT    PRIMARY KEY,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    disabled      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    body          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token_hash BLOB    PRIMARY KEY,
    account    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attachments (
    id           TEXT    PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations,
    name         TEXT    NOT NULL,
    media_type   TEXT    NOT NULL,
    size         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX attachments_by_conversation ON attachments (conversation);

CREATE TABLE unanswered (
    question     INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations,
    turn         INTEGER NOT NULL,
    text         TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    case_id      TEXT,
    at           INTEGER NOT NULL
) STRICT;

CREATE INDEX unanswered_by_conversation ON unanswered (conversation);

CREATE TABLE incidents (
    id          TEXT    PRIMARY KEY,
    status      TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    wake_at     INTEGER,
    body        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_open ON incidents (created_at) WHERE status <> 'closed' OR wake_at IS NOT NULL;

-- What was erased, conversations as hashes of their ids: a turn that was under way then must not bring it back. Numbers of
-- tickets say nothing of anybody, and none is given twice.
CREATE TABLE erased_conversations (
    hash BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE erased_tickets (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- A row while bytes of what was erased may still lie in parts of the file that no table uses.
CREATE TABLE traces (
    since INTEGER NOT NULL
) STRICT;

-- How many there are of each state, so that nobody counts two hundred thousand rows to draw a curve.
CREATE TABLE tallies (
    kind   TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER conversations_added AFTER INSERT ON conversations BEGIN
    INSERT INTO tallies VALUES ('conversation', NEW.state, 1)
        ON CONFLICT (kind, state) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER conversations_moved AFTER UPDATE OF state ON conversations WHEN NEW.state <> OLD.state BEGIN
    UPDATE tallies SET number = number - 1 WHERE kind = 'conversation' AND state = OLD.state;
    INSERT INTO tallies VALUES ('conversation', NEW.state, 1)
        ON CONFLICT (kind, state) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER conversations_removed AFTER DELETE ON conversations BEGIN
    UPDATE tallies SET number = number - 1 WHERE kind = 'conversation' AND state = OLD.state;
END;
CREATE TRIGGER tickets_added AFTER INSERT ON tickets BEGIN
    INSERT INTO tallies VALUES ('ticket', NEW.status, 1)
        ON CONFLICT (kind, state) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER tickets_moved AFTER UPDATE OF status ON tickets WHEN NEW.status <> OLD.status BEGIN
    UPDATE tallies SET number = number - 1 WHERE kind = 'ticket' AND state = OLD.status;
    INSERT INTO tallies VALUES ('ticket', NEW.status, 1)
        ON CONFLICT (kind, state) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER tickets_removed AFTER DELETE ON tickets BEGIN
    UPDATE tallies SET number = number - 1 WHERE kind = 'ticket' AND state = OLD.status;
END;

-- Append-only: the program never changes an entry, and whoever else tries by SQL is told so. The hashes show who gets
-- around that; the head shows a log whose end was cut off.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    details TEXT    NOT NULL,
    hash    BLOB    NOT NULL
) STRICT;

CREATE TABLE audit_head (
    count INTEGER NOT NULL,
    hash  BLOB    NOT NULL
) STRICT;

INSERT INTO audit_head VALUES (0, zeroblob(32));

CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
    WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit) BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are only added at its end');
END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never changed');
END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'entries of the audit log are never removed');
END;
CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log is never removed');
END;
