-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER disclosures_no_update BEFORE UPDATE ON disclosures
BEGIN SELECT RAISE(ABORT, 'disclosures is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER disclosures_no_replace BEFORE INSERT ON disclosures
WHEN EXISTS (SELECT 1 FROM disclosures WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'disclosures is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER disclosures_no_delete BEFORE DELETE ON disclosures
BEGIN SELECT RAISE(ABORT, 'disclosures is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER disclosures_no_delete;
DROP TRIGGER disclosures_no_replace;
DROP TRIGGER disclosures_no_update;
