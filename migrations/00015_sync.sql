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

-- Commands of a device that met another state than the one they were based on: they wait for a person.
CREATE TABLE sync_conflicts (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    device_id TEXT NOT NULL,
    command_id TEXT NOT NULL,
    command TEXT NOT NULL,
    code TEXT NOT NULL,
    resource TEXT NOT NULL,
    base_version BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT sync_conflicts_state CHECK (state IN ('waiting', 'applied', 'dropped')),
    settled_at TIMESTAMP,
    settled_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT sync_conflicts_once UNIQUE (user_id, command_id)
);
CREATE INDEX sync_conflicts_organisation ON sync_conflicts (organisation_id, id);

-- +goose Down
DROP TABLE sync_conflicts;
DROP TABLE devices;
