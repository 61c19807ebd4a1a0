-- +goose Up
-- When the service learned what is counted (models/release.go, KnownOn); empty where it was
-- learned before this migration: then it counts as known on the day it happened.
ALTER TABLE episodes ADD COLUMN closed_at TIMESTAMP;
ALTER TABLE referrals ADD COLUMN settled_at TIMESTAMP;
ALTER TABLE custody_spells ADD COLUMN end_recorded_at TIMESTAMP;

-- The face-to-face contacts of an episode that are no entry of the record.
CREATE TABLE episode_contacts (
    id TEXT PRIMARY KEY,
    episode_id TEXT NOT NULL REFERENCES episodes (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    on_date TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX episode_contacts_client ON episode_contacts (client_id);
CREATE INDEX episode_contacts_episode ON episode_contacts (episode_id);

-- Estimates of populations that rates are divided by: published figures, about nobody.
CREATE TABLE denominators (
    id TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    region TEXT NOT NULL,
    year INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT denominators_kind CHECK (kind IN ('pwid', 'opioid_dependent', 'drug_use_disorder', 'alcohol_use_disorder')),
    value BIGINT NOT NULL CONSTRAINT denominators_value CHECK (value > 0),
    low BIGINT NOT NULL,
    high BIGINT NOT NULL,
    source TEXT NOT NULL CONSTRAINT denominators_source CHECK (source <> ''),
    method TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT denominators_once UNIQUE (country, region, year, kind)
);

-- +goose Down
DROP TABLE denominators;
DROP TABLE episode_contacts;
ALTER TABLE custody_spells DROP COLUMN end_recorded_at;
ALTER TABLE referrals DROP COLUMN settled_at;
ALTER TABLE episodes DROP COLUMN closed_at;
