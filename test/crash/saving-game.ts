/**
 * A field whose people save all the time, for tests of a store that is away: as many rows as wanted, all of them countable.
 *
 *   intent 1 start, 2 stop   the sender saves in every tick from now on, or no more: LINES lines of the ledger, of one gold
 *                            each, and the player's row
 *   intent 3 earn            durable: one line of the ledger, of one gold, and the player's row
 *   intent 4 wave            changes nothing that lasts; event 1 answers it
 */
import type { Field, FieldContext, FieldType, Game } from "../../engine/room/game.js";

export const savingIntents = { start: 1, stop: 2, earn: 3, wave: 4 } as const;
export const savingEvents = { waved: 1 } as const;
/** Lines of the ledger with every save. */
export const LINES = 4;

const WALK_METERS_PER_SECOND = 2;
const nothing = new Uint8Array(0);

function createField(context: FieldContext): Field {
  const { entities } = context;
  const isSaving = entities.column("isSaving", "u8");
  const seconds = context.tickPeriodMs / 1000;
  return {
    onMove(member, dx, dy) {
      entities.velocityX[member.row] = (dx / 127) * WALK_METERS_PER_SECOND;
      entities.velocityY[member.row] = (dy / 127) * WALK_METERS_PER_SECOND;
    },
    onIntent(member, { kind }) {
      if (kind === savingIntents.wave) context.tell(member, savingEvents.waved, nothing);
      else if (kind === savingIntents.earn) {
        member.player.gold++;
        context.book(member, { reason: "earn", gold: 1 });
        context.save(member);
      } else isSaving[member.row] = kind === savingIntents.start ? 1 : 0;
    },
    onTick() {
      for (let at = 0; at < context.awakeCount; at++) {
        for (let row = entities.first[context.awakeCells[at]!]!; row >= 0; row = entities.next[row]!) {
          if (entities.isGhost(row)) continue;
          const { widthMeters } = context.grid;
          const x = entities.x[row]! + entities.velocityX[row]! * seconds;
          entities.x[row] = Math.max(0.5, Math.min(widthMeters - 0.5, x));
          const member = isSaving[row] === 1 ? context.memberAt(row) : undefined;
          if (member === undefined) continue;
          for (let line = 0; line < LINES; line++) context.book(member, { reason: "save", gold: 1 });
          member.player.gold += LINES;
          context.save(member);
        }
      }
    },
  };
}

const spec = { schema: null, perSecond: 1000, burst: 2000 } as const;

export const savingField: FieldType = {
  name: "saving",
  columns: { isSaving: "u8" },
  intents: [
    { kind: savingIntents.start, name: "start", ...spec },
    { kind: savingIntents.stop, name: "stop", ...spec },
    { kind: savingIntents.earn, name: "earn", isDurable: true, ...spec },
    { kind: savingIntents.wave, name: "wave", ...spec },
  ],
  spawn: (grid) => ({ x: grid.cellSizeMeters / 2, y: grid.cellSizeMeters / 2 }),
  create: createField,
};

export default { fields: [savingField], rooms: [] } satisfies Game;
