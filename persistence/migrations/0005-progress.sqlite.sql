-- How far each journal has been applied, advanced with the rows themselves.
CREATE TABLE journal_progress (
  journal_id BLOB NOT NULL PRIMARY KEY CHECK (length(journal_id) = 16),
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows that the store would not take, set aside with the reason; row_bytes as the journal holds them.
CREATE TABLE dead_letters (
  journal_id BLOB NOT NULL CHECK (length(journal_id) = 16),
  position INTEGER NOT NULL,
  row_key BLOB NOT NULL CHECK (length(row_key) = 16),
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  row_bytes BLOB NOT NULL,
  PRIMARY KEY (journal_id, position, row_key)
) STRICT, WITHOUT ROWID;
