-- +goose Up
-- Text ids (UUIDv7), TIMESTAMP in UTC, civil dates as YYYY-MM-DD text: alike on both engines.
-- Foreign keys are declared here because SQLite cannot add them later; CHECKs are named so
-- that they can be dropped.
CREATE TABLE organisations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT organisations_kind CHECK (kind IN ('clinic', 'prison_health', 'prison', 'ngo', 'probation', 'ministry')),
    country TEXT NOT NULL,
    region TEXT NOT NULL,
    centre_type TEXT NOT NULL,
    services TEXT NOT NULL,
    oat_available BOOLEAN NOT NULL,
    buprenorphine_available BOOLEAN NOT NULL,
    thn_allowed BOOLEAN NOT NULL,
    nsp_allowed BOOLEAN NOT NULL,
    reports_structured BOOLEAN NOT NULL,
    serves TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL CONSTRAINT users_username UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE tokens (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE persons (
    id TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    responsible_id TEXT NOT NULL REFERENCES organisations (id),
    sdc_key BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    code TEXT NOT NULL,
    local_no INTEGER NOT NULL CONSTRAINT clients_local_no CHECK (local_no >= 1),
    sex TEXT NOT NULL CONSTRAINT clients_sex CHECK (sex IN ('F', 'M')),
    low_quality BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT clients_code UNIQUE (organisation_id, code, local_no)
);
CREATE INDEX clients_person ON clients (person_id);

CREATE TABLE identity_changes (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL CONSTRAINT identity_changes_kind CHECK (kind IN ('merge', 'split')),
    client_id TEXT NOT NULL REFERENCES clients (id),
    with_id TEXT NOT NULL,
    from_person_id TEXT NOT NULL,
    to_person_id TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT identity_changes_state CHECK (state IN ('requested', 'approved')),
    requested_by TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX identity_changes_organisation ON identity_changes (organisation_id, id);

CREATE TABLE consents (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    purpose TEXT NOT NULL CONSTRAINT consents_purpose CHECK (purpose IN ('treatment', 'referral', 'treatment_continuity', 'dose_continuity', 'linkage_facility', 'linkage_sector')),
    recipient_id TEXT NOT NULL,
    recipient_kind TEXT NOT NULL,
    categories TEXT NOT NULL,
    from_date TEXT NOT NULL,
    until_date TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT consents_state CHECK (state IN ('offered', 'refused', 'given', 'withdrawn', 'invalid')),
    withdrawn_at TIMESTAMP,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT consents_dates CHECK (until_date >= from_date)
);
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE referrals (
    id TEXT PRIMARY KEY,
    from_organisation_id TEXT NOT NULL REFERENCES organisations (id),
    to_organisation_id TEXT NOT NULL REFERENCES organisations (id),
    from_client_id TEXT NOT NULL REFERENCES clients (id),
    to_client_id TEXT NOT NULL,
    to_code TEXT NOT NULL,
    consent_id TEXT NOT NULL REFERENCES consents (id),
    reason TEXT NOT NULL,
    urgency TEXT NOT NULL,
    needs TEXT NOT NULL,
    note TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT referrals_state CHECK (state IN ('sent', 'received', 'accepted', 'declined', 'info_requested', 'appointment_fixed', 'attended', 'no_show', 're_engagement', 'closed_lost', 'cancelled', 'consent_withdrawn')),
    sent_at TIMESTAMP NOT NULL,
    answer_due TIMESTAMP NOT NULL,
    appointment_at TIMESTAMP,
    attended_on TEXT NOT NULL,
    decline_reason TEXT NOT NULL,
    alternative TEXT NOT NULL,
    withdrawn_at TIMESTAMP,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT referrals_parties CHECK (from_organisation_id <> to_organisation_id)
);
CREATE INDEX referrals_from ON referrals (from_organisation_id, id);
CREATE INDEX referrals_to ON referrals (to_organisation_id, id);
CREATE INDEX referrals_from_client ON referrals (from_client_id);
CREATE INDEX referrals_to_client ON referrals (to_client_id);
CREATE INDEX referrals_consent ON referrals (consent_id);

CREATE TABLE episodes (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    structured BOOLEAN NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    end_reason TEXT NOT NULL,
    last_contact TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    protocol TEXT NOT NULL,
    edition TEXT NOT NULL,
    sex TEXT NOT NULL,
    age_at_start INTEGER NOT NULL,
    centre_type TEXT NOT NULL,
    previous_treatment TEXT NOT NULL,
    referral_source TEXT NOT NULL,
    primary_drug TEXT NOT NULL,
    route TEXT NOT NULL,
    injecting TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT episodes_dates CHECK (end_date = '' OR end_date >= start_date),
    CONSTRAINT episodes_end CHECK ((end_date = '') = (end_reason = ''))
);
CREATE INDEX episodes_client ON episodes (client_id);
CREATE UNIQUE INDEX episodes_one_open ON episodes (client_id) WHERE end_date = '';

CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE releases (
    id TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    period TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT releases_status CHECK (status IN ('provisional', 'final', 'annual', 'revision')),
    profile TEXT NOT NULL CONSTRAINT releases_profile CHECK (profile IN ('ministry', 'open_data')),
    plan TEXT NOT NULL,
    budget DOUBLE PRECISION NOT NULL,
    cutoff TIMESTAMP NOT NULL,
    sealed_at TIMESTAMP NOT NULL,
    sha256 TEXT NOT NULL,
    CONSTRAINT releases_once UNIQUE (country, period, profile, status)
);

CREATE TABLE release_tables (
    release_id TEXT NOT NULL REFERENCES releases (id),
    table_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    title TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    json TEXT NOT NULL,
    csv TEXT NOT NULL,
    PRIMARY KEY (release_id, table_id)
);

-- What kind of database this is: a demo database is never served as production.
CREATE TABLE deployment (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE deployment;
DROP TABLE release_tables;
DROP TABLE releases;
DROP TABLE idempotency_keys;
DROP TABLE episodes;
DROP TABLE referrals;
DROP TABLE consents;
DROP TABLE identity_changes;
DROP TABLE clients;
DROP TABLE persons;
DROP TABLE tokens;
DROP TABLE users;
DROP TABLE organisations;
