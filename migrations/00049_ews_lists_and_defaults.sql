-- +goose Up
-- Reports of the early warning and proposed alerts have random ids from now on, because the time in
-- an id tells others when a report was made. This is what their lists are in the order of.
ALTER TABLE ews_reports ADD COLUMN listed_as TEXT NOT NULL DEFAULT '';
UPDATE ews_reports SET listed_as = month || ' ' || id;
CREATE INDEX ews_reports_listed ON ews_reports (listed_as);
ALTER TABLE alerts ADD COLUMN listed_as TEXT NOT NULL DEFAULT '';
UPDATE alerts SET listed_as = substr(CAST(COALESCE(issued_at, created_at) AS TEXT), 1, 10) || ' ' || id;
CREATE INDEX alerts_listed ON alerts (listed_as);
CREATE INDEX alerts_state_listed ON alerts (state, listed_as);
-- A region whose default clinic was taken back keeps its row, and so the order of its versions.
ALTER TABLE region_defaults ALTER COLUMN organisation_id DROP NOT NULL;

-- +goose Down
DELETE FROM region_defaults WHERE organisation_id IS NULL;
ALTER TABLE region_defaults ALTER COLUMN organisation_id SET NOT NULL;
DROP INDEX alerts_state_listed;
DROP INDEX alerts_listed;
ALTER TABLE alerts DROP COLUMN listed_as;
DROP INDEX ews_reports_listed;
ALTER TABLE ews_reports DROP COLUMN listed_as;
