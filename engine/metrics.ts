/** The catalogue of counters: one list per thread kind. Names get the prefix `gridshard_` and per-thread labels. */
import type { CounterSpec } from "./memory/counters.js";

function catalogue<const Specs extends Record<string, Omit<CounterSpec, "name">>>(
  specs: Specs,
): { readonly list: readonly CounterSpec[]; readonly index: { readonly [Name in keyof Specs]: number } } {
  const names = Object.keys(specs);
  return {
    list: names.map((name) => ({ name, ...specs[name]! })),
    index: Object.fromEntries(names.map((name, at) => [name, at])) as { [Name in keyof Specs]: number },
  };
}

const counter = (help: string) => ({ kind: "counter", help }) as const;
const gauge = (help: string) => ({ kind: "gauge", help }) as const;
const most = (help: string) => ({ kind: "max", help }) as const;

const shard = catalogue({
  ticks_total: counter("Ticks made"),
  tick_seconds_total: counter("Time spent in ticks"),
  tick_seconds_max: most("Longest tick"),
  tick_overruns_total: counter("Ticks longer than their period"),
  ticks_forfeited_total: counter("Ticks given up after a stall"),
  entities: gauge("Entities owned"),
  ghosts: gauge("Read-only copies of neighbours' entities"),
  members: gauge("Players owned"),
  creatures: gauge("Creatures owned"),
  cells_awake: gauge("Cells somebody sees"),
  rooms: gauge("Rooms that exist"),
  rooms_active: gauge("Rooms on the schedule"),
  rooms_deferred_total: counter("Room ticks put off for want of time"),
  rooms_failed_total: counter("Rooms stopped because they threw"),
  field_failures_total: counter("Field hooks that threw for one intent or act"),
  intents_total: counter("Intents applied"),
  intents_refused_total: counter("Intents refused by name"),
  records_stale_total: counter("Records of an older incarnation or epoch, refused"),
  handoffs_offered_total: counter("Entities offered to a neighbour"),
  handoffs_released_total: counter("Entities a neighbour accepted"),
  handoffs_accepted_total: counter("Entities accepted from a neighbour"),
  handoffs_returned_total: counter("Entities kept because the neighbour was lost"),
  handoffs_adrift_total: counter(
    "Members loaded anew because they were on the way to a neighbour that was lost",
  ),
  acts_total: counter("Acts delivered"),
  acts_undelivered_total: counter("Acts whose target is gone"),
  frames_total: counter("Cell frames written"),
  frames_skipped_total: counter("Cell frames that found their lane full; a keyframe follows"),
  frame_bytes_total: counter("Bytes of cell frames"),
  moves_deferred_total: counter("Moves put off to a later tick because their cell was crowded"),
  records_refused_total: counter("Records refused because lane and outbox were full"),
  rooms_durable: gauge("Rooms that survive the process"),
  rooms_restored_total: counter("Durable rooms restored"),
  rooms_quarantined_total: counter("Durable rooms that failed again when they were restored"),
  rooms_aside: gauge("Durable rooms set aside: kept in the journal, and not restored"),
  rooms_stood_total: counter("Ticks of durable rooms put off because nothing could be kept safe"),
  room_inputs_total: counter("Inputs of durable rooms written to the journal"),
  room_checkpoints_total: counter("Checkpoints of durable rooms"),
  intents_not_durable_total: counter("Intents refused because nothing could be kept safe"),
  entity_checkpoints_total: counter("Checkpoints of entities"),
  entities_returned_total: counter("Entities that came back after a restart"),
  grants_total: counter("Things granted to players"),
  grants_taken_total: counter("Granted things that reached their player"),
  ledger_lines_total: counter("Lines written to the ledger"),
  store_records_total: counter("Records handed to the store's lane"),
  store_records_refused_total: counter("Records for the store refused because lane and outbox were full"),
  held_ticks_total: counter("Ticks whose news were held back because the store's lane was full"),
});

