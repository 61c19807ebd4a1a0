-- +goose Up
-- A guest is dosed until a day. One that was sent before this migration ends with its consent;
-- one that was sent on a ground has ended: send it anew.
ALTER TABLE dose_transfers ADD COLUMN until_date TEXT NOT NULL DEFAULT '';
UPDATE dose_transfers SET until_date = COALESCE((SELECT k.until_date FROM consents k WHERE k.id = dose_transfers.consent_id), '') WHERE kind = 'guest';

-- +goose Down
ALTER TABLE dose_transfers DROP COLUMN until_date;
