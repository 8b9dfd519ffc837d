-- Pages about all of a large organization stay fast: sums of uses, so that nothing goes through every day of every
-- credential, and indexes for what was looked for row by row. The sums are written with the days themselves; a credential
-- never changes its organization, namespace or kind.

-- The uses of all credentials of a kind that live in a namespace. Those of the whole organization together are in rows
-- whose namespace is empty.
CREATE TABLE summed_uses (
    organization TEXT NOT NULL,
    namespace    TEXT NOT NULL,
    kind         TEXT NOT NULL,
    day          INTEGER NOT NULL,
    allowed      INTEGER NOT NULL,
    refused      INTEGER NOT NULL,
    PRIMARY KEY (organization, namespace, kind, day)
) STRICT, WITHOUT ROWID;

-- The allowed and refused uses of each credential that has any, of the last 30 and 90 days up to `day` together. The
-- indexes have the most used of any namespace and kind in their order.
CREATE TABLE recent_uses (
    credential   TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL,
    namespace    TEXT NOT NULL,
    kind         TEXT NOT NULL,
    day          INTEGER NOT NULL,
    in_30_days   INTEGER NOT NULL,
    in_90_days   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO summed_uses (organization, namespace, kind, day, allowed, refused)
    SELECT c.organization, c.namespace, c.kind, u.day, SUM(u.allowed), SUM(u.refused)
    FROM daily_uses u JOIN credentials c ON c.id = u.credential
    GROUP BY c.organization, c.namespace, c.kind, u.day;
INSERT INTO summed_uses (organization, namespace, kind, day, allowed, refused)
    SELECT s.organization, '', s.kind, s.day, SUM(s.allowed), SUM(s.refused)
    FROM summed_uses s GROUP BY s.organization, s.kind, s.day;

INSERT INTO recent_uses (credential, organization, namespace, kind, day, in_30_days, in_90_days)
    SELECT c.id, c.organization, c.namespace, c.kind, l.day,
        SUM(CASE WHEN u.day > l.day - 30 THEN u.allowed + u.refused ELSE 0 END),
        SUM(CASE WHEN u.day > l.day - 90 THEN u.allowed + u.refused ELSE 0 END)
    FROM daily_uses u JOIN credentials c ON c.id = u.credential CROSS JOIN (SELECT MAX(day) AS day FROM daily_uses) l
    GROUP BY c.id, c.organization, c.namespace, c.kind, l.day;

CREATE INDEX recent_uses_by_30_days ON recent_uses (organization, in_30_days, credential, kind, namespace);
CREATE INDEX recent_uses_by_90_days ON recent_uses (organization, in_90_days, credential, kind, namespace);

-- What changed last, of all kinds together; what was never used, in the order of the ids; and how many live in a
-- namespace. Each without a look at the credentials themselves.
CREATE INDEX credentials_listed_by_change ON credentials
    (organization, updated_at, id, kind, folded_name, created_at, namespace, owner, revoked_at, disabled_at, expires_at);
CREATE INDEX credentials_listed_by_id ON credentials
    (organization, id, kind, folded_name, created_at, namespace, owner, revoked_at, disabled_at, expires_at);
DROP INDEX credentials_by_namespace;
CREATE INDEX credentials_by_namespace ON credentials (organization, namespace, revoked_at);
