-- Ids are 16 bytes: SELECT lower(hex(player_id)) shows them as the program writes them.
CREATE TABLE players (
  player_id BLOB NOT NULL PRIMARY KEY CHECK (length(player_id) = 16),
  name TEXT NOT NULL,
  level INTEGER NOT NULL,
  experience INTEGER NOT NULL,
  gold INTEGER NOT NULL,
  x REAL NOT NULL,
  y REAL NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Replaced as a whole with its player's row.
CREATE TABLE player_items (
  player_id BLOB NOT NULL REFERENCES players (player_id) ON DELETE CASCADE,
  slot INTEGER NOT NULL,
  item INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (player_id, slot)
) STRICT, WITHOUT ROWID;
