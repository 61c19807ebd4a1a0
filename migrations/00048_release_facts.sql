-- +goose Up
-- Which counted records the snapshot had from which a release was counted: its other profile is
-- sealed alone only from the same ones. Empty in those sealed before, whose other profile is refused.
ALTER TABLE releases ADD COLUMN facts TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE releases DROP COLUMN facts;
