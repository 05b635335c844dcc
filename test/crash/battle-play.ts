/** Battles under kills: who fights, and what must be in the store in the end. */
import { Prng } from "../../engine/prng.js";
import { type Account, accountOf, auditOf } from "./audit.js";
import { BattlePlayer } from "./battle-player.js";
import type { Witness } from "./crash-player.js";
import type { Play } from "./kill-rounds.js";
import type { Settings } from "./server-process.js";

const settings: Settings = {
  games: ["gridshard:games"],
  world: { widthCells: 8, heightCells: 4, cellSizeMeters: 16, tickHz: 50 },
  // Five times as fast as people like them.
  rooms: { battle: { tickHz: 50 } },
  shards: { count: 2 },
};

export function battlePlay(playerCount: number): Play {
  const players: BattlePlayer[] = [];
  return {
    settings,
    players,
    enlist(witness: Witness, seed: number) {
      for (let index = 0; index < playerCount; index++)
        players.push(new BattlePlayer(`Fighter${index}`, new Prng(seed + index), witness));
    },
    look() {},
    figures: () => ({
      intents: players.reduce((sum, player) => sum + player.intentCount, 0),
      "battles at the same time as another": players.reduce(
        (sum, { battles }) => sum + battles.filter(({ isDisplaced }) => isDisplaced).length,
        0,
      ),
      "battles over": players.reduce(
        (sum, { battles }) => sum + battles.filter(({ over }) => over).length,
        0,
      ),
    }),
    async audit(store) {
      const wrong = await auditOf(store);
      for (const player of players) {
        const account = await accountOf(store, player.playerId);
        wrong.push(...auditOfPlayer(player, account).map((what) => `${player.name}: ${what}`));
      }
      return wrong;
    },
  };
}

function auditOfPlayer(player: BattlePlayer, { player: row, battles }: Account): string[] {
  const wrong: string[] = [];
  const told = player.battles.flatMap(({ over }) => (over === null ? [] : [over]));
  const results = battles.map(({ ticks, winningSide, fighters }) => ({
    ticks,
    winningSide,
    experience: fighters.find(({ playerId }) => playerId === player.playerId)!.experience,
  }));
  const left = results.map((result) => JSON.stringify(result));
  for (const over of told) {
    const at = left.indexOf(JSON.stringify(over));
    if (at < 0) wrong.push(`was told of ${JSON.stringify(over)}, which is not in the store`);
    else left.splice(at, 1);
  }
  // Whoever leaves for good in the middle of a battle leaves a result of which they were not told.
  const unheard = player.battles.filter(({ over, isFighter }) => over === null && isFighter).length;
  if (left.length > unheard) wrong.push(`results it was never told of: ${left.join(", ")}`);
  const experience = player.experienceOwed;
  if (row.experience < experience || (unheard === 0 && row.experience !== experience))
    wrong.push(`battles gave ${experience} of experience, the store has ${row.experience}`);
  return wrong;
}
