/** What control itself adds to the catalogues of engine/metrics.ts. Names get the prefix `gridshard_`. */
import type { Family } from "./prometheus.js";

const gauge = (name: string, help: string): Family => ({ name: `gridshard_${name}`, help, type: "gauge" });
const counter = (name: string, help: string): Family => ({
  name: `gridshard_${name}`,
  help,
  type: "counter",
});
const histogram = (name: string, help: string): Family => ({
  name: `gridshard_${name}`,
  help,
  type: "histogram",
});

export const serverMetrics = {
  info: gauge("info", "Always 1; its labels say what runs"),
  uptimeSeconds: gauge("uptime_seconds", "Time since the start"),
  ready: gauge("ready", "1 when players can be served"),
  residentBytes: gauge("resident_bytes", "Memory of the process"),
  threadCpuSeconds: counter("thread_cpu_seconds_total", "Processor time per thread"),
  heartbeatAgeSeconds: gauge("heartbeat_age_seconds", "Time since a thread's last sign of life"),
  shardRestarts: counter("shard_restarts_total", "Times a shard died and was started again"),
  shardCells: gauge("shard_cells", "Cells owned"),
  tableInfo: gauge(
    "table_info",
    "Always 1; its labels say which version of a table of game data is in force",
  ),
  tableRows: gauge("table_rows", "Rows of the table in force"),
  tableReloads: counter("table_reloads_total", "Times that other rows of the table were put in force"),
  tableRefusals: counter("table_refusals_total", "Times that a file of the table was refused"),
  tableRefused: gauge("table_refused", "1 while what the table's file says is not in force"),
  laneCapacityBytes: gauge("lane_capacity_bytes", "Bytes a lane's ring holds"),
  laneDepthBytes: gauge("lane_depth_bytes", "Bytes written and not read yet"),
  laneDepthBytesMax: gauge("lane_depth_bytes_max", "Most bytes that waited at once"),
  laneRefusals: counter("lane_refusals_total", "Records that found the ring full"),
  tickDurationSeconds: histogram("tick_duration_seconds", "Duration of a shard's tick"),
  roomTickDurationSeconds: histogram("room_tick_duration_seconds", "Duration of a room's tick, by room type"),
} as const satisfies Record<string, Family>;
