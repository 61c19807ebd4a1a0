-- +goose Up
-- An organisation counts its own rows, also as they were on a past day: its episodes by
-- their start, and the tasks that were settled since that day.
CREATE INDEX episodes_organisation ON episodes (organisation_id, start_date);
CREATE INDEX tasks_settled ON tasks (organisation_id, settled_at) WHERE settled_at IS NOT NULL;

-- +goose Down
DROP INDEX tasks_settled;
DROP INDEX episodes_organisation;
