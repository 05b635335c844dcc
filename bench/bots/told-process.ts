/**
 * Loads in processes of their own, so that what measures them does not disturb them: one order in, any number of news,
 * one result out. Each entry is a few lines around {@link serveOrder}; {@link order} is the other side.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type Told<News, Result> =
  | { readonly is: "news"; readonly news: News }
  | { readonly is: "result"; readonly result: Result }
  | { readonly is: "failed"; readonly problem: string };

/** The load's process ended without a result. */
export class LoadFailed extends Error {
  override readonly name = "LoadFailed";
}

/** In the process of the load: runs the one order and ends. What `tell` sends arrives before the result. */
export function serveOrder<Order, News, Result>(
  run: (order: Order, tell: (news: News) => void, heard: (word: string) => Promise<void>) => Promise<Result>,
): void {
  const words: string[] = [];
  let onWord: (() => void) | undefined;
  const heard = async (word: string): Promise<void> => {
    while (!words.includes(word)) await new Promise<void>((resolve) => (onWord = resolve));
  };
  const send = (told: Told<News, Result>) =>
    new Promise<void>((resolve) => process.send!(told, () => resolve()));
  process.on("disconnect", () => process.exit(1));
  process.once("message", (order: Order) => {
    process.on("message", (word: string) => {
      words.push(word);
      onWord?.();
    });
    run(order, (news) => void send({ is: "news", news }), heard)
      .then((result) => send({ is: "result", result }))
      .catch((error: Error) => send({ is: "failed", problem: error.stack ?? error.message }))
      .then(() => process.exit(0));
  });
}

export interface OrderedLoad<Result> {
  readonly result: Promise<Result>;
  /** A word the load waits for. */
  say(word: string): void;
  /** Ends the process, whatever it is doing. */
  end(): Promise<void>;
}

export interface OrderOptions<News> {
  readonly onNews?: (news: News) => void;
  /** A command to put before node, which must become node in the end. */
  readonly prefix?: readonly string[];
}

/** Starts a process of this entry and gives it its order. */
export function order<Order extends object, News, Result>(
  entry: URL,
  what: Order,
  { onNews = () => {}, prefix = [] }: OrderOptions<News> = {},
): OrderedLoad<Result> {
  const [command, ...args] = [...prefix, process.execPath, fileURLToPath(entry)];
  const child = spawn(command!, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const result = new Promise<Result>((resolve, reject) => {
    child.on("message", (told: Told<News, Result>) => {
      if (told.is === "news") onNews(told.news);
      else if (told.is === "result") resolve(told.result);
      else reject(new LoadFailed(told.problem));
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => reject(new LoadFailed(`${entry.pathname} ended: ${signal ?? code}`)));
  });
  // Whoever ends the load does not want its result any more.
  result.catch(() => {});
  child.send(what, () => {});
  return {
    result,
    say: (word) => {
      if (child.connected) child.send(word);
    },
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
