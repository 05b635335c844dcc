/** Runs `gridshard bots` as a process of its own, for tests and benches. */
import { runBots } from "./cli.js";

process.exitCode = await runBots(process.argv.slice(2));
