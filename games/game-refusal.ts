/** One reason for which a game refuses an intent. The codes of all games together are unique. */
export interface GameRefusal {
  /** 1000 and up; lower codes are the engine's. */
  readonly code: number;
  /** What happened, in words for a person. */
  readonly reason: string;
  /** What the person can do about it. */
  readonly remedy: string;
}
