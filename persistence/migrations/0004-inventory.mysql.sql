-- An inventory becomes a column of its player, JSON [[item, count], …]: one statement then guards and writes both.
-- Who asks for items by SQL: SELECT p.player_id, i.* FROM players AS p, JSON_TABLE(p.inventory, '$[*]' COLUMNS
-- (item INT PATH '$[0]', count INT PATH '$[1]')) AS i.
-- Each step looks first whether it has been done: neither server has a condition that both understand.
SET SESSION group_concat_max_len = 16777216;
SET @step = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
  AND table_name = 'players' AND column_name = 'inventory') > 0,
  'DO 0', 'ALTER TABLE players ADD COLUMN inventory MEDIUMTEXT NOT NULL');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = IF((SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()
  AND table_name = 'player_items') = 0,
  'DO 0', 'UPDATE players AS p SET p.inventory = (SELECT CONCAT(''['', COALESCE(GROUP_CONCAT(
    CONCAT(''['', i.item, '','', i.count, '']'') ORDER BY i.slot SEPARATOR '',''), ''''), '']'')
    FROM player_items AS i WHERE i.player_id = p.player_id)');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

DROP TABLE IF EXISTS player_items;
