-- +goose Up
-- A list that asks for a state, or for what is open, finds its page without the rest of the
-- organisation's rows.
CREATE INDEX referrals_from_state ON referrals (from_organisation_id, state, id);
CREATE INDEX referrals_to_state ON referrals (to_organisation_id, state, id);
CREATE INDEX dose_transfers_from_state ON dose_transfers (from_organisation_id, state, id);
CREATE INDEX dose_transfers_to_state ON dose_transfers (to_organisation_id, state, id);
CREATE INDEX custody_transfers_from_waiting ON custody_transfers (from_organisation_id, id) WHERE file_received_at IS NULL;
CREATE INDEX custody_transfers_to_waiting ON custody_transfers (to_organisation_id, id) WHERE file_received_at IS NULL;
CREATE INDEX custody_spells_held ON custody_spells (institution_id, id) WHERE admitted_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX custody_spells_state ON custody_spells (organisation_id, state, id);
CREATE INDEX release_cases_state ON release_cases (organisation_id, state, planned_on);
CREATE INDEX naloxone_kits_state ON naloxone_kits (organisation_id, state, id);
CREATE INDEX notices_state ON notices (organisation_id, state, id);
CREATE INDEX double_dosing_state ON double_dosing (organisation_id, state, id);
CREATE INDEX identity_changes_state ON identity_changes (organisation_id, state, id);
CREATE INDEX sync_conflicts_state ON sync_conflicts (organisation_id, state, id);
CREATE INDEX sync_conflicts_user ON sync_conflicts (organisation_id, user_id, id);
CREATE INDEX sync_conflicts_role ON sync_conflicts (organisation_id, role, id);
CREATE INDEX break_glass_unreviewed ON break_glass (organisation_id, id) WHERE reviewed_at IS NULL;
CREATE INDEX agreements_ngo_list ON agreements (ngo_id, id);
CREATE INDEX audit_by_action ON audit_events (action, seq);

-- What is looked up by its person or its client.
CREATE INDEX dose_orders_person ON dose_orders (person_id);
CREATE INDEX functional_notes_client ON functional_notes (client_id);

-- +goose Down
DROP INDEX functional_notes_client;
DROP INDEX dose_orders_person;
DROP INDEX audit_by_action;
DROP INDEX agreements_ngo_list;
DROP INDEX break_glass_unreviewed;
DROP INDEX sync_conflicts_role;
DROP INDEX sync_conflicts_user;
DROP INDEX sync_conflicts_state;
DROP INDEX identity_changes_state;
DROP INDEX double_dosing_state;
DROP INDEX notices_state;
DROP INDEX naloxone_kits_state;
DROP INDEX release_cases_state;
DROP INDEX custody_spells_state;
DROP INDEX custody_spells_held;
DROP INDEX custody_transfers_to_waiting;
DROP INDEX custody_transfers_from_waiting;
DROP INDEX dose_transfers_to_state;
DROP INDEX dose_transfers_from_state;
DROP INDEX referrals_to_state;
DROP INDEX referrals_from_state;
