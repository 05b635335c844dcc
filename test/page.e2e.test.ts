/** The demo page in a real browser against a real server, through a network that can be cut. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { GridshardClient } from "../client/client.js";
import { packageRoot } from "../engine/package-root.js";
import { loadConfig, type RunningServer, startServer } from "../server.js";
import { CuttableWire } from "./cuttable-wire.js";

/** What waiting for a fact may take before it counts as not happening. */
const PATIENCE_MS = 30_000;

/** What the page offers to tests under `gridshard`. */
declare const gridshard: {
  readonly client: GridshardClient;
  readonly scene: { readonly ground: { readonly showsShards: boolean } };
  readonly battle: { readonly isOpen: boolean };
  readonly me: { readonly x: number; readonly y: number };
};
const dataFolder = mkdtempSync(join(tmpdir(), "gridshard-page-"));
const wire = new CuttableWire();
const complaints: string[] = [];
/** While the wire is cut or the server away, the browser itself reports failed connections. */
let isNetworkDown = false;
let server: RunningServer;
let browser: Browser;

async function start(): Promise<RunningServer> {
  const settings = [
    "net.port=0",
    "admin.port=0",
    "log.level=error",
    `dataFolder=${dataFolder}`,
    // Small enough that everybody sees everybody, and that the border between the shards is near.
    "world.widthCells=6",
    "world.heightCells=6",
    "world.cellSizeMeters=24",
    "shards.count=2",
  ];
  const started = await startServer(loadConfig({ settings }).config);
  wire.leadTo(started.url);
  return started;
}

before(async () => {
  await wire.open();
  server = await start();
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await wire.close();
  rmSync(dataFolder, { recursive: true, force: true });
});

const address = (query = "") => `http://127.0.0.1:${wire.port}/${query}`;

async function tab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => {
    const isOurs = !(
      isNetworkDown && /WebSocket|ERR_CONNECTION|ERR_EMPTY|Failed to load/.test(message.text())
    );
    if ((message.type() === "error" || message.type() === "warning") && isOurs)
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  return page;
}

/** A person with a browser of their own, in the world. */
async function player(name: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  const page = await tab(context);
  await page.goto(address(`?name=${name}`));
  await inWorld(page);
  return { context, page };
}

async function inWorld(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const { client } = gridshard;
    return client.state.kind === "live" && client.world.entities.has(client.entityId);
  });
}

const where = (page: Page) =>
  page.evaluate(() => {
    const { client } = gridshard;
    const { x, y } = client.world.entities.get(client.entityId)!;
    return { x, y };
  });

const playerId = (page: Page) => page.evaluate(() => gridshard.client.welcome?.playerId);

/** The key that leads away from whoever stands closest: walking into a creature would begin a fight. */
const freeWay = (page: Page) =>
  page.evaluate(() => {
    const { client } = gridshard;
    const self = client.world.entities.get(client.entityId)!;
    const { widthCells, cellSizeMeters } = client.world.shape;
    const room = { a: self.x, d: widthCells * cellSizeMeters - self.x };
    for (const other of client.world.entities.values()) {
      if (other === self || Math.abs(other.y - self.y) > 4) continue;
      const key = other.x < self.x ? "a" : "d";
      room[key] = Math.min(room[key], Math.abs(other.x - self.x));
    }
    return room.a > room.d ? "a" : "d";
  });

/** Whether holding a key moved the player by at least two meters, as `onlooker` sees it. */
async function walks(page: Page, onlooker: Page): Promise<void> {
  const id = await page.evaluate(() => gridshard.client.entityId);
  await onlooker.waitForFunction((id) => gridshard.client.world.entities.has(id), id);
  await page.bringToFront();
  const from = await where(page);
  const key = await freeWay(page);
  const hasWalked = () =>
    onlooker.evaluate(({ id, x }) => Math.abs((gridshard.client.world.entities.get(id)?.x ?? x) - x) > 2, {
      id,
      x: from.x,
    });
  // A key that is held repeats, so a focus that comes late loses nothing.
  for (let repeats = 0; repeats < 300 && !(await hasWalked()); repeats++) {
    await page.keyboard.down(key);
    await page.waitForTimeout(50);
  }
  await page.keyboard.up(key);
  assert.ok(await hasWalked(), "the walk was seen");
}

