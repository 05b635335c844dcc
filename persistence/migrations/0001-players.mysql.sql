-- Ids are 16 bytes: SELECT LOWER(HEX(player_id)) shows them as the program writes them.
-- DDL commits itself here, so every statement must bear being run again after a crash between two of them.
CREATE TABLE IF NOT EXISTS players (
  player_id BINARY(16) NOT NULL PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  level SMALLINT UNSIGNED NOT NULL,
  experience BIGINT NOT NULL,
  gold BIGINT NOT NULL,
  x DOUBLE NOT NULL,
  y DOUBLE NOT NULL,
  version INT UNSIGNED NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Replaced as a whole with its player's row.
CREATE TABLE IF NOT EXISTS player_items (
  player_id BINARY(16) NOT NULL,
  slot SMALLINT UNSIGNED NOT NULL,
  item SMALLINT UNSIGNED NOT NULL,
  count SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (player_id, slot),
  CONSTRAINT player_items_player FOREIGN KEY (player_id) REFERENCES players (player_id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
