-- +goose Up
-- The clinical record: one row a version of an entry. Nothing is updated but "current",
-- which the next version takes away. code, result, quantity and on_date are what is
-- searched and counted; data holds the rest of the coded fields of its kind.
CREATE TABLE entries (
    id TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    current BOOLEAN NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    episode_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    category TEXT NOT NULL,
    on_date TEXT NOT NULL,
    code TEXT NOT NULL,
    result TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    data TEXT NOT NULL,
    correction TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT entries_version UNIQUE (entry_id, version)
);
CREATE INDEX entries_client ON entries (client_id, kind, on_date);
CREATE INDEX entries_organisation ON entries (organisation_id, kind, on_date);

-- An overdose may have happened to nobody known: client_id is empty then.
CREATE TABLE overdoses (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    region TEXT NOT NULL,
    place TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    substances TEXT NOT NULL,
    naloxone_doses INTEGER NOT NULL,
    ambulance TEXT NOT NULL,
    outcome TEXT NOT NULL,
    state TEXT NOT NULL,
    followed_up_on TEXT NOT NULL,
    reviewed_on TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL
);
-- A report of place and time alone has neither ambulance nor outcome.
CREATE INDEX overdoses_client ON overdoses (client_id) WHERE client_id <> '';
CREATE INDEX overdoses_place ON overdoses (region, place, at);
CREATE INDEX overdoses_organisation ON overdoses (organisation_id, id);

CREATE TABLE naloxone_kits (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    client_id TEXT NOT NULL,
    lot TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    given_on TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT naloxone_kits_state CHECK (state IN ('stocked', 'given', 'used', 'lost', 'expired')),
    used_on TEXT NOT NULL,
    overdose_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX naloxone_kits_organisation ON naloxone_kits (organisation_id, id);
CREATE INDEX naloxone_kits_client ON naloxone_kits (client_id) WHERE client_id <> '';

-- An alert is about a substance or a place, never about a person. Nobody wrote a proposal:
-- its organisation_id is empty, or it would tell who reported an overdose.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT alerts_state CHECK (state IN ('proposed', 'issued', 'retracted')),
    region TEXT NOT NULL,
    place TEXT NOT NULL,
    at TIMESTAMP,
    substances TEXT NOT NULL,
    advice TEXT NOT NULL,
    note TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    retraction TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    issued_at TIMESTAMP
);
CREATE INDEX alerts_state_id ON alerts (state, id);
CREATE INDEX alerts_place ON alerts (region, place, at);

-- +goose Down
DROP TABLE alerts;
DROP TABLE naloxone_kits;
DROP TABLE overdoses;
DROP TABLE entries;
