-- The records: organizations and what belongs to them, people and how they sign in, what was counted.

CREATE TABLE profiles (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    digest  TEXT COLLATE "C" NOT NULL,
    text    TEXT COLLATE "C" NOT NULL
);

CREATE TABLE organizations (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    folded_name  TEXT COLLATE "C" NOT NULL,
    profiles     TEXT COLLATE "C" NOT NULL,
    sources      TEXT COLLATE "C" NOT NULL,
    suspended_at BIGINT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

-- Applications, workspaces and user groups. `folded_name` is the name as it is compared.
CREATE TABLE namespaces (
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    id           TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    parent       TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    folded_name  TEXT COLLATE "C" NOT NULL,
    site_key     TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX namespaces_name ON namespaces (parent, kind, folded_name);
CREATE UNIQUE INDEX namespaces_site_key ON namespaces (site_key) WHERE site_key IS NOT NULL;
CREATE INDEX namespaces_by_name ON namespaces (organization, folded_name, id);

-- `password` is an Argon2 hash in PHC form; null for those who sign in elsewhere.
CREATE TABLE users (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email       TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    folded_name TEXT COLLATE "C" NOT NULL,
    operator    BOOLEAN NOT NULL,
    password    TEXT COLLATE "C",
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE memberships (
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    super_admin  BOOLEAN NOT NULL,
    suspended_at BIGINT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE group_members (
    organization TEXT COLLATE "C" NOT NULL,
    user_group   TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, user_group, user_id),
    FOREIGN KEY (organization, user_id) REFERENCES memberships (organization, user_id)
);
CREATE INDEX group_members_by_user ON group_members (organization, user_id);

CREATE TABLE roles (
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    folded_name  TEXT COLLATE "C" NOT NULL,
    patterns     TEXT COLLATE "C" NOT NULL,
    template     TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE UNIQUE INDEX roles_name ON roles (organization, folded_name);

-- `holder` is a user, a user group or a credential.
CREATE TABLE grants (
    organization TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    holder       TEXT COLLATE "C" NOT NULL,
    role         TEXT COLLATE "C" NOT NULL,
    namespace    TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, id),
    FOREIGN KEY (organization, role) REFERENCES roles (organization, id)
);
CREATE UNIQUE INDEX grants_once ON grants (organization, holder, role, namespace);
CREATE INDEX grants_by_role ON grants (organization, role);
CREATE INDEX grants_by_namespace ON grants (organization, namespace);

-- `scope_key`, `place` and `name_scope` exist for their unique indexes: at most N of a kind that are not revoked, and
-- one of a name.
CREATE TABLE credentials (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization  TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    kind          TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    folded_name   TEXT COLLATE "C" NOT NULL,
    public_id     TEXT COLLATE "C" NOT NULL,
    namespace     TEXT COLLATE "C" NOT NULL,
    owner         TEXT COLLATE "C",
    created_by    TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    disabled_at   BIGINT,
    revoked_at    BIGINT,
    revoke_reason TEXT COLLATE "C",
    generation    BIGINT NOT NULL,
    expires_at    BIGINT,
    sources       TEXT COLLATE "C" NOT NULL,
    denied        TEXT COLLATE "C" NOT NULL,
    scope_key     TEXT COLLATE "C",
    place         BIGINT,
    name_scope    TEXT COLLATE "C",
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL)),
    CHECK (revoked_at IS NULL OR disabled_at IS NULL)
);
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
    credential TEXT COLLATE "C" NOT NULL REFERENCES credentials (id),
    number     BIGINT NOT NULL,
    pepper     BIGINT NOT NULL,
    digest     BYTEA NOT NULL,
    sealed     TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    ends_at    BIGINT,
    PRIMARY KEY (credential, number)
);

-- Where a credential was imported besides the namespace where it lives.
CREATE TABLE links (
    organization TEXT COLLATE "C" NOT NULL,
    credential   TEXT COLLATE "C" NOT NULL REFERENCES credentials (id),
    namespace    TEXT COLLATE "C" NOT NULL,
    created_by   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (organization, credential, namespace)
);
CREATE INDEX links_by_namespace ON links (organization, namespace);

-- Apart from the slots, and without a reference to them: written in batches, without a revision.
CREATE TABLE last_uses (
    credential TEXT COLLATE "C" NOT NULL,
    slot       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (credential, slot)
);

-- `day` counts from 1970-01-01 in UTC.
CREATE TABLE daily_uses (
    credential TEXT COLLATE "C" NOT NULL,
    day        BIGINT NOT NULL,
    allowed    BIGINT NOT NULL,
    refused    BIGINT NOT NULL,
    PRIMARY KEY (credential, day)
);
CREATE INDEX daily_uses_by_day ON daily_uses (day);

CREATE TABLE sessions (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    public_id    TEXT COLLATE "C" NOT NULL,
    pepper       BIGINT NOT NULL,
    digest       BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE UNIQUE INDEX sessions_public_id ON sessions (public_id);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    public_id    TEXT COLLATE "C" NOT NULL,
    pepper       BIGINT NOT NULL,
    digest       BYTEA NOT NULL,
    email        TEXT COLLATE "C" NOT NULL,
    super_admin  BOOLEAN NOT NULL,
    grants       TEXT COLLATE "C" NOT NULL,
    invited_by   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    accepted_at  BIGINT,
    accepted_by  TEXT COLLATE "C"
);
CREATE UNIQUE INDEX invitations_public_id ON invitations (public_id);
CREATE INDEX invitations_by_organization ON invitations (organization, id);

-- One row: the newest link of a first start.
CREATE TABLE setup_token (
    one        SMALLINT NOT NULL PRIMARY KEY CHECK (one = 1),
    pepper     BIGINT NOT NULL,
    digest     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT
);

-- Failed sign-ins by what they are counted for: an address, an account.
CREATE TABLE attempts (
    subject      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures     BIGINT NOT NULL,
    locked_until BIGINT,
    updated_at   BIGINT NOT NULL
);

CREATE TABLE idempotency (
    caller          TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    request_hash    BYTEA NOT NULL,
    credential      TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
);
CREATE INDEX idempotency_by_time ON idempotency (created_at);
