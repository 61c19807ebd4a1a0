-- +goose Up
-- A table as CSV is written from its JSON when it is asked for; the hash of a release covers
-- the JSON alone, so those sealed before keep theirs.
ALTER TABLE release_tables DROP COLUMN csv;
-- Whether the person was told who is responsible from the release on: what each reading by
-- the receiver says in the disclosure log. Of earlier releases nobody recorded it here.
ALTER TABLE release_cases ADD COLUMN client_told BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE release_cases DROP COLUMN client_told;
ALTER TABLE release_tables ADD COLUMN csv TEXT NOT NULL DEFAULT '';
