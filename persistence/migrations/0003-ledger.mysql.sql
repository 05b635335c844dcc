-- What players gained and lost, appended once. The sum of a player's lines is what the player has:
-- SELECT SUM(gold) FROM ledger WHERE player_id = X'…'; item 0 is gold alone.
CREATE TABLE IF NOT EXISTS ledger (
  player_id BINARY(16) NOT NULL,
  version INT UNSIGNED NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  at_ms BIGINT NOT NULL,
  reason VARCHAR(32) NOT NULL,
  gold BIGINT NOT NULL,
  item SMALLINT UNSIGNED NOT NULL,
  count INT NOT NULL,
  PRIMARY KEY (player_id, version, line)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Who played before there was a ledger has what they had as opening lines, of version 0: no save has that number.
DELETE FROM ledger WHERE version = 0;
INSERT INTO ledger (player_id, version, line, at_ms, reason, gold, item, count)
SELECT player_id, 0, 0, UNIX_TIMESTAMP() * 1000, 'opening', gold, 0, 0 FROM players WHERE gold <> 0;
INSERT INTO ledger (player_id, version, line, at_ms, reason, gold, item, count)
SELECT player_id, 0, ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY item), UNIX_TIMESTAMP() * 1000, 'opening', 0,
  item, total
FROM (SELECT player_id, item, SUM(count) AS total FROM player_items GROUP BY player_id, item) AS had;
