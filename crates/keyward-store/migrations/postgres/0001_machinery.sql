-- The machinery under every record: revisions, the change feed, the audit log, nodes. Texts sort by their bytes, as in SQLite.

-- One row, locked by every batch of writes: it makes all writes of all nodes serial.
CREATE TABLE revision (
    one     SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    current BIGINT NOT NULL
);
INSERT INTO revision (one, current) VALUES (1, 0);

-- The last batch that each lane committed: the answer to a COMMIT whose own answer was lost.
CREATE TABLE lanes (
    lane  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL
);

-- One row per revision. `scope` is an organization's id, or `deployment`.
CREATE TABLE changes (
    revision BIGINT NOT NULL PRIMARY KEY,
    scope    TEXT COLLATE "C" NOT NULL,
    changes  TEXT COLLATE "C" NOT NULL
);

-- One hash chain per scope. `entry` is the text that was hashed; the columns after it repeat parts of it for lists.
CREATE TABLE audit (
    scope     TEXT COLLATE "C" NOT NULL,
    position  BIGINT NOT NULL,
    revision  BIGINT NOT NULL,
    entry     TEXT COLLATE "C" NOT NULL,
    at        BIGINT NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    caller     TEXT COLLATE "C" NOT NULL,
    target    TEXT COLLATE "C",
    hash      BYTEA NOT NULL,
    PRIMARY KEY (scope, position)
);
CREATE INDEX audit_by_operation ON audit (scope, operation, position);
CREATE INDEX audit_by_caller ON audit (scope, caller, position);
CREATE INDEX audit_by_target ON audit (scope, target, position);

CREATE TABLE audit_heads (
    scope TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    hash  BYTEA NOT NULL
);

CREATE TABLE audit_checkpoints (
    scope     TEXT COLLATE "C" NOT NULL,
    count     BIGINT NOT NULL,
    head      BYTEA NOT NULL,
    at        BIGINT NOT NULL,
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (scope, count, public_key)
);

-- Running servers. `heartbeat` is the database's own clock, in microseconds.
CREATE TABLE nodes (
    node      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    applied   BIGINT NOT NULL,
    heartbeat BIGINT NOT NULL
);