test("[PG1] a newcomer gives a name, sees the world, walks, and is seen walking", async () => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
  const page = await tab(context);
  await page.goto(address());
  await page.getByLabel("Your name").fill("Ada");
  await page.keyboard.press("Enter");
  await inWorld(page);
  assert.equal(await page.locator("#overlay").isVisible(), false);
  assert.equal(await page.locator("#me-name").textContent(), "Ada");
  const other = await player("Bea");
  const names = async () =>
    await other.page.evaluate(() => [...gridshard.client.world.entities.values()].map((e) => e.name));
  await other.page.waitForFunction(() =>
    [...gridshard.client.world.entities.values()].some((entity) => entity.name === "Ada"),
  );
  assert.ok((await names()).includes("Bea"));
  await walks(page, other.page);
  await context.close();
  await other.context.close();
});

test("[PG2] a reload comes back as the same player, where they were, without asking", async () => {
  const { context, page } = await player("Cleo");
  const id = await playerId(page);
  await page.goto(address());
  await inWorld(page);
  assert.equal(await playerId(page), id);
  assert.equal(await page.locator("#me-name").textContent(), "Cleo");
  await context.close();
});

test("[PG3] the same guest in a second tab takes over, and the first can take it back", async () => {
  const { context, page } = await player("Dora");
  const second = await tab(context);
  await second.goto(address());
  await inWorld(second);
  await page.getByText("Playing in another tab").waitFor();
  await page.getByRole("button", { name: "Play here" }).click();
  await inWorld(page);
  await second.getByText("Playing in another tab").waitFor();
  assert.equal(await playerId(page), await playerId(second));
  await context.close();
});

test("[PG10] a new guest plays in a tab of their own, also after a reload", async () => {
  const { context, page } = await player("Emil");
  const second = await tab(context);
  await second.goto(address("?guest=new&name=Finn"));
  await inWorld(second);
  const id = await playerId(second);
  assert.notEqual(id, await playerId(page));
  await second.goto(address());
  await inWorld(second);
  assert.equal(await playerId(second), id);
  assert.equal(await page.evaluate(() => gridshard.client.state.kind), "live");
  await context.close();
});

test("[PG4] the shard toggle works by key and by button", async () => {
  const { context, page } = await player("Gwen");
  const tinted = () => page.evaluate(() => gridshard.scene.ground.showsShards);
  await page.keyboard.press("t");
  assert.equal(await tinted(), true);
  const button = page.getByRole("button", { name: "Shards" });
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await button.click();
  assert.equal(await tinted(), false);
  await context.close();
});

