-- +goose Up
-- The rule by hours for gaps in agonist treatment that a facility has chosen: the id of one of the protocols', 'none', or
-- empty for the country's.
ALTER TABLE organisations ADD COLUMN gap_rule TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE organisations DROP COLUMN gap_rule;
