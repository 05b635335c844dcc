/** What `gridshard bots` can be told, parsed once. */
import { parseArgs } from "node:util";
import type { SightCheckOptions } from "../sight-check.js";

export const behaviours = ["wander", "zigzag", "gather", "fight", "idle"] as const;
export type Behaviour = (typeof behaviours)[number];

export interface BotOptions {
  /** Clients over all processes. */
  readonly clients: number;
  readonly host: string;
  readonly port: number;
  /** Length of the measured window. */
  readonly seconds: number;
  /** Everybody is connected and plays, and nothing is measured yet. */
  readonly warmupSeconds: number;
  readonly seed: number;
  readonly intentsPerSecond: number;
  /** Reliable, numbered intents of each client, besides the moves; only where the field is known to have one. */
  readonly reliablePerSecond: number;
  readonly behaviour: Behaviour;
  readonly processes: number;
  readonly connectsPerSecond: number;
  /** Every so many-th client reads and checks all it is sent, the others only what tells them where they are. */
  readonly decodeEvery: number;
  /** Fails the run when the frames' lateness at the 99th percentile is above it; `null`: no threshold. */
  readonly p99MsMax: number | null;
  readonly isJson: boolean;
  /** Judges in the window who sees whom, which needs to know the world; not for the command line. */
  readonly sightCheck?: SightCheckOptions;
}

export const usage = `usage: gridshard bots [options]

  --clients N              clients in all (200)
  --url URL                ws://host:port/ws or http://host:port (http://127.0.0.1:7350)
  --seconds N              length of the measured window (30)
  --warmup-seconds N       after everybody is connected, before measuring (2)
  --seed N                 same seed, same bots (1)
  --intents-per-second N   moves of each client (10)
  --reliable-per-second N  numbered intents of each client (0.5)
  --behaviour NAME         ${behaviours.join(" | ")} (wander)
  --processes N            processes that share the clients (1)
  --connects-per-second N  how fast clients connect, in all (500)
  --decode-every N         every N-th client reads and checks all it is sent, the others only what tells
                           them where they are (1)
  --max-p99-ms N           fail when frames are later than this at the 99th percentile
  --json                   one JSON object on stdout and nothing else
`;

/** The options are wrong; every problem is named. */
export class BotOptionsInvalid extends Error {
  override readonly name = "BotOptionsInvalid";
}

/** @throws BotOptionsInvalid */
export function parseBotOptions(argv: readonly string[]): BotOptions | "help" {
  const problems: string[] = [];
  const values = readFlags(argv);
  if (values.help === true) return "help";

  const number = (name: string, text: unknown, least: number, most: number, whole: boolean): number => {
    const value = typeof text === "string" && text.trim() !== "" ? Number(text) : Number.NaN;
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    problems.push(
      `--${name}: got "${String(text)}", want ${whole ? "an integer" : "a number"} in ${least}..${most}`,
    );
    return least;
  };
  const behaviour = behaviours.find((name) => name === values.behaviour);
  if (behaviour === undefined) {
    problems.push(`--behaviour: got "${String(values.behaviour)}", want one of ${behaviours.join(", ")}`);
  }
  const address = parseAddress(String(values.url));
  if (typeof address === "string") problems.push(address);
  const maxP99 = values["max-p99-ms"];
  const clients = number("clients", values.clients, 1, 20_000, true);
  const options: BotOptions = {
    clients,
    host: typeof address === "string" ? "" : address.host,
    port: typeof address === "string" ? 0 : address.port,
    seconds: number("seconds", values.seconds, 0.1, 86_400, false),
    warmupSeconds: number("warmup-seconds", values["warmup-seconds"], 0, 600, false),
    seed: number("seed", values.seed, 0, 0x7fff_ffff, true),
    intentsPerSecond: number("intents-per-second", values["intents-per-second"], 0, 100, false),
    reliablePerSecond: number("reliable-per-second", values["reliable-per-second"], 0, 20, false),
    behaviour: behaviour ?? "wander",
    processes: Math.min(number("processes", values.processes, 1, 64, true), clients),
    connectsPerSecond: number("connects-per-second", values["connects-per-second"], 1, 100_000, false),
    decodeEvery: number("decode-every", values["decode-every"], 1, 1000, true),
    p99MsMax: maxP99 === undefined ? null : number("max-p99-ms", maxP99, 0, 60_000, false),
    isJson: values.json === true,
  };
  if (options.behaviour === "fight" && options.decodeEvery > 1) {
    problems.push(`--decode-every: got ${options.decodeEvery}, want 1: who fights must see everybody`);
  }
  if (problems.length > 0) throw new BotOptionsInvalid(problems.join("\n"));
  return options;
}

function readFlags(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const text = (value?: string) => ({
    type: "string" as const,
    ...(value === undefined ? {} : { default: value }),
  });
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        clients: text("200"),
        url: text("http://127.0.0.1:7350"),
        seconds: text("30"),
        "warmup-seconds": text("2"),
        seed: text("1"),
        "intents-per-second": text("10"),
        "reliable-per-second": text("0.5"),
        behaviour: text("wander"),
        processes: text("1"),
        "connects-per-second": text("500"),
        "decode-every": text("1"),
        "max-p99-ms": text(),
      },
    }).values;
  } catch (error) {
    throw new BotOptionsInvalid((error as Error).message);
  }
}

/** Host and port of the server, or what is wrong with the URL. */
function parseAddress(url: string): { readonly host: string; readonly port: number } | string {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "ws:" && parsed.protocol !== "http:")) {
    return `--url: got "${url}", want ws://host:port/ws or http://host:port (TLS ends in front of the server)`;
  }
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: parsed.port === "" ? 80 : Number(parsed.port),
  };
}
