-- +goose Up
CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    label TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT devices_state CHECK (state IN ('enrolled', 'shut_out')),
    expires_at TIMESTAMP NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX devices_organisation ON devices (organisation_id, id);
CREATE INDEX devices_user ON devices (user_id);
CREATE UNIQUE INDEX devices_token ON devices (token_hash);

-- Commands of a device that met another state than the one they were based on: they wait for a person.
CREATE TABLE sync_conflicts (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    device_id TEXT NOT NULL,
    command_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    command TEXT NOT NULL,
    params TEXT NOT NULL,
    code TEXT NOT NULL,
    base_version BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT sync_conflicts_state CHECK (state IN ('waiting', 'applied', 'dropped')),
    settled_at TIMESTAMP,
    settled_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT sync_conflicts_once UNIQUE (user_id, command_id),
    CONSTRAINT sync_conflicts_settled CHECK (state = 'waiting' OR payload = '')
);
CREATE INDEX sync_conflicts_organisation ON sync_conflicts (organisation_id, id);
CREATE INDEX sync_conflicts_age ON sync_conflicts (settled_at);

-- Whose access ran out on a day, for the change feeds.
CREATE INDEX consents_until ON consents (until_date) WHERE state = 'given';

-- +goose Down
DROP INDEX consents_until;
DROP TABLE sync_conflicts;
DROP TABLE devices;
