-- Lists of one kind stay fast with a hundred thousand credentials: each order has an index that holds what lists are
-- filtered by, so that rows are only looked up when they are shown.

CREATE INDEX credentials_listed_by_time ON credentials
    (organization, kind, created_at, id, folded_name, namespace, owner, revoked_at, disabled_at, expires_at);
CREATE INDEX credentials_listed_by_name ON credentials
    (organization, kind, folded_name, id, created_at, namespace, owner, revoked_at, disabled_at, expires_at);
CREATE INDEX credentials_listed_by_end ON credentials
    (organization, kind, expires_at, id, folded_name, created_at, namespace, owner, revoked_at, disabled_at);
CREATE INDEX last_uses_by_time ON last_uses (at, credential, slot);

-- Whom a role was given to, without looking at the grants themselves.
DROP INDEX grants_by_role;
CREATE INDEX grants_by_role ON grants (organization, role, holder);
