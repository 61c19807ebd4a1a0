-- +goose Up
-- The life cycle of an episode, the anchors that its limits count from, and its tasks.
ALTER TABLE episodes ADD COLUMN state TEXT NOT NULL DEFAULT 'in_treatment' CONSTRAINT episodes_state CHECK (state IN ('screened', 'assessed', 'planned', 'in_treatment', 'suspended', 'aftercare', 'closed'));
ALTER TABLE episodes ADD COLUMN suspended_for TEXT NOT NULL DEFAULT '';
ALTER TABLE episodes ADD COLUMN suspended_at TIMESTAMP;
ALTER TABLE episodes ADD COLUMN reopens TEXT NOT NULL DEFAULT '';
ALTER TABLE episodes ADD COLUMN key_worker TEXT NOT NULL DEFAULT '';
UPDATE episodes SET state = 'closed' WHERE end_date <> '';

-- One row for each value an anchor had: the last one counts, the others are the history.
-- An anchor recorded while no episode was open waits for the next one.
CREATE TABLE anchors (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    episode_id TEXT NOT NULL,
    name TEXT NOT NULL,
    at TIMESTAMP,
    on_date TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT anchors_once UNIQUE (client_id, episode_id, name, version)
);
CREATE INDEX anchors_episode ON anchors (episode_id);

CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    episode_id TEXT NOT NULL,
    protocol TEXT NOT NULL,
    edition TEXT NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    anchor TEXT NOT NULL,
    origin TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    roles TEXT NOT NULL,
    assignee_id TEXT NOT NULL,
    due_at TIMESTAMP,
    hard BOOLEAN NOT NULL,
    basis TEXT NOT NULL,
    uncertain BOOLEAN NOT NULL,
    paused_days INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT tasks_state CHECK (state IN ('open', 'done', 'skipped', 'cancelled')),
    branch TEXT NOT NULL,
    done_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    escalated_at TIMESTAMP,
    settled_at TIMESTAMP,
    settled_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT tasks_step_or_kind CHECK ((step = '') <> (kind = ''))
);
CREATE INDEX tasks_due ON tasks (organisation_id, due_at, id) WHERE state = 'open';
CREATE INDEX tasks_step ON tasks (organisation_id, step, due_at, id) WHERE state = 'open';
CREATE INDEX tasks_assignee ON tasks (organisation_id, assignee_id, due_at, id) WHERE state = 'open';
CREATE INDEX tasks_episode ON tasks (episode_id, due_at, id);
CREATE INDEX tasks_client ON tasks (client_id);

-- What a due time was before its anchor moved.
CREATE TABLE task_dues (
    task_id TEXT NOT NULL REFERENCES tasks (id),
    version BIGINT NOT NULL,
    due_at TIMESTAMP,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (task_id, version)
);

-- How a facility changes limits of a protocol, each for a reason.
CREATE TABLE limit_overrides (
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    step TEXT NOT NULL,
    limit_id TEXT NOT NULL,
    "offset" TEXT NOT NULL,
    working_days BOOLEAN,
    hard BOOLEAN,
    reason TEXT NOT NULL,
    PRIMARY KEY (organisation_id, step, limit_id)
);

-- +goose Down
DROP TABLE limit_overrides;
DROP TABLE task_dues;
DROP TABLE tasks;
DROP TABLE anchors;
ALTER TABLE episodes DROP COLUMN key_worker;
ALTER TABLE episodes DROP COLUMN reopens;
ALTER TABLE episodes DROP COLUMN suspended_at;
ALTER TABLE episodes DROP COLUMN suspended_for;
ALTER TABLE episodes DROP COLUMN state;
