CREATE TABLE IF NOT EXISTS battles (
  battle_id BINARY(16) NOT NULL PRIMARY KEY,
  room_type VARCHAR(64) NOT NULL,
  ended_at_ms BIGINT NOT NULL,
  ticks INT UNSIGNED NOT NULL,
  winning_side SMALLINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- player_id is NULL for a creature; ended_at_ms repeats the battle's, so that one index finds a player's latest.
CREATE TABLE IF NOT EXISTS battle_fighters (
  battle_id BINARY(16) NOT NULL,
  seat SMALLINT UNSIGNED NOT NULL,
  player_id BINARY(16) NULL,
  name VARCHAR(64) NOT NULL,
  side SMALLINT UNSIGNED NOT NULL,
  outcome VARCHAR(8) NOT NULL,
  experience BIGINT NOT NULL,
  gold BIGINT NOT NULL,
  ended_at_ms BIGINT NOT NULL,
  PRIMARY KEY (battle_id, seat),
  KEY battle_fighters_of_player (player_id, ended_at_ms, battle_id),
  CONSTRAINT battle_fighters_battle FOREIGN KEY (battle_id) REFERENCES battles (battle_id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
