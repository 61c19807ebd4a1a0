-- +goose Up
-- A table as CSV is written from its JSON when it is asked for; the hash of a release covers
-- the JSON alone, so those sealed before keep theirs.
ALTER TABLE release_tables DROP COLUMN csv;

-- +goose Down
ALTER TABLE release_tables ADD COLUMN csv TEXT NOT NULL DEFAULT '';
