/** Everything a bot can catch the server at, with what it means. */
export const protocolErrors = {
  malformed: "a message that is not what the protocol says",
  deltaWithoutKeyframe: "a delta of a cell whose keyframe never came",
  unknownSlot: "a change, move or leave of a slot nobody appeared in",
  slotTaken: "an entity appeared in the slot of another",
  cellOutsideSight: "a frame of a cell that is not in sight",
  tickBackwards: "a frame of a cell older than the one before",
  duplicateEntity: "an entity alive in two places for longer than a second",
  ownEntityVanished: "the own entity nowhere for longer than a second",
  eventOrder: "an event number that skipped or went back",
  intentAckAhead: "an acknowledgement of an intent that was never sent",
  refusedConnection: "a connection that was refused or never made",
  closed: "a connection the server ended",
} as const;
export type ProtocolError = keyof typeof protocolErrors;

export type ErrorCounts = Partial<Record<ProtocolError, number>>;

/** Errors by kind, and the first few in words. */
export class ErrorLog {
  static readonly samplesMax = 8;
  readonly counts: ErrorCounts = {};
  readonly samples: string[] = [];
  total = 0;

  add(kind: ProtocolError, detail: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.total++;
    if (this.samples.length < ErrorLog.samplesMax) this.samples.push(`${kind}: ${detail}`);
  }
}