const net = catalogue({
  connections: gauge("Open sockets"),
  connections_total: counter("Sockets opened"),
  sessions_live: gauge("Sessions with a socket, in the world"),
  sessions_suspended: gauge("Sessions in their grace time"),
  sessions_evicting: gauge("Sessions of a lost shard that wait for all shards to let go of older copies"),
  sessions_slow: gauge("Sessions whose client reads too slowly, and is sent no state until it has drained"),
  buffered_bytes: gauge("Bytes that wait in the process for slow clients"),
  resumes_total: counter("Sessions resumed"),
  takeovers_total: counter("Sessions taken over by a second login"),
  handshakes_refused_total: counter("Upgrades refused or closed at once"),
  messages_in_total: counter("Messages received"),
  bytes_in_total: counter("Bytes received"),
  messages_out_total: counter("Messages sent, to each client its own count"),
  bytes_out_total: counter("Bytes handed to sockets"),
  composed_total: counter("Messages composed for all who stand in one cell"),
  protocol_errors_total: counter("Sessions closed for what they sent"),
  intents_limited_total: counter("Intents over a token bucket"),
  intents_refused_total: counter("Intents refused because a lane was full"),
  state_skipped_total: counter("Times a slow client's state was skipped"),
  keyframes_requested_total: counter("Keyframes asked of shards"),
  events_total: counter("Events sent"),
  events_replayed_total: counter("Events sent again on resume"),
  events_held_total: counter("Events that waited for the journal, or behind one that did"),
  events_repeated_total: counter("Events told again by a room that was replayed, which their session had"),
  sessions_restored_total: counter("Sessions brought back from the process before this one"),
  sessions_unkept_total: counter("Sessions that a crash would lose because the way to the journal was full"),
  flushes_total: counter("Ticks flushed to sockets"),
  flush_late_total: counter("Ticks flushed without a late shard"),
  records_refused_total: counter("Records to shards refused because lane and outbox were full"),
  records_stale_total: counter("Records of an older epoch, refused"),
});

const persistence = catalogue({
  rows_in_total: counter("Rows received from shards"),
  rows_pending: gauge("Rows not applied yet"),
  rows_pending_max: most("Most rows that waited at once"),
  rows_applied_total: counter("Rows applied to the store"),
  rows_rejected_total: counter("Rows set aside as dead letters, those held back included"),
  players_held: gauge("Players whose rows are held back behind a dead letter"),
  batches_total: counter("Batches applied"),
  batch_seconds_total: counter("Time spent applying batches"),
  retries_total: counter("Batches tried again"),
  loads_total: counter("Players loaded"),
  loads_failed_total: counter("Players that could not be loaded"),
  store_up: gauge("1 while the store answers"),
  journal_state: gauge("0 while the journal accepts, 1 when it is full, 2 when its disk fails"),
  journal_bytes: gauge("Bytes of the journal on disk"),
  journal_segments: gauge("Files of the journal"),
  journal_pending_bytes: gauge("Bytes that the journal's disk has not taken yet"),
  journal_pending_bytes_max: most("Most bytes that waited for the journal's disk at once"),
  journal_groups_total: counter("Groups appended to the journal"),
  journal_commits_total: counter("Writes of the journal, each with its sync"),
  journal_sync_seconds_total: counter("Time spent writing and syncing the journal"),
  journal_failures_total: counter("Writes of the journal that failed and were tried again"),
  journal_refused_total: counter("Groups that had to wait because the journal's disk did not keep up"),
  durable_lag: gauge("Groups appended and not durable yet"),
  image_bytes: gauge("Memory of what is to be restored after a crash"),
  image_full: gauge(
    "1 while what is to be restored is more than may be kept, so that the journal counts as full",
  ),
  image_rooms: gauge("Durable rooms that would be restored"),
  image_sessions: gauge("Sessions that would be restored"),
  image_entities: gauge("Entities that would be restored"),
  image_grants: gauge("Grants that wait for their players"),
  image_grant_bytes: gauge("Memory of those grants"),
  grants_waiting_max: most("Most grants that have waited for one player at once"),
  image_copies_total: counter("Items written to the journal again so that old files can go"),
  restored_rooms: gauge("Durable rooms found in the journal at the start"),
  restored_sessions: gauge("Sessions found in the journal at the start"),
});

export const shardCatalogue = shard.list;
export const shardMetric = shard.index;
export const netCatalogue = net.list;
export const netMetric = net.index;
export const persistenceCatalogue = persistence.list;
export const persistenceMetric = persistence.index;
