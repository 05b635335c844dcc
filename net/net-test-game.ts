/** A game of which only the intents are ever looked at. For tests of the network thread. */
import type { Game } from "../engine/room/game.js";

const never = () => {
  throw new Error("nothing is simulated here");
};

export default {
  fields: [{ name: "test", intents: [], columns: {}, spawn: () => ({ x: 1, y: 1 }), create: never }],
  rooms: [],
} satisfies Game;
