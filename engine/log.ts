/**
 * Structured logs: one JSON object a line, written synchronously, because a thread blocked in a wait never
 * flushes a stream. Levels say what the operator must do:
 * `error` act now · `warn` look today · `info` nothing, a change of state · `debug` off.
 */
import { writeSync } from "node:fs";

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Values a log line carries beside its message. Never a secret, never a whole message body. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** Takes one finished line, with its newline. */
export type LogSink = (line: string) => void;

export const stderrSink: LogSink = (line) => {
  try {
    writeSync(2, line);
  } catch (error) {
    // A full or closed pipe must not stop the server; there is nowhere left to say so.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EAGAIN" && code !== "EPIPE") throw error;
  }
};

/** A log for one thread. Lines below `level` are not written. */
export function createLog(
  thread: string,
  options: { readonly level: LogLevel; readonly wallMs: () => number; readonly sink?: LogSink },
): Log {
  const shown = logLevels.indexOf(options.level);
  const sink = options.sink ?? stderrSink;
  const at = (level: LogLevel) => {
    if (logLevels.indexOf(level) > shown) return () => {};
    return (message: string, fields?: LogFields) =>
      sink(
        `${JSON.stringify({ time: new Date(options.wallMs()).toISOString(), level, thread, message, ...fields })}\n`,
      );
  };
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}

/** A log that writes nothing. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };
