-- +goose Up
-- Which events name a record: what a client's summary looks up instead of searching the text of
-- every event. A trigger writes it with the event, so that no writer can forget it.
-- No foreign key: nobody else writes it, and neither table is ever deleted from.
CREATE TABLE audit_objects (
    object_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (object_id, seq)
) WITHOUT ROWID;
INSERT INTO audit_objects (object_id, seq)
SELECT DISTINCT o.value, e.seq FROM audit_events e, json_each(CASE WHEN e.objects LIKE '[%' THEN e.objects ELSE '[]' END) o;

-- +goose StatementBegin
CREATE TRIGGER audit_objects_named AFTER INSERT ON audit_events
BEGIN
    INSERT INTO audit_objects (object_id, seq)
    SELECT DISTINCT o.value, NEW.seq FROM json_each(CASE WHEN NEW.objects LIKE '[%' THEN NEW.objects ELSE '[]' END) o;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_objects_no_update BEFORE UPDATE ON audit_objects
BEGIN SELECT RAISE(ABORT, 'audit_objects is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_objects_no_replace BEFORE INSERT ON audit_objects
WHEN EXISTS (SELECT 1 FROM audit_objects WHERE object_id = NEW.object_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit_objects is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_objects_no_delete BEFORE DELETE ON audit_objects
BEGIN SELECT RAISE(ABORT, 'audit_objects is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER audit_objects_named;
DROP TABLE audit_objects;
