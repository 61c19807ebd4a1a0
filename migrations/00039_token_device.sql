-- +goose Up
-- The device a bearer token was used with: it is good for nothing without it, and ends with it.
ALTER TABLE tokens ADD COLUMN device_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE tokens DROP COLUMN device_id;
