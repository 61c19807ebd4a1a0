-- +goose Up
-- person_id stands in the orders so that the database itself keeps a confirmed person to
-- one active order over all sites; it follows the client when records are joined or split.
CREATE TABLE dose_orders (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id),
    person_id TEXT NOT NULL REFERENCES persons (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    episode_id TEXT NOT NULL,
    medicine TEXT NOT NULL,
    schedule TEXT NOT NULL,
    phase TEXT NOT NULL,
    dose_ug BIGINT NOT NULL,
    from_date TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT dose_orders_state CHECK (state IN ('active', 'on_hold', 'ended')),
    reason TEXT NOT NULL,
    ended_at TIMESTAMP,
    transfer_id TEXT NOT NULL,
    prior_dose_at TIMESTAMP,
    prior_dose_ug BIGINT NOT NULL,
    low_tolerance BOOLEAN NOT NULL,
    outside TEXT NOT NULL,
    guard_reason TEXT NOT NULL,
    identity_checked_at TIMESTAMP NOT NULL,
    identity_checked_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL
);
CREATE UNIQUE INDEX dose_orders_one_active ON dose_orders (person_id) WHERE state <> 'ended';
CREATE INDEX dose_orders_client ON dose_orders (client_id);
CREATE INDEX dose_orders_organisation ON dose_orders (organisation_id, id);

-- Each version of an order is kept; the present one stands in dose_orders too.
CREATE TABLE dose_order_versions (
    order_id TEXT NOT NULL REFERENCES dose_orders (id),
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    phase TEXT NOT NULL,
    dose_ug BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    outside TEXT NOT NULL,
    guard_reason TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    by_user TEXT NOT NULL,
    PRIMARY KEY (order_id, version)
);

CREATE TABLE dose_events (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES dose_orders (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    status TEXT NOT NULL CONSTRAINT dose_events_status CHECK (status IN ('given', 'missed', 'refused', 'withheld_intoxicated', 'vomited', 'error')),
    at TIMESTAMP NOT NULL,
    on_date TEXT NOT NULL,
    dose_ug BIGINT NOT NULL,
    take_home_days INTEGER NOT NULL,
    witnessed BOOLEAN NOT NULL,
    corrects TEXT NOT NULL,
    outside TEXT NOT NULL,
    guard_reason TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX dose_events_order ON dose_events (order_id, at);
CREATE INDEX dose_events_list ON dose_events (order_id, id);
CREATE INDEX dose_events_client_day ON dose_events (client_id, on_date);
CREATE UNIQUE INDEX dose_events_corrected_once ON dose_events (corrects) WHERE corrects <> '';

CREATE TABLE dose_transfers (
    id TEXT PRIMARY KEY,
    from_organisation_id TEXT NOT NULL REFERENCES organisations (id),
    to_organisation_id TEXT NOT NULL REFERENCES organisations (id),
    from_client_id TEXT NOT NULL,
    to_client_id TEXT NOT NULL,
    other_code TEXT NOT NULL,
    order_id TEXT NOT NULL,
    receiver_order_id TEXT NOT NULL,
    consent_id TEXT NOT NULL,
    ground TEXT NOT NULL,
    client_told BOOLEAN NOT NULL,
    not_told_reason TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT dose_transfers_kind CHECK (kind IN ('move', 'guest')),
    state TEXT NOT NULL CONSTRAINT dose_transfers_state CHECK (state IN ('requested', 'sent', 'confirmed', 'first_dose_at_receiver', 'declined', 'cancelled')),
    medicine TEXT NOT NULL,
    schedule TEXT NOT NULL,
    phase TEXT NOT NULL,
    dose_ug BIGINT NOT NULL,
    last_dose_at TIMESTAMP,
    answer_due TIMESTAMP NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT dose_transfers_parties CHECK (from_organisation_id <> to_organisation_id)
);
CREATE INDEX dose_transfers_from ON dose_transfers (from_organisation_id, id);
CREATE INDEX dose_transfers_to ON dose_transfers (to_organisation_id, id);
CREATE INDEX dose_transfers_from_client ON dose_transfers (from_client_id);
CREATE INDEX dose_transfers_to_client ON dose_transfers (to_client_id);
CREATE INDEX dose_transfers_order ON dose_transfers (order_id);
CREATE INDEX dose_transfers_receiver_order ON dose_transfers (receiver_order_id);
CREATE INDEX dose_transfers_consent ON dose_transfers (consent_id);

-- Two codes that match on one day: each prescriber is told of its own patient, and of nothing else.
CREATE TABLE double_dosing (
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    order_id TEXT NOT NULL REFERENCES dose_orders (id),
    on_date TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT double_dosing_state CHECK (state IN ('open', 'settled')),
    outcome TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT double_dosing_once UNIQUE (order_id, organisation_id, on_date)
);
CREATE INDEX double_dosing_organisation ON double_dosing (organisation_id, id);

-- +goose Down
DROP TABLE double_dosing;
DROP TABLE dose_transfers;
DROP TABLE dose_events;
DROP TABLE dose_order_versions;
DROP TABLE dose_orders;
