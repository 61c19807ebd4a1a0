-- +goose Up
-- Nothing ever set it: a task names who does it.
ALTER TABLE episodes DROP COLUMN key_worker;

-- +goose Down
ALTER TABLE episodes ADD COLUMN key_worker TEXT NOT NULL DEFAULT '';
