-- What checks a signed request: the public half of a key pair, and the nonces that count once. Signatures are checked
-- with sealed texts, so the feed carries them now; its rows get a time, by which old ones are forgotten.

ALTER TABLE credentials ADD COLUMN public_key TEXT COLLATE "C";

-- `nonce` is a digest of it.
CREATE TABLE nonces (
    credential TEXT COLLATE "C" NOT NULL,
    nonce      BYTEA NOT NULL,
    until      BIGINT NOT NULL,
    PRIMARY KEY (credential, nonce)
);
CREATE INDEX nonces_by_end ON nonces (until);

-- The time of the audit entry.
ALTER TABLE changes ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
UPDATE changes SET at = recorded.at FROM (SELECT revision, at FROM audit WHERE revision > 0) AS recorded
    WHERE recorded.revision = changes.revision;
