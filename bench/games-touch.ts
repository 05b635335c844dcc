/** As games-world, under the same name, but every `touch` is answered with an event: what must reach even who reads slowly. */
import type { FieldType, Game } from "../engine/room/game.js";
import { walkField } from "./games-world.js";

const TOUCHED = 1;
const NO_BODY = new Uint8Array(0);

const touchField: FieldType = {
  ...walkField,
  create: (context) => {
    const field = walkField.create(context);
    field.onIntent = (member) => context.tell(member, TOUCHED, NO_BODY);
    return field;
  },
};

const game: Game = { fields: [touchField], rooms: [] };
export default game;
