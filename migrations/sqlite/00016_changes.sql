-- +goose Up
-- What changed for whom. seq is taken by the last statement of the transaction.
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    organisation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    at TIMESTAMP NOT NULL
);
CREATE INDEX changes_organisation ON changes (organisation_id, seq);
CREATE INDEX changes_record ON changes (organisation_id, kind, record_id, seq);
CREATE INDEX changes_told ON changes (record_id);
CREATE INDEX changes_age ON changes (at);

-- +goose Down
DROP TABLE changes;
