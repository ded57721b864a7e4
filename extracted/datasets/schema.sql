-- The service's own data; safe to run at every start.

CREATE TABLE IF NOT EXISTS datasets (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,            -- a JSON array
    size_mb REAL NOT NULL,
    row_count INTEGER NOT NULL,
    checksum TEXT,
    format TEXT,
    retention_days INTEGER,
    created_at TEXT NOT NULL,      -- local time without a zone: the wire format stays
    updated_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS versions (
    dataset_id INTEGER NOT NULL REFERENCES datasets ON DELETE CASCADE,
    number INTEGER NOT NULL,
    note TEXT NOT NULL,
    created_at TEXT NOT NULL,
    size_mb REAL NOT NULL,
    PRIMARY KEY (dataset_id, number)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS files (
    dataset_id INTEGER NOT NULL REFERENCES datasets ON DELETE CASCADE,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (dataset_id, name)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS files_by_content ON files (sha256);

-- Contents that lost a row; those that no other row names are swept from the disk.
CREATE TABLE IF NOT EXISTS loose (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS file_deleted AFTER DELETE ON files
BEGIN INSERT OR IGNORE INTO loose VALUES (old.sha256); END;

CREATE TRIGGER IF NOT EXISTS file_replaced AFTER UPDATE OF sha256 ON files
BEGIN INSERT OR IGNORE INTO loose VALUES (old.sha256); END;

-- What was deleted, so that a late copy of an older state cannot bring it back.
CREATE TABLE IF NOT EXISTS tombstones (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL);

-- How far the monolith's outbox was followed, and whether its end was ever reached.
CREATE TABLE IF NOT EXISTS following (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    filled INTEGER NOT NULL
);

INSERT OR IGNORE INTO following VALUES (1, 0, 0);

-- Our own changes that the monolith does not have yet; a row goes once it is delivered.
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL
);
