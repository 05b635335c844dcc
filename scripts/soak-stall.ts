/** `npm run soak -- stall`: a disk that stops answering for five seconds, again and again, under durable intents. */
import { runDiskStall } from "../test/crash/disk-stall.js";

const PLAYERS = 50;
const STALL_SECONDS = 5;
/** With the time between two. */
const SECONDS_PER_STALL = 11;

/** False when a figure is not what is wanted; throws when an intent is missing. */
export async function soakStall(options: {
  readonly seconds: number;
  readonly say: (line: string) => void;
}): Promise<boolean> {
  const { seconds, say } = options;
  const stalls = Math.max(1, Math.floor(seconds / SECONDS_PER_STALL));
  const figures = await runDiskStall({ players: PLAYERS, stalls, stallMs: STALL_SECONDS * 1000, say });
  const { falselyDurable, heldBack, stalled, calm, intents, refused } = figures;
  say(`durable intents         ${intents}, 0 lost, ${refused} refused; ${heldBack} waited for the disk`);
  say(`falsely durable         ${falselyDurable} (want 0)`);
  say(`late ticks, stalled     ${stalled.late} of ${stalled.ticks} (want no more than without a stall)`);
  say(`late ticks, calm        ${calm.late} of ${calm.ticks}`);
  return falselyDurable === 0 && heldBack > 0 && stalled.late <= calm.late;
}
