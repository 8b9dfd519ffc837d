-- What signing in needs beyond a password: a second factor with its recovery codes, and sign-ins that wait for a code.
-- Sessions remember where they came from.

ALTER TABLE sessions ADD COLUMN source TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN user_agent TEXT COLLATE "C";

-- `sealed` is the shared secret; `last_step` the last step of time whose code was used, 0 before the first.
CREATE TABLE second_factors (
    user_id      TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed       TEXT COLLATE "C" NOT NULL,
    begun_at     BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step    BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    digest  BYTEA NOT NULL,
    pepper  BIGINT NOT NULL,
    PRIMARY KEY (user_id, digest)
);

-- Sign-ins whose password was right and whose code is missing.
CREATE TABLE sign_ins (
    public_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    pepper     BIGINT NOT NULL,
    digest     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);
