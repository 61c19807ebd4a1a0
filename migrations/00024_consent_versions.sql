-- +goose Up
-- What a consent said before each change, and what the change ended. The newest version
-- is the consent itself.
CREATE TABLE consent_versions (
    consent_id TEXT NOT NULL REFERENCES consents (id),
    version BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    categories TEXT NOT NULL,
    from_date TEXT NOT NULL,
    until_date TEXT NOT NULL,
    state TEXT NOT NULL,
    change TEXT NOT NULL,
    reason TEXT NOT NULL,
    deliveries TEXT NOT NULL,
    transfers TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (consent_id, version)
);
CREATE INDEX consent_versions_client ON consent_versions (client_id);

-- +goose Down
DROP TABLE consent_versions;
