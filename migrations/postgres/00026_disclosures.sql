-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION disclosures_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'disclosures is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER disclosures_no_change BEFORE UPDATE OR DELETE ON disclosures FOR EACH ROW EXECUTE FUNCTION disclosures_append_only();
CREATE TRIGGER disclosures_no_truncate BEFORE TRUNCATE ON disclosures FOR EACH STATEMENT EXECUTE FUNCTION disclosures_append_only();

-- +goose Down
DROP TRIGGER disclosures_no_truncate ON disclosures;
DROP TRIGGER disclosures_no_change ON disclosures;
DROP FUNCTION disclosures_append_only;
