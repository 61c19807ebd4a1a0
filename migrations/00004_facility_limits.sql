-- +goose Up
-- A facility's own time limit in place of a protocol's. It holds for the edition it was made for, until it is ended.
CREATE TABLE facility_limits (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    protocol TEXT NOT NULL,
    edition TEXT NOT NULL,
    step TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    duration TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX facility_limits_one_in_force ON facility_limits (organisation_id, protocol, step, limit_id) WHERE ended_at IS NULL;

-- +goose Down
DROP TABLE facility_limits;
