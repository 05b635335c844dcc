/** Tallies and earnings under kills: who plays, and what must be in the store in the end. */
import { Prng } from "../../engine/prng.js";
import { type Account, accountOf, auditOf } from "./audit.js";
import type { Witness } from "./crash-player.js";
import type { Play } from "./kill-rounds.js";
import { gameOfBuild, type Settings } from "./server-process.js";
import { TallyPlayer } from "./tally-player.js";

export const tallySettings: Settings = {
  games: [gameOfBuild("games/testing/durable-game.js")],
  world: { field: "durable-test", widthCells: 4, heightCells: 2, cellSizeMeters: 16 },
  shards: { count: 2 },
};

/** Of so many looks, one ends a tally. */
const LOOKS_PER_END = 150;

export function tallyPlay(playerCount: number): Play {
  const players: TallyPlayer[] = [];
  const partnersOf = (player: TallyPlayer) =>
    players.filter((other) => other !== player && other.client.stats().shard === player.client.stats().shard);
  return {
    settings: tallySettings,
    players,
    enlist(witness: Witness, seed: number) {
      for (let index = 0; index < playerCount; index++)
        players.push(new TallyPlayer(`Tally${index}`, new Prng(seed + index), witness, { partnersOf }));
    },
    look(dice: Prng) {
      if (dice.below(LOOKS_PER_END) === 0) players[dice.below(players.length)]!.endTally();
    },
    figures: () => ({
      intents: players.reduce((sum, player) => sum + player.intentCount, 0),
      "tallies over": new Set(players.flatMap((player) => player.talliesOver)).size,
    }),
    async audit(store) {
      const wrong = await auditOf(store);
      const results = new Map<string, number>();
      for (const player of players) {
        const account = await accountOf(store, player.playerId);
        wrong.push(...auditOfPlayer(player, account).map((what) => `${player.name}: ${what}`));
        for (const { battleId, ticks } of account.battles) results.set(battleId, ticks);
      }
      const contributed = new Set(
        players.flatMap((player) => player.talliesOver.filter((room) => player.tallies.get(room)!.count > 0)),
      );
      if (results.size < contributed.size)
        wrong.push(`${contributed.size} tallies ended, and ${results.size} results are in the store`);
      return wrong;
    },
  };
}

function auditOfPlayer(player: TallyPlayer, { player: row, ledger }: Account): string[] {
  const wrong: string[] = [];
  const earned = ledger.filter(({ reason }) => reason === "earn").map(({ gold }) => gold);
  const all = player.earnings;
  const expected = all.slice(all.length - earned.length);
  const at = expected.findIndex((n, index) => earned[index] !== n);
  if (at >= 0 || earned.length > all.length)
    wrong.push(`earned ${all.length} times; where it earned ${expected[at]}, the ledger has ${earned[at]}`);
  if (player.addsTold !== player.addCount)
    wrong.push(`added ${player.addCount} numbers, tallies told of ${player.addsTold}`);
  if (row.gold !== player.goldOwed) wrong.push(`has ${row.gold} of gold, and was to have ${player.goldOwed}`);
  return wrong;
}
