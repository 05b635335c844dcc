/**
 * The one scenario of all tests of crashes: people play, the server is killed at an instant nobody chose, starts again,
 * they go on by themselves; and in the end everything they were told is compared with what is there.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Prng } from "../../engine/prng.js";
import { Prng as Dice } from "../../engine/prng.js";
import { systemClock } from "../../engine/time.js";
import type { AuditedStore } from "../../persistence/store.js";
import { withStore } from "./audit.js";
import type { CrashPlayer, Witness } from "./crash-player.js";
import { ServerProcess, type Settings } from "./server-process.js";

export interface Play {
  readonly settings: Settings;
  readonly players: readonly CrashPlayer[];
  enlist(witness: Witness, seed: number): void;
  /** Now and then, beside what the players do. */
  look(dice: Prng): void;
  /** What is in the store in the end and must not be, or is not and must be. */
  audit(store: AuditedStore): Promise<string[]>;
  figures(): Readonly<Record<string, number>>;
}

export interface KillRounds {
  readonly play: Play;
  readonly kills: number;
  readonly seed: number;
  readonly store?: object;
  /** Acknowledgements and events between two kills, at most. */
  readonly progressMax: number;
  readonly say?: (line: string) => void;
}

export interface KillFigures {
  /** From the process's start to its first tick, for each start but the first. */
  readonly firstTickMs: number[];
  /** From there until everybody is back. */
  readonly everybodyBackMs: number[];
  readonly progress: number;
  readonly counts: Readonly<Record<string, number>>;
}

const LOOK_MS = 5;
/** Nothing of these tests takes this long; whoever gets there has lost something. */
const DEADLINE_MS = 60_000;

export async function runKillRounds(options: KillRounds): Promise<KillFigures> {
  const { play, kills, seed, progressMax, say = () => {} } = options;
  const dice = new Dice(seed);
  const server = new ServerProcess({
    ...play.settings,
    ...(options.store === undefined ? {} : { store: options.store }),
  });
  const wrong: string[] = [];
  let progress = 0;
  play.enlist({ onProgress: () => progress++, onWrong: (what) => wrong.push(what) }, seed);
  const firstTickMs: number[] = [];
  const everybodyBackMs: number[] = [];

  /** Plays until a fact holds. */
  const playUntil = async (isSo: () => boolean, why: () => string) => {
    const deadlineMs = systemClock.nowMs() + DEADLINE_MS;
    while (!isSo()) {
      for (const player of play.players) player.play();
      play.look(dice);
      assert.deepEqual(wrong, [], `seed ${seed}, after ${server.starts - 1} kills:\n${server.tail(20)}`);
      assert.ok(
        systemClock.nowMs() < deadlineMs,
        `seed ${seed}, after ${server.starts - 1} kills, never came: ${why()}\n${server.tail(20)}`,
      );
      await sleep(LOOK_MS);
    }
  };
  const away = () => play.players.find(({ client }) => client.state.kind !== "live");

  try {
    await server.start();
    await Promise.all(play.players.map((player) => player.enter(server.url)));
    await playUntil(
      () => away() === undefined,
      () => `${away()?.name} in the world`,
    );
    for (let kill = 0; kill < kills; kill++) {
      const killAt = progress + 1 + dice.below(progressMax);
      await playUntil(
        () => progress >= killAt,
        () => `progress: ${progress} of ${killAt}`,
      );
      await server.kill();
      const startMs = systemClock.nowMs();
      await server.start();
      await server.firstTicks();
      firstTickMs.push(systemClock.nowMs() - startMs);
      await playUntil(
        () => away() === undefined,
        () => `${away()?.name} back: ${JSON.stringify(away()?.client.state)}`,
      );
      everybodyBackMs.push(systemClock.nowMs() - startMs);
      say(`kill ${kill + 1}: first tick after ${firstTickMs.at(-1)!.toFixed(0)} ms, ${progress} told so far`);
    }
    for (const player of play.players) player.finish();
    const unfinished = () => play.players.map((player) => player.unfinished()).find((why) => why !== "");
    await playUntil(
      () => unfinished() === undefined,
      () => unfinished()!,
    );
    for (const player of play.players)
      assert.equal(player.resumes >= kills, true, `${player.name} resumed ${player.resumes} times`);
    for (const { client } of play.players) client.close();
    await server.stop();
    assert.deepEqual(await withStore(server.config(), (store) => play.audit(store)), [], `seed ${seed}`);
    assert.deepEqual(wrong, [], `seed ${seed}`);
    return { firstTickMs, everybodyBackMs, progress, counts: play.figures() };
  } finally {
    for (const { client } of play.players) client.close();
    await server.remove();
  }
}
