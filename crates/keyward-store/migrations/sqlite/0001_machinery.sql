-- The machinery under every record: revisions, the change feed, the audit log, nodes.

-- One row, locked by every batch of writes: it makes all writes of all nodes serial.
CREATE TABLE revision (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    current INTEGER NOT NULL
) STRICT;
INSERT INTO revision (one, current) VALUES (1, 0);

-- The last batch that each lane committed: the answer to a COMMIT whose own answer was lost.
CREATE TABLE lanes (
    lane  TEXT NOT NULL PRIMARY KEY,
    batch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per revision. `scope` is an organization's id, or `deployment`.
CREATE TABLE changes (
    revision INTEGER NOT NULL PRIMARY KEY,
    scope    TEXT NOT NULL,
    changes  TEXT NOT NULL
) STRICT;

-- One hash chain per scope. `entry` is the text that was hashed; the columns after it repeat parts of it for lists.
CREATE TABLE audit (
    scope     TEXT NOT NULL,
    position  INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    entry     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    operation TEXT NOT NULL,
    caller     TEXT NOT NULL,
    target    TEXT,
    hash      BLOB NOT NULL,
    PRIMARY KEY (scope, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_operation ON audit (scope, operation, position);
CREATE INDEX audit_by_caller ON audit (scope, caller, position);
CREATE INDEX audit_by_target ON audit (scope, target, position);

CREATE TABLE audit_heads (
    scope TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    hash  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoints (
    scope     TEXT NOT NULL,
    count     INTEGER NOT NULL,
    head      BLOB NOT NULL,
    at        INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (scope, count, public_key)
) STRICT, WITHOUT ROWID;

-- Running servers. `heartbeat` is the database's own clock, in microseconds.
CREATE TABLE nodes (
    node      TEXT NOT NULL PRIMARY KEY,
    applied   INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
