/** Entities as of their last checkpoints, and grants that wait for their players. */
import { type EntityRecord, type GrantRecord, nobody } from "../engine/lane/to-store.js";

const ENTITY_BYTES = 250;
const GRANT_BYTES = 350;

export interface ImageEntity {
  readonly record: EntityRecord;
  /** Journal records before this one are not needed for it. */
  position: number;
}

export class ImageEntities {
  readonly #byId = new Map<number, ImageEntity>();
  readonly #ofPlayer = new Map<string, number>();
  bytes = 0;

  get size(): number {
    return this.#byId.size;
  }

  values(): IterableIterator<ImageEntity> {
    return this.#byId.values();
  }

  /** The entities of players. */
  *people(): Generator<EntityRecord, void, undefined> {
    for (const entityId of this.#ofPlayer.values()) yield this.#byId.get(entityId)!.record;
  }

  /** The entity as it is now; without a row it is no more. */
  set(record: EntityRecord, position: number): void {
    this.#drop(record.entityId);
    if (record.row.length === 0) return;
    if (record.playerId !== nobody) {
      // A player who came again has a new entity: the old one cannot be anywhere any more.
      const older = this.#ofPlayer.get(record.playerId);
      if (older !== undefined) this.#drop(older);
      this.#ofPlayer.set(record.playerId, record.entityId);
    }
    this.#byId.set(record.entityId, { record, position });
    this.bytes += ENTITY_BYTES + record.row.length;
  }

  #drop(entityId: number): void {
    const known = this.#byId.get(entityId);
    if (known === undefined) return;
    const { playerId, row } = known.record;
    if (this.#ofPlayer.get(playerId) === entityId) this.#ofPlayer.delete(playerId);
    this.#byId.delete(entityId);
    this.bytes -= ENTITY_BYTES + row.length;
  }
}

export interface ImageGrant {
  readonly record: GrantRecord;
  position: number;
}

export class ImageGrants {
  readonly #byId = new Map<string, ImageGrant>();
  readonly #ofPlayer = new Map<string, ImageGrant[]>();
  bytes = 0;
  /** Most that have waited for one player at once. */
  waitingMost = 0;

  get size(): number {
    return this.#byId.size;
  }

  values(): IterableIterator<ImageGrant> {
    return this.#byId.values();
  }

  add(record: GrantRecord, position: number): void {
    if (this.#byId.has(record.grantId)) return;
    const grant: ImageGrant = { record, position };
    this.#byId.set(record.grantId, grant);
    const waiting = this.#ofPlayer.get(record.playerId);
    if (waiting === undefined) this.#ofPlayer.set(record.playerId, [grant]);
    else waiting.push(grant);
    this.waitingMost = Math.max(this.waitingMost, waiting?.length ?? 1);
    this.bytes += GRANT_BYTES + record.body.length;
  }

  /** It has been given. */
  take(grantId: string): void {
    const grant = this.#byId.get(grantId);
    if (grant === undefined) return;
    this.#byId.delete(grantId);
    this.bytes -= GRANT_BYTES + grant.record.body.length;
    const { playerId } = grant.record;
    const left = this.#ofPlayer.get(playerId)!.filter((one) => one !== grant);
    if (left.length > 0) this.#ofPlayer.set(playerId, left);
    else this.#ofPlayer.delete(playerId);
  }

  /** What waits for a player, oldest first, at most `limit`. */
  of(playerId: string, limit: number): GrantRecord[] {
    const waiting = this.#ofPlayer.get(playerId) ?? [];
    return waiting.slice(0, limit).map(({ record }) => record);
  }
}
