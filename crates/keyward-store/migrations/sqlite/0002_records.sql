-- The records: organizations and what belongs to them, people and how they sign in, what was counted.

CREATE TABLE profiles (
    name    TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    digest  TEXT NOT NULL,
    text    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
    id           TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    folded_name  TEXT NOT NULL,
    profiles     TEXT NOT NULL,
    sources      TEXT NOT NULL,
    suspended_at INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Applications, workspaces and user groups. `folded_name` is the name as it is compared.
CREATE TABLE namespaces (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    parent       TEXT NOT NULL,
    name         TEXT NOT NULL,
    folded_name  TEXT NOT NULL,
    site_key     TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX namespaces_name ON namespaces (parent, kind, folded_name);
CREATE UNIQUE INDEX namespaces_site_key ON namespaces (site_key) WHERE site_key IS NOT NULL;
CREATE INDEX namespaces_by_name ON namespaces (organization, folded_name, id);

-- `password` is an Argon2 hash in PHC form; null for those who sign in elsewhere.
CREATE TABLE users (
    id          TEXT NOT NULL PRIMARY KEY,
    email       TEXT NOT NULL,
    name        TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    operator    INTEGER NOT NULL CHECK (operator IN (0, 1)),
    password    TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE memberships (
    organization TEXT NOT NULL REFERENCES organizations (id),
    user_id      TEXT NOT NULL REFERENCES users (id),
    super_admin  INTEGER NOT NULL CHECK (super_admin IN (0, 1)),
    suspended_at INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (organization, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE group_members (
    organization TEXT NOT NULL,
    user_group   TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    PRIMARY KEY (organization, user_group, user_id),
    FOREIGN KEY (organization, user_id) REFERENCES memberships (organization, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_user ON group_members (organization, user_id);

CREATE TABLE roles (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    folded_name  TEXT NOT NULL,
    patterns     TEXT NOT NULL,
    template     TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX roles_name ON roles (organization, folded_name);

-- `holder` is a user, a user group or a credential.
CREATE TABLE grants (
    organization TEXT NOT NULL,
    id           TEXT NOT NULL,
    holder       TEXT NOT NULL,
    role         TEXT NOT NULL,
    namespace    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, role) REFERENCES roles (organization, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX grants_once ON grants (organization, holder, role, namespace);
CREATE INDEX grants_by_role ON grants (organization, role);
CREATE INDEX grants_by_namespace ON grants (organization, namespace);

-- `scope_key`, `place` and `name_scope` exist for their unique indexes: at most N of a kind that are not revoked, and
-- one of a name.
CREATE TABLE credentials (
    id            TEXT NOT NULL PRIMARY KEY,
    organization  TEXT NOT NULL REFERENCES organizations (id),
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    folded_name   TEXT NOT NULL,
    public_id     TEXT NOT NULL,
    namespace     TEXT NOT NULL,
    owner         TEXT,
    created_by    TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    disabled_at   INTEGER,
    revoked_at    INTEGER,
    revoke_reason TEXT,
    generation    INTEGER NOT NULL,
    expires_at    INTEGER,
    sources       TEXT NOT NULL,
    denied        TEXT NOT NULL,
    scope_key     TEXT,
    place         INTEGER,
    name_scope    TEXT,
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL)),
    CHECK (revoked_at IS NULL OR disabled_at IS NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX credentials_public_id ON credentials (public_id);
CREATE UNIQUE INDEX credentials_place ON credentials (scope_key, kind, place)
    WHERE revoked_at IS NULL AND place IS NOT NULL;
CREATE UNIQUE INDEX credentials_name ON credentials (name_scope, kind, folded_name)
    WHERE revoked_at IS NULL AND name_scope IS NOT NULL;
CREATE INDEX credentials_by_time ON credentials (organization, created_at, id);
CREATE INDEX credentials_by_name ON credentials (organization, folded_name, id);
CREATE INDEX credentials_by_namespace ON credentials (organization, namespace);
CREATE INDEX credentials_by_owner ON credentials (organization, owner);
CREATE INDEX credentials_by_creator ON credentials (organization, created_by);

-- The stored secrets of a credential. A digest never changes, unless the same secret moves to a newer pepper.
CREATE TABLE slots (
    credential TEXT NOT NULL REFERENCES credentials (id),
    number     INTEGER NOT NULL,
    pepper     INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    sealed     TEXT,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER,
    PRIMARY KEY (credential, number)
) STRICT, WITHOUT ROWID;

-- Where a credential was imported besides the namespace where it lives.
CREATE TABLE links (
    organization TEXT NOT NULL,
    credential   TEXT NOT NULL REFERENCES credentials (id),
    namespace    TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (organization, credential, namespace)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_namespace ON links (organization, namespace);

-- Apart from the slots, and without a reference to them: written in batches, without a revision.
CREATE TABLE last_uses (
    credential TEXT NOT NULL,
    slot       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (credential, slot)
) STRICT, WITHOUT ROWID;

-- `day` counts from 1970-01-01 in UTC.
CREATE TABLE daily_uses (
    credential TEXT NOT NULL,
    day        INTEGER NOT NULL,
    allowed    INTEGER NOT NULL,
    refused    INTEGER NOT NULL,
    PRIMARY KEY (credential, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_uses_by_day ON daily_uses (day);

CREATE TABLE sessions (
    id           TEXT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id),
    public_id    TEXT NOT NULL,
    pepper       INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    signed_in_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_public_id ON sessions (public_id);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    id           TEXT NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    public_id    TEXT NOT NULL,
    pepper       INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    email        TEXT NOT NULL,
    super_admin  INTEGER NOT NULL CHECK (super_admin IN (0, 1)),
    grants       TEXT NOT NULL,
    invited_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    accepted_at  INTEGER,
    accepted_by  TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_public_id ON invitations (public_id);
CREATE INDEX invitations_by_organization ON invitations (organization, id);

-- One row: the newest link of a first start.
CREATE TABLE setup_token (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    pepper     INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

-- Failed sign-ins by what they are counted for: an address, an account.
CREATE TABLE attempts (
    subject      TEXT NOT NULL PRIMARY KEY,
    failures     INTEGER NOT NULL,
    locked_until INTEGER,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    caller          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash    BLOB NOT NULL,
    credential      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (created_at);
