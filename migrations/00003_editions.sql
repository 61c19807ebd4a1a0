-- +goose Up
-- Editions of protocols and their files. beside is a JSON object; the people are user ids, 'system' for a command.
CREATE TABLE editions (
    id TEXT PRIMARY KEY,
    protocol TEXT NOT NULL,
    edition TEXT NOT NULL,
    jurisdiction TEXT NOT NULL,
    base TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT editions_state CHECK (state IN ('draft', 'clinical_review', 'language_review', 'approved', 'published', 'superseded', 'withdrawn', 'reference')),
    checksum TEXT NOT NULL,
    change_note TEXT NOT NULL,
    beside TEXT NOT NULL,
    submitted_by TEXT NOT NULL,
    clinical_reviewer TEXT NOT NULL,
    language_reviewer TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    published_at TIMESTAMP,
    withdrawn_at TIMESTAMP,
    version BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT editions_name UNIQUE (protocol, edition)
);
CREATE UNIQUE INDEX editions_one_published ON editions (protocol) WHERE state = 'published';

CREATE TABLE edition_files (
    edition_id TEXT NOT NULL REFERENCES editions (id),
    path TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (edition_id, path)
);

-- One row. Every process asks for seq several times a second; it grows in the transaction that changes what is served.
CREATE TABLE publications (
    id INTEGER PRIMARY KEY CONSTRAINT publications_one CHECK (id = 1),
    seq BIGINT NOT NULL
);
INSERT INTO publications (id, seq) VALUES (1, 0);

CREATE INDEX episodes_edition ON episodes (organisation_id, protocol, edition) WHERE end_date = '';

-- +goose Down
DROP INDEX episodes_edition;
DROP TABLE publications;
DROP TABLE edition_files;
DROP TABLE editions;
