import type { Game, RoomType } from "../../engine/room/game.js";

/** Everybody in the room hears who waves. */
const hello: RoomType = {
  name: "hello",
  tickHz: 0,
  membersMax: 100,
  intents: [{ kind: 1, name: "wave", schema: null, perSecond: 2, burst: 4 }],
  onSocketLost: "leave",
  create: (room) => ({
    onIntent: (member) => room.tellAll(1, new TextEncoder().encode(`${member.player.name} waves`)),
  }),
};

export default { fields: [], rooms: [hello] } satisfies Game;
