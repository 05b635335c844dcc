CREATE TABLE battles (
  battle_id BLOB NOT NULL PRIMARY KEY CHECK (length(battle_id) = 16),
  room_type TEXT NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  ticks INTEGER NOT NULL,
  winning_side INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- player_id is NULL for a creature; ended_at_ms repeats the battle's, so that one index finds a player's latest.
CREATE TABLE battle_fighters (
  battle_id BLOB NOT NULL REFERENCES battles (battle_id) ON DELETE CASCADE,
  seat INTEGER NOT NULL,
  player_id BLOB CHECK (length(player_id) = 16),
  name TEXT NOT NULL,
  side INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  experience INTEGER NOT NULL,
  gold INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  PRIMARY KEY (battle_id, seat)
) STRICT, WITHOUT ROWID;

CREATE INDEX battle_fighters_of_player ON battle_fighters (player_id, ended_at_ms, battle_id)
WHERE player_id IS NOT NULL;
