-- What the deployment must remember about itself: the key ring that its digests were made under.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
