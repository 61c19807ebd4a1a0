-- +goose Up
-- The early warning: reports of suspected new substances. A report is about a substance: it
-- has no client, no day and no place below the region.
CREATE TABLE ews_reports (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    source_type TEXT NOT NULL,
    month TEXT NOT NULL,
    region TEXT NOT NULL,
    suspected_names TEXT NOT NULL,
    street_names TEXT NOT NULL,
    chemical_name TEXT NOT NULL,
    formula TEXT NOT NULL,
    inchi_key TEXT NOT NULL,
    cas TEXT NOT NULL,
    nps_class TEXT NOT NULL,
    physical_form TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    unit TEXT NOT NULL,
    cases INTEGER NOT NULL,
    other_substances TEXT NOT NULL,
    method TEXT NOT NULL,
    reference_standard BOOLEAN NOT NULL,
    laboratory TEXT NOT NULL,
    route TEXT NOT NULL,
    severity TEXT NOT NULL,
    circumstances TEXT NOT NULL,
    confidentiality TEXT NOT NULL CONSTRAINT ews_reports_confidentiality CHECK (confidentiality IN ('restricted', 'partners', 'public')),
    state TEXT NOT NULL CONSTRAINT ews_reports_state CHECK (state IN ('suspected', 'confirmed', 'retracted')),
    confirmed_at TIMESTAMP,
    retracted_at TIMESTAMP,
    retraction TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX ews_reports_month ON ews_reports (month);
CREATE INDEX ews_reports_organisation ON ews_reports (organisation_id, id);
CREATE INDEX ews_reports_confidentiality_id ON ews_reports (confidentiality, id);

-- What a proposal of the early warning is of, and the reports it rests on.
ALTER TABLE alerts ADD COLUMN nps_class TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN basis TEXT NOT NULL DEFAULT '[]';
ALTER TABLE alerts ADD COLUMN weakened BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX alerts_kind ON alerts (kind, state);

-- +goose Down
DROP INDEX alerts_kind;
ALTER TABLE alerts DROP COLUMN weakened;
ALTER TABLE alerts DROP COLUMN basis;
ALTER TABLE alerts DROP COLUMN name_key;
ALTER TABLE alerts DROP COLUMN name;
ALTER TABLE alerts DROP COLUMN nps_class;
DROP TABLE ews_reports;
