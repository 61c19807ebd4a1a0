-- +goose Up
-- Lookups by client never say that there is one, so that an index of those with one served
-- none of them; and a probation office asks whose consent names it.
DROP INDEX overdoses_client;
CREATE INDEX overdoses_client ON overdoses (client_id);
DROP INDEX naloxone_kits_client;
CREATE INDEX naloxone_kits_client ON naloxone_kits (client_id);
CREATE INDEX consents_recipient ON consents (recipient_id, state);

-- +goose Down
DROP INDEX consents_recipient;
DROP INDEX naloxone_kits_client;
CREATE INDEX naloxone_kits_client ON naloxone_kits (client_id) WHERE client_id <> '';
DROP INDEX overdoses_client;
CREATE INDEX overdoses_client ON overdoses (client_id) WHERE client_id <> '';
