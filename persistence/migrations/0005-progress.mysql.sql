-- How far each journal has been applied, advanced with the rows themselves.
CREATE TABLE IF NOT EXISTS journal_progress (
  journal_id BINARY(16) NOT NULL PRIMARY KEY,
  position BIGINT UNSIGNED NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Rows that the store would not take, set aside with the reason; row_bytes as the journal holds them.
CREATE TABLE IF NOT EXISTS dead_letters (
  journal_id BINARY(16) NOT NULL,
  position BIGINT UNSIGNED NOT NULL,
  row_key BINARY(16) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  reason TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  row_bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (journal_id, position, row_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
