/** As games-world, under the same name, but each shard tells of its garbage collections. */
import type { FieldType, Game } from "../engine/room/game.js";
import { walkField } from "./games-world.js";
import { reportPauses } from "./shard-pauses.js";

const pausesField: FieldType = {
  ...walkField,
  create: (context) => {
    reportPauses();
    return walkField.create(context);
  },
};

const game: Game = { fields: [pausesField], rooms: [] };
export default game;
