-- What players gained and lost, appended once. The sum of a player's lines is what the player has:
-- SELECT sum(gold) FROM ledger WHERE player_id = x'…'; item 0 is gold alone.
CREATE TABLE ledger (
  player_id BLOB NOT NULL CHECK (length(player_id) = 16),
  version INTEGER NOT NULL,
  line INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  gold INTEGER NOT NULL,
  item INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (player_id, version, line)
) STRICT, WITHOUT ROWID;

-- Who played before there was a ledger has what they had as opening lines, of version 0: no save has that number.
INSERT INTO ledger (player_id, version, line, at_ms, reason, gold, item, count)
SELECT player_id, 0, 0, unixepoch() * 1000, 'opening', gold, 0, 0 FROM players WHERE gold <> 0;
INSERT INTO ledger (player_id, version, line, at_ms, reason, gold, item, count)
SELECT player_id, 0, row_number() OVER (PARTITION BY player_id ORDER BY item), unixepoch() * 1000, 'opening', 0,
  item, total
FROM (SELECT player_id, item, sum(count) AS total FROM player_items GROUP BY player_id, item);
