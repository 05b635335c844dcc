/**
 * One client in twenty reads nothing for half a minute, and then reads again: what that costs the others, the server's
 * memory, and the slow ones themselves. Held against the same run in which those few read all the time, in the same
 * rounds. Whoever is slow goes on sending; each numbered intent is answered with an event, and none may be lost.
 */
import { spawnSync } from "node:child_process";
import { order } from "./bots/told-process.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "./measured.js";
import { median } from "./median.js";
import { measureRounds } from "./rounds.js";
import { runSlowRound, SHARDS, type SlowPlan, type SlowRun, TICK_HZ } from "./slow-round.js";

interface Plan extends Omit<SlowPlan, "isPausing"> {
  readonly rounds: number;
}
const full: Plan = {
  clients: 400,
  slow: 20,
  cells: 4,
  rounds: 3,
  pauseSeconds: 30,
  afterSeconds: 4,
  warmupSeconds: 3,
};
const small: Plan = {
  clients: 30,
  slow: 2,
  cells: 2,
  rounds: 1,
  pauseSeconds: 0.5,
  afterSeconds: 0.7,
  warmupSeconds: 0.2,
};

const roundEntry = new URL("./bots/slow-round-process.js", import.meta.url);
const LATE_RATIO_MAX = 1.05;
const KEPT_KB_MAX = 256;
const CURRENT_MS_MAX = (2 * 1000) / TICK_HZ;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const plan = options.smoke ? small : full;
  const subjects = { slow: `${plan.slow} read nothing for ${plan.pauseSeconds} s`, none: "all read" };
  const title = `${plan.clients} people, ${TICK_HZ} Hz, the others' frames`;
  const { runRound, isApart } = roundRunner();
  const runs: SlowRun[] = [];
  const rounds = await measureRounds({
    title,
    rounds: options.rounds ?? plan.rounds,
    subjects: [
      { name: subjects.none, measure: async () => (await runRound({ ...plan, isPausing: false })).figures },
      {
        name: subjects.slow,
        measure: async () => {
          const run = await runRound({ ...plan, isPausing: true });
          runs.push(run);
          return run.figures;
        },
      },
    ],
  });
  const part = { suite: "slow-clients", case: title, clients: plan.clients, shards: SHARDS };
  const growthWithout = median(rounds.get(subjects.none)!.map(({ growthMB }) => growthMB!));
  return [
    measuredOf({
      ...part,
      subject: subjects.slow,
      rounds: rounds.get(subjects.slow)!,
      wants: [
        { figure: "lateMsP99", floor: subjects.none, atMost: LATE_RATIO_MAX },
        { figure: "cpuCores", floor: subjects.none },
        { figure: "errors", atMost: 0 },
      ],
    }),
    measuredOf({
      ...part,
      subject: subjects.none,
      rounds: rounds.get(subjects.none)!,
      wants: [{ figure: "errors", atMost: 0 }],
    }),
    measuredOf({
      ...part,
      case: `those who read nothing for ${plan.pauseSeconds} s`,
      subject: `${plan.slow} slow clients`,
      rounds: runs.map((each) => ofSlowOnes(each, { slow: plan.slow, growthWithout })),
      wants: [
        ...(isApart ? [{ figure: "skips", atLeast: plan.slow } as const] : []),
        { figure: "currentMsMax", atMost: CURRENT_MS_MAX },
        { figure: "keptKB", atMost: KEPT_KB_MAX },
        { figure: "notCurrent", atMost: 0 },
        { figure: "eventsLost", atMost: 0 },
        { figure: "reliableLost", atMost: 0 },
        { figure: "errors", atMost: 0 },
      ],
    }),
  ];
}

function ofSlowOnes(
  { slow, skips, keptBytes, figures }: SlowRun,
  options: { readonly slow: number; readonly growthWithout: number },
): Figures {
  return {
    skips,
    keptKB: keptBytes / 1000,
    backlogKB: Math.max(...slow.backlogBytes) / 1000,
    currentMsMax: Math.max(...slow.currentMs),
    notCurrent: slow.notCurrent,
    // Only shown: what a server of hundreds of clients grows by in half a minute is more than this, whoever is slow.
    bytesEach: Math.max(0, ((figures.growthMB! - options.growthWithout) * 1e6) / options.slow),
    reliableSent: slow.reliableSent,
    reliableLost: slow.reliableLost,
    eventsLost: slow.eventsLost,
    errors: Object.values(slow.errors).reduce((sum, count) => sum + count, 0) + options.slow - slow.connected,
  };
}

/**
 * The kernel's buffers of a loopback connection hold half a minute of anybody's frames, and no server would notice that
 * nobody reads. In a network of its own loopback has packets and buffers like those of a client far away.
 */
function roundRunner(): {
  readonly runRound: (plan: SlowPlan) => Promise<SlowRun>;
  readonly isApart: boolean;
} {
  const setUp = [
    "ip link set lo mtu 1500 up",
    "echo 4096 65536 131072 > /proc/sys/net/ipv4/tcp_rmem",
    "echo 4096 16384 131072 > /proc/sys/net/ipv4/tcp_wmem",
  ].join(" && ");
  const apart = (...command: string[]) => [
    "unshare",
    ...["--user", "--map-root-user", "--net", "sh", "-c", `${setUp} && exec "$@"`, "sh", ...command],
  ];
  const [command, ...args] = apart("true");
  if (spawnSync(command!, args, { stdio: "ignore" }).status !== 0) {
    process.stderr.write(
      "  no network of its own to be had (unshare, ip): the kernel's buffers may hide who does not read\n",
    );
    return { runRound: runSlowRound, isApart: false };
  }
  const runRound = async (plan: SlowPlan) => {
    const load = order<SlowPlan, never, SlowRun>(roundEntry, plan, { prefix: apart() });
    try {
      return await load.result;
    } finally {
      await load.end();
    }
  };
  return { runRound, isApart: true };
}
