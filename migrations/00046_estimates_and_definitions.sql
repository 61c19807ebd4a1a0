-- +goose Up
ALTER TABLE denominators DROP CONSTRAINT denominators_kind;
ALTER TABLE denominators ADD CONSTRAINT denominators_kind CHECK (kind IN ('pwid', 'opioid_dependent', 'drug_use_disorder', 'alcohol_use_disorder', 'prison_population', 'population_15_64'));
-- The hash of the definitions that a release was counted by; empty in those sealed before,
-- whose tables name it.
ALTER TABLE releases ADD COLUMN definitions TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE releases DROP COLUMN definitions;
DELETE FROM denominators WHERE kind IN ('prison_population', 'population_15_64');
ALTER TABLE denominators DROP CONSTRAINT denominators_kind;
ALTER TABLE denominators ADD CONSTRAINT denominators_kind CHECK (kind IN ('pwid', 'opioid_dependent', 'drug_use_disorder', 'alcohol_use_disorder'));
