/**
 * Client of bench/peers/servers/colyseus.js. Those of the sample decode every patch with Colyseus's own decoder; the others
 * decode only their first state, which tells how their own player is called in patches, and then look for that.
 */
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CLIENT_FRAME_HEAD_BYTES, clientFrame } from "../bots/websocket.js";
import { peersFolder } from "../peers-folder.js";
import type { PersonKey, PersonPlace } from "../sight-check.js";
import { isSampled, WalkingClient } from "./peer-client.js";
import { read16 } from "./plain-frames.js";

const messages = { joinRoom: 10, error: 11, state: 14, patch: 15, dataBytes: 17 } as const;
const UNITS_PER_METER = 100;
/** Of the server's: input comes as bytes under this number. */
const MOVE = 0;
/** In a patch: what follows is of another structure, whose number comes next. */
const SWITCH_TO_STRUCTURE = 0xff;
/** In a patch: a new value of the structure's first field, and of its second. */
const FIRST_FIELD = 0x80;
const SECOND_FIELD = 0x81;
/** Nobody walks so far between two patches: what seems to be the own player is something else that looks like it. */
const STEP_METERS_MAX = 5;

interface Player {
  readonly x: number;
  readonly y: number;
}

interface Decoder {
  readonly state: { readonly tick: number; readonly players?: Map<string, Player> };
  decode(bytes: Uint8Array, at: { offset: number }): void;
}

/** As much of @colyseus/schema as is used here. */
interface ColyseusSchema {
  readonly $refId: symbol;
  readonly Reflection: { decode(bytes: Uint8Array): Decoder };
  readonly decode: { number(bytes: Uint8Array, at: { offset: number }): number };
  readonly encode: { number(bytes: number[], value: number, at: { offset: number }): void };
}

interface Seat {
  readonly sessionId: string;
  readonly roomId: string;
  readonly processId: string;
}

let schema: ColyseusSchema | undefined;
/** It is there only when somebody has installed the peers. */
function colyseusSchema(): ColyseusSchema {
  schema ??= createRequire(join(peersFolder(), "package.json"))("@colyseus/schema") as ColyseusSchema;
  return schema;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

export class ColyseusClient extends WalkingClient {
  #sessionId = "";
  #decoder: Decoder | undefined;
  /** What precedes the own player's fields in a patch. */
  #ownHead: Buffer = Buffer.alloc(0);

  async connect(): Promise<void> {
    const seat = await this.#reserve();
    this.#sessionId = seat.sessionId;
    this.open(`/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`);
  }

  seen(): ReadonlyMap<PersonKey, PersonPlace> | undefined {
    if (!isSampled(this.options)) return undefined;
    const seen = new Map<PersonKey, PersonPlace>();
    this.#decoder?.state.players?.forEach((player, sessionId) => {
      seen.set(sessionId, { x: player.x / UNITS_PER_METER, y: player.y / UNITS_PER_METER });
    });
    return seen;
  }

  protected onMessage(bytes: Uint8Array): void {
    if (bytes[0] === messages.patch) {
      this.#onPatch(bytes);
    } else if (bytes[0] === messages.joinRoom) {
      this.#onJoin(bytes);
      this.socket?.send(Uint8Array.of(messages.joinRoom));
    } else if (bytes[0] === messages.state) {
      this.#decoder!.decode(bytes, { offset: 1 });
      this.#learnOwn();
    } else if (bytes[0] === messages.error) {
      this.#onError(bytes);
    }
  }

  protected directionFrame(dx: number, dy: number): Buffer {
    const frame = clientFrame(4);
    frame[CLIENT_FRAME_HEAD_BYTES] = messages.dataBytes;
    frame[CLIENT_FRAME_HEAD_BYTES + 1] = MOVE;
    frame[CLIENT_FRAME_HEAD_BYTES + 2] = dx;
    frame[CLIENT_FRAME_HEAD_BYTES + 3] = dy;
    return frame;
  }

  /** Two short texts, and then, with its length before it, what the state is made of. */
  #onJoin(bytes: Uint8Array): void {
    const at = { offset: 1 };
    at.offset += 1 + bytes[at.offset]!;
    at.offset += 1 + bytes[at.offset]!;
    const length = colyseusSchema().decode.number(bytes, at);
    this.#decoder = colyseusSchema().Reflection.decode(bytes.slice(at.offset, at.offset + length));
  }

  /** Why the server is about to end the connection: a number, and a text in words. */
  #onError(bytes: Uint8Array): void {
    const { measures, index } = this.options;
    const at = { offset: 1 };
    const code = colyseusSchema().decode.number(bytes, at);
    const text = Buffer.from(bytes.subarray(at.offset + 1)).toString("utf8");
    measures.errors.add("refusedConnection", `client ${index}: ${code} ${text}`);
  }

  #learnOwn(): void {
    const own = this.#decoder?.state.players?.get(this.#sessionId);
    if (own === undefined) return;
    this.key = this.#sessionId;
    this.#place(own);
    const head = [SWITCH_TO_STRUCTURE];
    const { encode, $refId } = colyseusSchema();
    encode.number(head, (own as unknown as Record<symbol, number>)[$refId]!, { offset: 1 });
    this.#ownHead = Buffer.from(head);
    if (!isSampled(this.options)) this.#decoder = undefined;
  }

  #onPatch(bytes: Uint8Array): void {
    if (this.#decoder !== undefined) {
      this.#decoder.decode(bytes, { offset: 1 });
      const own = this.#decoder.state.players?.get(this.#sessionId);
      if (own !== undefined) this.#place(own);
    } else {
      this.#findOwn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    }
    // The tick is the first field of the state, and changes in every patch that a timestep came before.
    if (bytes[1] === FIRST_FIELD) this.frameOfTick(read16(bytes, 2));
  }

  #findOwn(patch: Buffer): void {
    for (let found = patch.indexOf(this.#ownHead); found >= 0; ) {
      let at = found + this.#ownHead.length;
      let { x, y } = this;
      if (patch[at] === FIRST_FIELD) {
        x = read16(patch, at + 1) / UNITS_PER_METER;
        at += 3;
      }
      if (patch[at] === SECOND_FIELD) y = read16(patch, at + 1) / UNITS_PER_METER;
      const isStep = Math.abs(x - this.x) < STEP_METERS_MAX && Math.abs(y - this.y) < STEP_METERS_MAX;
      if (isStep && (x !== this.x || y !== this.y)) {
        this.x = x;
        this.y = y;
        return;
      }
      found = patch.indexOf(this.#ownHead, found + 1);
    }
  }

  #place(own: Player): void {
    this.x = own.x / UNITS_PER_METER;
    this.y = own.y / UNITS_PER_METER;
  }

  #reserve(): Promise<Seat> {
    const { host, port } = this.options.load;
    const path = "/matchmake/joinOrCreate/world";
    const headers = { "content-type": "application/json", "content-length": 2 };
    return new Promise((resolve, reject) => {
      const sent = request({ host, port, path, method: "POST", agent, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as Seat);
          else reject(new Error(`no seat: ${response.statusCode} ${text.slice(0, 200)}`));
        });
      });
      sent.on("error", reject);
      sent.end("{}");
    });
  }
}