test("[PG6] a phone's window shows everything without scrolling sideways, also when it is turned", async () => {
  const { context, page } = await player("Hana");
  for (const size of [
    { width: 360, height: 640 },
    { width: 640, height: 360 },
  ]) {
    await page.setViewportSize(size);
    await page.waitForFunction(({ width }) => {
      const canvas = document.querySelector<HTMLCanvasElement>("#world")!;
      return canvas.width === Math.round(width * Math.min(3, devicePixelRatio));
    }, size);
    await page.keyboard.press("b");
    const outside = await page.evaluate(() =>
      [
        ...document.querySelectorAll<HTMLElement>(
          "#me, #net, #actions, #actions button, #auto-menu, #auto-menu button",
        ),
      ]
        .filter((element) => {
          const box = element.getBoundingClientRect();
          return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
        })
        .map((element) => element.id || element.textContent),
    );
    assert.deepEqual(outside, []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.keyboard.press("Escape");
  }
  await context.close();
});

test("[PG8] whoever turns away from the page stops walking", async () => {
  const { context, page } = await player("Ines");
  const from = await where(page);
  const key = from.y > 72 ? "w" : "s";
  await page.keyboard.down(key);
  await page.waitForFunction((y) => {
    const { client } = gridshard;
    return Math.abs(client.world.entities.get(client.entityId)!.y - y) > 1;
  }, from.y);
  await page.evaluate(() => window.dispatchEvent(new Event("blur")));
  // Stopped: the server's word of two looks, several ticks apart, is the same.
  await page.waitForFunction(() => {
    const { client } = gridshard;
    const memory = globalThis as unknown as { lastY?: number; quiet?: number };
    const { y } = client.world.entities.get(client.entityId)!;
    memory.quiet = memory.lastY === y ? (memory.quiet ?? 0) + 1 : 0;
    memory.lastY = y;
    return memory.quiet >= 20;
  });
  await page.keyboard.up(key);
  await context.close();
});

test("[PG11] a fight begins by walking up to a creature and pressing a key, and can be fled", async () => {
  const { context, page } = await player("Jon");
  const held = new Set<string>();
  const deadline = Date.now() + PATIENCE_MS * 2;
  for (;;) {
    assert.ok(Date.now() < deadline, "a creature was reached");
    const found = await page.evaluate(() => {
      const { client, me, battle } = gridshard;
      let best = { distance: 1e9, x: 72, y: 72, isOpen: battle.isOpen };
      for (const entity of client.world.entities.values()) {
        if (entity.kind === 0 || (entity.state & ~16) !== 0) continue;
        const distance = Math.hypot(entity.x - me.x, entity.y - me.y);
        if (distance < best.distance) best = { ...best, distance, x: entity.x, y: entity.y };
      }
      return { ...best, meX: me.x, meY: me.y };
    });
    if (found.isOpen) break;
    const wanted = new Set<string>();
    if (found.x - found.meX > 0.5) wanted.add("d");
    if (found.x - found.meX < -0.5) wanted.add("a");
    if (found.y - found.meY > 0.5) wanted.add("s");
    if (found.y - found.meY < -0.5) wanted.add("w");
    for (const key of held) if (!wanted.has(key)) await page.keyboard.up(key);
    for (const key of wanted) if (!held.has(key)) await page.keyboard.down(key);
    held.clear();
    for (const key of wanted) held.add(key);
    if (found.distance < 4) await page.keyboard.press("e");
  }
  for (const key of held) await page.keyboard.up(key);
  await page.locator("#battle .theirs .fighter").first().waitFor();
  await page.keyboard.press("1");
  await page.locator("#battle .log li.ours").first().waitFor();
  const result = page.locator("#battle .result");
  while (!(await result.isVisible())) {
    await page.keyboard.press("f");
    await result.waitFor({ timeout: 1000 }).catch(() => {});
  }
  await page.keyboard.press("Enter");
  await page.locator("#battle").waitFor({ state: "hidden" });
  await context.close();
});

test("[PG12] a battle is there again after a reload, and in another tab that takes over", async () => {
  const { context, page } = await player("Nils");
  await page.keyboard.press("b");
  await page.getByRole("button", { name: "Golem" }).click();
  const foe = (of: Page) => of.locator("#battle .theirs .fighter").waitFor();
  await foe(page);
  await page.goto(address());
  await inWorld(page);
  await foe(page);
  const second = await tab(context);
  await second.goto(address());
  await foe(second);
  await second.locator("#battle .log b").first().waitFor();
  await context.close();
});

test("[PG5] a battle runs to its result, and what was gained survives a restart of the server", async () => {
  const { context, page } = await player("Kim");
  await page.keyboard.press("b");
  await page.getByRole("button", { name: "Slime", exact: true }).click();
  await page.locator("#battle .result.won").waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
  const experience = page.locator("#me-xp-text");
  await page.waitForFunction(() => document.querySelector("#me-xp-text")?.textContent !== "0 xp");
  const gained = await experience.textContent();
  isNetworkDown = true;
  await server.stop();
  await page.getByText("Reconnecting").waitFor();
  server = await start();
  await inWorld(page);
  isNetworkDown = false;
  await page.waitForFunction((text) => document.querySelector("#me-xp-text")?.textContent === text, gained);
  await page.reload();
  await inWorld(page);
  await page.waitForFunction((text) => document.querySelector("#me-xp-text")?.textContent === text, gained);
  await context.close();
});

test("[PG7] a network that is gone for a while is survived, and the same session goes on", async () => {
  const { context, page } = await player("Lea");
  const session = () => page.evaluate(() => gridshard.client.welcome?.session);
  const before = await session();
  isNetworkDown = true;
  wire.cut();
  await page.getByText("Reconnecting").waitFor();
  // Gone until the page has tried in vain.
  await page.waitForFunction(() => {
    const { state } = gridshard.client;
    return state.kind === "reconnecting" && state.attempt >= 3;
  });
  wire.mend();
  await inWorld(page);
  isNetworkDown = false;
  assert.equal(await session(), before);
  await page.locator("#overlay").waitFor({ state: "hidden" });
  const other = await player("Max");
  await walks(page, other.page);
  assert.equal(await page.evaluate(() => gridshard.client.world.framesStray), 0);
  await context.close();
  await other.context.close();
});

test("[CL25] the example of docs/CLIENT.md for Node does what the page says", async () => {
  const page = readFileSync(join(packageRoot(), "docs", "CLIENT.md"), "utf8");
  const example = /```js\n([\s\S]*?)```/.exec(page)?.[1];
  assert.ok(example !== undefined);
  const code = example
    .replace('"gridshard/client"', JSON.stringify(new URL("../client/client.js", import.meta.url).href))
    .replace("http://127.0.0.1:7350", new URL(server.url).origin);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], {
    cwd: packageRoot(),
    timeout: PATIENCE_MS,
  });
  assert.match(stdout, /^connecting\nlive\nwalked from [\d.]+ to [\d.]+ among \d+ entities\nclosed\n$/);
});

test("[PG9] nothing of this wrote an error or a warning to the console", () => {
  assert.deepEqual(complaints, []);
});
