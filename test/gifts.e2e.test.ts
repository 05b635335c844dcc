/** A gift on a whole server: two people on two shards, a restart, and what each of them has afterwards. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import { configSchema } from "../engine/config-schema.js";
import { silentLog } from "../engine/log.js";
import { BattleOver } from "../games/battle/generated/battle-over.js";
import { battleEvents } from "../games/battle/messages.js";
import { openWorldEvents } from "../games/open-world/gifts.js";
import { openWorldIntents } from "../games/open-world/open-world.js";
import { openWorldRefusals as no } from "../games/open-world/refusals.js";
import { BATTLE, ENGAGING } from "../games/open-world/rows.js";
import { autoBattleBody, giveBody } from "../games/testing/bodies.js";
import { startServer } from "../server.js";
import { Player } from "./player.js";

const SLIME = 1;
const FIELD_SCOPE = 1;
const ROOM_SCOPE = 2;

/** A player, and what the server has said they own. */
class Owner {
  readonly player: Player;
  gold = 0;
  readonly refused: number[] = [];

  private constructor(player: Player) {
    this.player = player;
    player.client.on("playerChanged", ({ gold }) => {
      this.gold = gold;
    });
    player.client.on("refused", ({ code }) => this.refused.push(code));
  }

  static async enter(url: string, name: string, ticket?: string): Promise<Owner> {
    return new Owner(await Player.enter(url, name, ticket));
  }

  /** In a battle, or about to be. */
  get isFighting(): boolean {
    return (this.player.self!.state & (ENGAGING | BATTLE)) !== 0;
  }

  /** One battle by itself against a slime. Returns the gold it has brought: none when it was lost. */
  async fight(): Promise<number> {
    const { client, events } = this.player;
    const before = events.length;
    const over = () =>
      events.slice(before).find(({ scope, kind }) => scope === ROOM_SCOPE && kind === battleEvents.over);
    client.sendFieldIntent(openWorldIntents.autoBattle, autoBattleBody(SLIME, 1));
    await this.player.until("the battle is over", () => over() !== undefined);
    return BattleOver.getRootAsBattleOver(new ByteBuffer(over()!.body)).gold();
  }

  give(to: Owner, gold: number): void {
    this.player.client.sendFieldIntent(openWorldIntents.give, giveBody(to.player.client.entityId, { gold }));
  }
}

test("[RW3] gold that was given on a running server is the receiver's, over a border and after a restart", async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), "gridshard-e2e-"));
  const config = configSchema.parse({
    dataFolder,
    log: { level: "error" },
    net: { port: 0 },
    admin: { port: 0 },
    shards: { count: 2 },
    // The commons lie across the border of the two shards, and everybody in them is in reach of somebody.
    world: { widthCells: 2, heightCells: 1, cellSizeMeters: 16 },
  });
  let server = await startServer(config, { log: silentLog });
  const owners: Owner[] = [];
  try {
    const shardOf = ({ player }: Owner) => (player.self!.x < 16 ? 0 : 1);
    const distance = (a: Owner, b: Owner) =>
      Math.hypot(a.player.self!.x - b.player.self!.x, a.player.self!.y - b.player.self!.y);
    const isPair = (a: Owner, b: Owner) => shardOf(a) !== shardOf(b) && distance(a, b) < 5;
    const pair = () => {
      for (const a of owners) for (const b of owners) if (isPair(a, b)) return [a, b] as const;
      return undefined;
    };
    while (pair() === undefined) {
      assert.ok(owners.length < 30, "some two of them stand on either side of the border");
      owners.push(await Owner.enter(server.url, `Owner${owners.length}`));
    }
    const [ada, bob] = pair()!;
    await ada.player.until("Ada sees Bob", () => ada.player.sees(bob.player));
    let had = 0;
    while (had === 0) {
      had = await ada.fight();
      await ada.player.until(
        "she has it, and is out of the battle",
        () => ada.gold === had && !ada.isFighting,
      );
    }
    ada.give(bob, had + 1);
    await ada.player.until("too much is refused", () => ada.refused.includes(no.tooLittleGold.code));
    ada.give(bob, had);
    await bob.player.until("Bob has the gold", () => bob.gold === had);
    await ada.player.until("and Ada does not", () => ada.gold === 0);
    await bob.player.until("Bob is told", () =>
      bob.player.events.some(({ scope, kind }) => scope === FIELD_SCOPE && kind === openWorldEvents.gift),
    );
    await server.stop();
    server = await startServer(config, { log: silentLog });
    const again = await Owner.enter(server.url, "Bob", bob.player.ticket);
    owners.push(again);
    // What he has is told when it changes: he gives all of it away.
    const nobody = await Owner.enter(server.url, "Cleo");
    owners.push(nobody);
    again.give(nobody, had + 1);
    await again.player.until("he has no more than that", () => again.refused.length === 1);
    assert.deepEqual(again.refused, [no.tooLittleGold.code]);
  } finally {
    for (const { player } of owners) player.client.close();
    await server.stop();
    rmSync(dataFolder, { recursive: true });
  }
});
