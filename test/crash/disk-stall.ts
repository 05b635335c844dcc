/**
 * A disk that stops answering for seconds, again and again, under people who send durable intents: none may be
 * acknowledged as durable while nothing can be written, all must be once the disk is back, and ticks must not notice.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../player.js";
import { accountOf, auditOf, withStore } from "./audit.js";
import { FrozenDisk } from "./frozen-disk.js";
import { SavingPlayer } from "./saving-player.js";
import { ServerProcess } from "./server-process.js";
import { savingSettings } from "./store-away.js";

export interface DiskStallOptions {
  readonly players: number;
  readonly stalls: number;
  readonly stallMs: number;
  readonly say?: (line: string) => void;
}

export interface DiskStallFigures {
  /** Intents that became durable while the disk was frozen. */
  readonly falselyDurable: number;
  /** Intents that waited when a disk came back, of all stalls: it was frozen indeed. */
  readonly heldBack: number;
  /** Of all stalls with the moments after them, and of equally long times between them, which tell what else makes ticks late. */
  readonly stalled: TickFigures;
  readonly calm: TickFigures;
  readonly intents: number;
  /** By name: too many of one client's waited. */
  readonly refused: number;
}

export interface TickFigures {
  ticks: number;
  /** Longer than their period, or given up. */
  late: number;
}

const EARN_EVERY_MS = 50;
/** What was on its way to the clients, and to the disk, when it froze. */
const SETTLE_MS = 500;

export async function runDiskStall(options: DiskStallOptions): Promise<DiskStallFigures> {
  const { stalls, stallMs, say = () => {} } = options;
  const disk = FrozenDisk.mount();
  const server = new ServerProcess({ ...savingSettings, dataFolder: `${disk.path}/data` });
  const players = Array.from({ length: options.players }, (_, index) => new SavingPlayer(`Saver${index}`));
  const kept = () => players.reduce((sum, { client }) => sum + client.stats().intentsKept, 0);
  const refused = () =>
    players.reduce((sum, player) => sum + [...player.refused.values()].reduce((all, one) => all + one, 0), 0);
  /** Adds what ticks did while `during` ran to `figures`. */
  const counted = async (figures: TickFigures, during: () => Promise<void>) => {
    const [before] = (await server.stats()).shards;
    await during();
    const [after] = (await server.stats()).shards;
    const over = (name: string) => after!.counters[name]! - before!.counters[name]!;
    figures.ticks += over("ticks_total");
    figures.late += over("tick_overruns_total") + over("ticks_forfeited_total");
  };
  const stalled: TickFigures = { ticks: 0, late: 0 };
  const calm: TickFigures = { ticks: 0, late: 0 };
  let earned = 0;
  let earning: NodeJS.Timeout | undefined;
  try {
    await server.start();
    for (const player of players) {
      await player.enter(server.url);
      await until(`${player.name} is in the world`, () => player.isLive);
    }
    earning = setInterval(() => {
      for (const player of players) if (player.send("earn") > 0) earned++;
    }, EARN_EVERY_MS);
    await until("what is earned becomes durable", () => earned > 0 && earned > kept());
    await sleep(2 * SETTLE_MS);
    let [falselyDurable, heldBack] = [0, 0];
    for (let stall = 0; stall < stalls; stall++) {
      await counted(calm, () => sleep(stallMs));
      await counted(stalled, async () => {
        disk.freeze();
        await sleep(SETTLE_MS);
        const safe = earned - kept();
        await sleep(stallMs - SETTLE_MS);
        const held = kept();
        falselyDurable += earned - held - safe;
        heldBack += held;
        disk.thaw();
        await until("what waited for the disk is durable", () => kept() < players.length * 5);
      });
      if (stall % 10 === 9) say(`${stall + 1} stalls, ${earned} intents, ${falselyDurable} falsely durable`);
    }
    clearInterval(earning);
    await until("everything is told to be safe", () => kept() === 0);
    for (const { client } of players) client.close();
    await server.stop();
    const wrong = await withStore(server.config(), async (store) => {
      const found = await auditOf(store);
      let gold = 0;
      for (const player of players) gold += (await accountOf(store, player.playerId)).player.gold;
      if (gold !== earned - refused())
        found.push(`${earned - refused()} gold was earned, the store has ${gold}`);
      for (const { name, losses } of players)
        if (losses.length > 1) found.push(`${name} lost the connection: ${losses[0]}`);
      return found;
    });
    assert.deepEqual(wrong, []);
    return {
      falselyDurable,
      heldBack,
      stalled: stalled,
      calm: calm,
      intents: earned,
      refused: refused(),
    };
  } catch (error) {
    say(server.tail());
    throw error;
  } finally {
    clearInterval(earning);
    for (const { client } of players) client.close();
    disk.thaw();
    await server.remove();
    disk.remove();
  }
}
