-- An inventory becomes a column of its player, JSON [[item, count], …]: one statement then guards and writes both.
-- Who asks for items by SQL: SELECT p.player_id, i.value ->> 0 AS item, i.value ->> 1 AS count
-- FROM players AS p, json_each(p.inventory) AS i.
ALTER TABLE players ADD COLUMN inventory TEXT NOT NULL DEFAULT '[]';
UPDATE players SET inventory = (
  SELECT '[' || coalesce(group_concat('[' || item || ',' || count || ']', ',' ORDER BY slot), '') || ']'
  FROM player_items AS i WHERE i.player_id = players.player_id
);
DROP TABLE player_items;
