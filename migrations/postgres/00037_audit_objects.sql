-- +goose Up
-- Which events name a record: what a client's summary looks up instead of searching the text of
-- every event. A trigger writes it with the event, so that no writer can forget it.
-- No foreign key: nobody else writes it, and neither table is ever deleted from.
CREATE TABLE audit_objects (
    object_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (object_id, seq)
);
INSERT INTO audit_objects (object_id, seq)
SELECT DISTINCT o.id, e.seq FROM audit_events e CROSS JOIN LATERAL json_array_elements_text(CASE WHEN e.objects LIKE '[%' THEN e.objects ELSE '[]' END::json) AS o (id);

-- +goose StatementBegin
CREATE FUNCTION audit_name_objects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_objects (object_id, seq)
    SELECT DISTINCT o.id, NEW.seq FROM json_array_elements_text(CASE WHEN NEW.objects LIKE '[%' THEN NEW.objects ELSE '[]' END::json) AS o (id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_objects_named AFTER INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_name_objects();

-- +goose StatementBegin
CREATE FUNCTION audit_objects_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_objects is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_objects_no_change BEFORE UPDATE OR DELETE ON audit_objects FOR EACH ROW EXECUTE FUNCTION audit_objects_append_only();
CREATE TRIGGER audit_objects_no_truncate BEFORE TRUNCATE ON audit_objects FOR EACH STATEMENT EXECUTE FUNCTION audit_objects_append_only();

-- +goose Down
DROP TRIGGER audit_objects_named ON audit_events;
DROP FUNCTION audit_name_objects;
DROP TABLE audit_objects;
DROP FUNCTION audit_objects_append_only;
