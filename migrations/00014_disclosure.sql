-- +goose Up
-- Every disclosure of a client's record to somebody else: append-only, from the record's
-- organisation to the reader's, with the consent it rested on or the ground without one.
CREATE TABLE disclosures (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    recipient_id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    categories TEXT NOT NULL,
    consent_id TEXT NOT NULL,
    ground TEXT NOT NULL,
    reference TEXT NOT NULL,
    client_told BOOLEAN NOT NULL,
    not_told_reason TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    actor_id TEXT NOT NULL
);
CREATE INDEX disclosures_client ON disclosures (client_id, id);
CREATE INDEX disclosures_organisation ON disclosures (organisation_id, id);

CREATE TABLE break_glass (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    user_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    hours INTEGER NOT NULL CONSTRAINT break_glass_hours CHECK (hours BETWEEN 1 AND 24),
    started_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    review_due TIMESTAMP NOT NULL,
    reviewed_at TIMESTAMP,
    reviewed_by TEXT NOT NULL,
    outcome TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX break_glass_user ON break_glass (user_id, expires_at);
CREATE INDEX break_glass_person ON break_glass (person_id);
CREATE INDEX break_glass_organisation ON break_glass (organisation_id, id);

CREATE TABLE agreements (
    id TEXT PRIMARY KEY,
    ngo_id TEXT NOT NULL REFERENCES organisations (id),
    institution_id TEXT NOT NULL REFERENCES organisations (id),
    services TEXT NOT NULL,
    data_annex BOOLEAN NOT NULL,
    state TEXT NOT NULL CONSTRAINT agreements_state CHECK (state IN ('draft', 'negotiating', 'signed', 'active', 'suspended', 'ended')),
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    renews TEXT NOT NULL,
    signed_by_ngo TEXT NOT NULL,
    signed_by_institution TEXT NOT NULL,
    transition TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT agreements_dates CHECK (valid_until >= valid_from)
);
CREATE INDEX agreements_ngo ON agreements (ngo_id, institution_id);
CREATE INDEX agreements_institution ON agreements (institution_id, id);

CREATE TABLE access_passes (
    id TEXT PRIMARY KEY,
    ngo_id TEXT NOT NULL REFERENCES organisations (id),
    institution_id TEXT NOT NULL REFERENCES organisations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    agreement_id TEXT NOT NULL REFERENCES agreements (id),
    purpose TEXT NOT NULL,
    conditions TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT access_passes_state CHECK (state IN ('requested', 'approved', 'approved_with_conditions', 'refused', 'appealed', 'induction_done', 'active', 'suspended', 'revoked')),
    reason TEXT NOT NULL,
    requested_at TIMESTAMP NOT NULL,
    decide_by TIMESTAMP NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    inducted_on TEXT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT access_passes_dates CHECK (valid_until >= valid_from)
);
CREATE INDEX access_passes_user ON access_passes (user_id, institution_id);
CREATE INDEX access_passes_ngo ON access_passes (ngo_id, id);
CREATE INDEX access_passes_institution ON access_passes (institution_id, id);
CREATE INDEX access_passes_agreement ON access_passes (agreement_id);
CREATE INDEX access_passes_undecided ON access_passes (decide_by) WHERE state IN ('requested', 'appealed');

-- A gate log without clients.
CREATE TABLE visits (
    id TEXT PRIMARY KEY,
    pass_id TEXT NOT NULL REFERENCES access_passes (id),
    ngo_id TEXT NOT NULL REFERENCES organisations (id),
    institution_id TEXT NOT NULL REFERENCES organisations (id),
    purpose TEXT NOT NULL,
    on_date TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT visits_state CHECK (state IN ('planned', 'made', 'cancelled')),
    reason TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX visits_ngo ON visits (ngo_id, id);
CREATE INDEX visits_institution ON visits (institution_id, id);

-- What security may know: when, where, watch for what. All of it from closed lists.
CREATE TABLE functional_notes (
    id TEXT PRIMARY KEY,
    spell_id TEXT NOT NULL REFERENCES custody_spells (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    institution_id TEXT NOT NULL REFERENCES organisations (id),
    place TEXT NOT NULL,
    watch_for TEXT NOT NULL,
    from_at TIMESTAMP NOT NULL,
    until_at TIMESTAMP NOT NULL,
    cancelled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX functional_notes_institution ON functional_notes (institution_id, until_at);
CREATE INDEX functional_notes_spell ON functional_notes (spell_id);

-- A duty to a court that names a probation office: it reads attendance and the social
-- plan while the duty is in force, without the client's consent.
CREATE TABLE court_duties (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    probation_id TEXT NOT NULL REFERENCES organisations (id),
    from_date TEXT NOT NULL,
    until_date TEXT NOT NULL,
    ended_at TIMESTAMP,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT court_duties_dates CHECK (until_date >= from_date)
);
CREATE INDEX court_duties_client ON court_duties (client_id);
CREATE INDEX court_duties_probation ON court_duties (probation_id, until_date);
CREATE INDEX court_duties_organisation ON court_duties (organisation_id, id);

-- +goose Down
DROP TABLE court_duties;
DROP TABLE functional_notes;
DROP TABLE visits;
DROP TABLE access_passes;
DROP TABLE agreements;
DROP TABLE break_glass;
DROP TABLE disclosures;
