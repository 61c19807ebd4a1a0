-- +goose Up
-- A probation office sends somebody it supervises into care: on a consent, or on the court duty
-- that supervision_id names. Such a referral has no consent.
ALTER TABLE referrals ADD COLUMN supervision_id TEXT NOT NULL DEFAULT '';
ALTER TABLE referrals ALTER COLUMN consent_id DROP NOT NULL;
ALTER TABLE referrals ADD CONSTRAINT referrals_basis CHECK (consent_id IS NOT NULL OR supervision_id <> '');

-- +goose Down
ALTER TABLE referrals DROP CONSTRAINT referrals_basis;
DELETE FROM referrals WHERE consent_id IS NULL;
ALTER TABLE referrals ALTER COLUMN consent_id SET NOT NULL;
ALTER TABLE referrals DROP COLUMN supervision_id;
