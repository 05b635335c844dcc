/** The reference games: an open world, and the battles fought in it. */
import type { Game } from "../engine/room/game.js";
import { battle } from "./battle/battle.js";
import { openWorld } from "./open-world/open-world.js";

const games: Game = { fields: [openWorld], rooms: [battle] };
export default games;
