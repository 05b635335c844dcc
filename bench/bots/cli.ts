/** `gridshard bots`: real clients in numbers, with percentiles and a threshold. */
import { exitCodes } from "../../engine/wire/codes.js";
import type { Progress } from "./fleet.js";
import { type BotOptions, BotOptionsInvalid, parseBotOptions, usage } from "./options.js";
import { formatReport } from "./report.js";
import { FleetLost, runSwarm } from "./swarm.js";

/** Runs the command and resolves to the process's exit code. Writes to stdout and stderr. */
export async function runBots(argv: string[]): Promise<number> {
  let options: BotOptions;
  try {
    const parsed = parseBotOptions(argv);
    if (parsed === "help") {
      process.stdout.write(usage);
      return exitCodes.ok;
    }
    options = parsed;
  } catch (error) {
    if (!(error instanceof BotOptionsInvalid)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return exitCodes.usage;
  }
  const line = new ProgressLine();
  try {
    const report = await runSwarm(options, { onProgress: (progress) => line.show(progress) });
    line.end();
    process.stdout.write(options.isJson ? `${JSON.stringify(report)}\n` : formatReport(report));
    return report.failures.length === 0 ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    line.end();
    if (!(error instanceof FleetLost)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exitCodes.internal;
  }
}

/** One line on stderr, written over on a terminal, every second; elsewhere a line every five seconds. */
class ProgressLine {
  #before: Progress | undefined;
  #shown = 0;

  show(progress: Progress): void {
    const before = this.#before ?? { messages: 0, bytes: 0, intents: 0 };
    this.#before = progress;
    const isTerminal = process.stderr.isTTY === true;
    if (!isTerminal && this.#shown++ % 5 !== 0) return;
    const text = [
      progress.phase.padEnd(10),
      `${progress.live} live`,
      `${progress.messages - before.messages} messages/s`,
      `${((progress.bytes - before.bytes) / 1000).toFixed(0)} kB/s`,
      `${progress.intents - before.intents} intents/s`,
      `p99 ${Number.isNaN(progress.p99Ms) ? "–" : progress.p99Ms.toFixed(1)} ms`,
      `${progress.errors} errors`,
    ].join("  ");
    process.stderr.write(isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  end(): void {
    if (process.stderr.isTTY === true && this.#before !== undefined) process.stderr.write("\r\x1b[K");
  }
}
