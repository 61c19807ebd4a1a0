-- +goose Up
CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TIMESTAMP NOT NULL,
    actor_id TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL CONSTRAINT audit_outcome CHECK (outcome IN ('ok', 'replayed', 'forbidden', 'not_found')),
    objects TEXT NOT NULL,
    request_id TEXT NOT NULL
);
CREATE INDEX audit_by_organisation ON audit_events (organisation_id, action, at);
CREATE INDEX audit_by_actor ON audit_events (actor_id, action, at);

-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
-- +goose StatementEnd

CREATE TABLE linkage_entries (
    client_id TEXT PRIMARY KEY REFERENCES clients (id),
    link_id TEXT NOT NULL,
    low_quality BOOLEAN NOT NULL,
    birth_year INTEGER NOT NULL,
    fold_version INTEGER NOT NULL
);
CREATE INDEX linkage_link ON linkage_entries (link_id);

-- +goose Down
DROP TABLE linkage_entries;
DROP TABLE audit_events;
