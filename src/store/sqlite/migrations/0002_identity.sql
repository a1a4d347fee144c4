-- One row: what tells this store from every other, so that what was derived from another one is known as such.

CREATE TABLE store (
    identity TEXT NOT NULL
) STRICT;

INSERT INTO store (identity) VALUES (lower(hex(randomblob(16))));
