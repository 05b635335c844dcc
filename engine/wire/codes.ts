/**
 * The catalogue of everything the server says no with. A close code ends a connection; a refusal answers one
 * intent and changes nothing else. Each says what the other side should do.
 */
export interface CodeEntry {
  readonly code: number;
  readonly name: string;
  /** What happened, in words for a person. */
  readonly reason: string;
  /** What the other side should do about it. */
  readonly remedy: string;
  /** Whether connecting again, unchanged, can succeed. */
  readonly mayRetry: boolean;
}

const entry = (code: number, name: string, mayRetry: boolean, reason: string, remedy: string): CodeEntry => ({
  code,
  name,
  reason,
  remedy,
  mayRetry,
});

/** WebSocket close codes. 4000–4099: the session; 4100–4199: what was sent; 4200–4299: the server's state. */
export const closeCodes = {
  goodbye: entry(4000, "goodbye", false, "the player left", "nothing; connect again to play"),
  takenOver: entry(
    4001,
    "takenOver",
    false,
    "the same player connected elsewhere",
    "do not reconnect by itself; ask the person",
  ),
  protocolVersion: entry(
    4002,
    "protocolVersion",
    false,
    "this protocol version is not spoken here",
    "update the client to the version named in the reason",
  ),
  clientVersion: entry(
    4003,
    "clientVersion",
    false,
    "this client is too old",
    "update the client to the version named in the reason",
  ),
  ticketInvalid: entry(
    4004,
    "ticketInvalid",
    false,
    "the ticket is missing, forged or malformed",
    "get a new ticket",
  ),
  ticketExpired: entry(4005, "ticketExpired", false, "the ticket has expired", "get a new ticket"),
  idle: entry(4006, "idle", true, "nothing was heard for too long", "reconnect and send pings"),
  resumeInvalid: entry(
    4007,
    "resumeInvalid",
    true,
    "the resume token is not known here any more",
    "connect with the ticket alone",
  ),
  malformed: entry(
    4100,
    "malformed",
    false,
    "a message failed verification",
    "mend the client: docs/PROTOCOL.md",
  ),
  unknownType: entry(
    4101,
    "unknownType",
    false,
    "a message of a type or kind that does not exist",
    "mend the client: docs/PROTOCOL.md",
  ),
  tooLarge: entry(
    4102,
    "tooLarge",
    false,
    "a message is longer than allowed",
    "mend the client: docs/PROTOCOL.md",
  ),
  tooFrequent: entry(
    4103,
    "tooFrequent",
    true,
    "messages came faster than allowed for far too long",
    "slow down",
  ),
  outOfOrder: entry(
    4104,
    "outOfOrder",
    false,
    "an intent number went backwards or skipped",
    "number intents 1, 2, 3 …",
  ),
  textMessage: entry(
    4105,
    "textMessage",
    false,
    "a text message on a binary protocol",
    "send binary messages",
  ),
  tooSlow: entry(4106, "tooSlow", true, "events piled up unread", "read faster, then reconnect"),
  serverFull: entry(4200, "serverFull", true, "the server is full", "try again later"),
  shuttingDown: entry(4201, "shuttingDown", true, "the server is shutting down", "reconnect in a while"),
  storeUnavailable: entry(
    4202,
    "storeUnavailable",
    true,
    "the player could not be loaded",
    "try again later",
  ),
  overloaded: entry(4203, "overloaded", true, "the server could not keep up", "reconnect with back-off"),
  internal: entry(4204, "internal", true, "the server made a mistake", "reconnect; report it"),
  shardLost: entry(
    4205,
    "shardLost",
    true,
    "the thread simulating the player could not be restarted",
    "reconnect",
  ),
} as const satisfies Record<string, CodeEntry>;

/** Refusals of single intents, told in a Refused event. 1–999 engine, 1000 and up: the game's own. */
export const refusals = {
  notInRoom: entry(1, "notInRoom", false, "you are not in that room", "join it first"),
  roomFull: entry(2, "roomFull", true, "the room is full", "try another"),
  roomClosed: entry(3, "roomClosed", false, "the room is closed", "nothing"),
  noSuchEntity: entry(4, "noSuchEntity", false, "there is no such entity here", "look again"),
  tooFrequent: entry(5, "tooFrequent", true, "too many of these intents", "slow down"),
  backPressure: entry(6, "backPressure", true, "the server is busy", "try again"),
  handoffFull: entry(7, "handoffFull", true, "too many intents while changing shards", "try again"),
  inventoryFull: entry(8, "inventoryFull", false, "the inventory is full", "drop something"),
  tooManyRooms: entry(9, "tooManyRooms", true, "no more rooms can be opened now", "try again later"),
  roomFailed: entry(
    10,
    "roomFailed",
    false,
    "the room failed and was stopped",
    "nothing; it has been logged",
  ),
  notAlive: entry(11, "notAlive", true, "you are not in the world right now", "wait for the Welcome"),
  fieldFailed: entry(
    12,
    "fieldFailed",
    false,
    "the game could not handle this intent",
    "nothing; it has been logged",
  ),
  notDurable: entry(
    13,
    "notDurable",
    true,
    "what this would do cannot be kept safe right now",
    "try again later",
  ),
} as const satisfies Record<string, CodeEntry>;

/** Process exit codes, after sysexits.h where it has one. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 64,
  damaged: 65,
  storeUnavailable: 69,
  internal: 70,
  cannotListen: 71,
  dataFolder: 73,
  restartBudgetSpent: 75,
  config: 78,
} as const;
