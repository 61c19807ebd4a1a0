-- +goose Up
-- A stay in custody is recorded by the health unit of the institution. person_id follows
-- the client when records are joined or split.
CREATE TABLE custody_spells (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    institution_id TEXT NOT NULL REFERENCES organisations (id),
    basis TEXT NOT NULL CONSTRAINT custody_spells_basis CHECK (basis IN ('pre_trial', 'sentenced')),
    state TEXT NOT NULL CONSTRAINT custody_spells_state CHECK (state IN ('expected', 'admitted', 'resident', 'transfer_ordered', 'in_transit', 'released', 'transferred', 'unplanned_released', 'died', 'escaped', 'not_admitted')),
    admitted_at TIMESTAMP,
    planned_release TEXT NOT NULL,
    release_decided_at TIMESTAMP,
    ended_at TIMESTAMP,
    exit_reason TEXT NOT NULL,
    exit_region TEXT NOT NULL,
    referral_on_release TEXT NOT NULL,
    naloxone_on_release TEXT NOT NULL,
    in_treatment_at_exit BOOLEAN NOT NULL,
    from_spell_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT custody_spells_dates CHECK (ended_at IS NULL OR admitted_at IS NULL OR ended_at >= admitted_at)
);
CREATE UNIQUE INDEX custody_spells_one_open ON custody_spells (person_id) WHERE ended_at IS NULL;
CREATE INDEX custody_spells_institution ON custody_spells (institution_id, id);
CREATE INDEX custody_spells_organisation ON custody_spells (organisation_id, id);
CREATE INDEX custody_spells_client ON custody_spells (client_id);

CREATE INDEX custody_spells_person ON custody_spells (person_id);

-- Every value the planned release had: the last one counts, the others are the history.
CREATE TABLE planned_releases (
    id TEXT PRIMARY KEY,
    spell_id TEXT NOT NULL REFERENCES custody_spells (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    on_date TEXT NOT NULL,
    set_at TIMESTAMP NOT NULL,
    set_by_id TEXT NOT NULL REFERENCES organisations (id)
);
CREATE INDEX planned_releases_spell ON planned_releases (spell_id, id);

CREATE TABLE custody_transfers (
    id TEXT PRIMARY KEY,
    spell_id TEXT NOT NULL REFERENCES custody_spells (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    from_organisation_id TEXT NOT NULL REFERENCES organisations (id),
    to_organisation_id TEXT NOT NULL REFERENCES organisations (id),
    to_client_id TEXT NOT NULL,
    to_code TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT custody_transfers_state CHECK (state IN ('ordered', 'in_transit', 'arrived', 'confirmed', 'cancelled')),
    ordered_at TIMESTAMP NOT NULL,
    departure_at TIMESTAMP,
    departed_at TIMESTAMP,
    arrived_at TIMESTAMP,
    file_received_at TIMESTAMP,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE UNIQUE INDEX custody_transfers_one_open ON custody_transfers (spell_id) WHERE state IN ('ordered', 'in_transit', 'arrived');
CREATE INDEX custody_transfers_from ON custody_transfers (from_organisation_id, id);
CREATE INDEX custody_transfers_to ON custody_transfers (to_organisation_id, id);

CREATE TABLE release_cases (
    id TEXT PRIMARY KEY,
    spell_id TEXT NOT NULL CONSTRAINT release_cases_spell UNIQUE REFERENCES custody_spells (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    lead_id TEXT NOT NULL,
    planned_on TEXT NOT NULL,
    exit_region TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT release_cases_state CHECK (state IN ('opened', 'assessed', 'referrals_sent', 'ready', 'released', 'linked', 'not_linked', 'closed')),
    unplanned BOOLEAN NOT NULL,
    released_at TIMESTAMP,
    receiver_id TEXT NOT NULL,
    by_default BOOLEAN NOT NULL,
    linked_on TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX release_cases_organisation ON release_cases (organisation_id, id);
CREATE INDEX release_cases_receiver ON release_cases (receiver_id, id) WHERE receiver_id <> '';
CREATE INDEX release_cases_client ON release_cases (client_id);

-- The clinic that is responsible for a release nobody accepted.
CREATE TABLE region_defaults (
    region TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    version BIGINT NOT NULL,
    set_by TEXT NOT NULL
);

-- What an organisation must be told: without content, until somebody acknowledges it.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    consent_id TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT notices_state CHECK (state IN ('open', 'acknowledged', 'cancelled')),
    level INTEGER NOT NULL,
    escalate_at TIMESTAMP NOT NULL,
    acknowledged_at TIMESTAMP,
    acknowledged_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT notices_once UNIQUE (organisation_id, kind, subject_id)
);
CREATE INDEX notices_organisation ON notices (organisation_id, id);
CREATE INDEX notices_open ON notices (escalate_at) WHERE state = 'open';
CREATE INDEX notices_consent ON notices (consent_id) WHERE consent_id <> '';

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    notice_id TEXT NOT NULL REFERENCES notices (id),
    channel TEXT NOT NULL CONSTRAINT deliveries_channel CHECK (channel IN ('webhook', 'email')),
    contact_id TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT deliveries_state CHECK (state IN ('pending', 'sent', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL,
    next_at TIMESTAMP NOT NULL,
    sent_at TIMESTAMP
);
CREATE INDEX deliveries_pending ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_notice ON deliveries (notice_id);

-- Where an organisation's duty worker is told: a shared mailbox or an address of a program, never a person's.
CREATE TABLE duty_contacts (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    level INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX duty_contacts_organisation ON duty_contacts (organisation_id, level);

-- What nobody has answered, so that the outbox finds it without reading the rest.
CREATE INDEX referrals_unanswered ON referrals (answer_due) WHERE state IN ('sent', 'received', 'info_requested');
CREATE INDEX dose_transfers_unanswered ON dose_transfers (answer_due) WHERE state IN ('requested', 'sent');

-- +goose Down
DROP INDEX dose_transfers_unanswered;
DROP INDEX referrals_unanswered;
DROP TABLE duty_contacts;
DROP TABLE deliveries;
DROP TABLE notices;
DROP TABLE region_defaults;
DROP TABLE release_cases;
DROP TABLE custody_transfers;
DROP TABLE planned_releases;
DROP TABLE custody_spells;
