/** The demo: signs a guest in, connects, and plays. Everything the page does is put together here. */
import { GridshardClient, OwnPath } from "/lib/client/client.js";
import { AutoMenu } from "./auto-menu.js";
import { BattlePanel } from "./battle.js";
import { byId, make } from "./dom.js";
import { Entrance } from "./entrance.js";
import {
  appearanceOf,
  BATTLE_FRAME,
  battleEvents,
  capital,
  encodeAutoBattle,
  encodeChallenge,
  encodeDropItem,
  encodeGive,
  entityStates,
  FIELD_SCOPE,
  fieldEvents,
  fieldIntents,
  itemName,
  ROOM_SCOPE,
  readGift,
  titleOf,
  walkingSpeed,
} from "./game.js";
import { Hud } from "./hud.js";
import { Overlay } from "./overlay.js";
import { Scene } from "./scene.js";
import { isTyping, Steering } from "./steering.js";

/** Others are drawn this far in the past, so that the next frame is there when it is needed. */
const DELAY_TICKS = 2;
/** The game takes challenges within six meters; both may have moved on a little. */
const REACH_METERS = 5.5;
const walkingHint = matchMedia("(pointer: coarse)").matches
  ? "Drag anywhere to walk"
  : "Walk with W A S D or the arrow keys";
/** Walking this close into a creature begins a fight. */
const CONTACT_METERS = 1.5;
const CONTACT_AGAIN_MS = 3000;

const client = new GridshardClient();
const now = () => performance.now();
const scene = new Scene(byId("world"), appearanceOf);
const overlay = new Overlay();
const entrance = new Entrance(client, overlay, now);
const me = new OwnPath();
const hud = new Hud({
  drop: (item) => client.sendFieldIntent(fieldIntents.dropItem, encodeDropItem(item)),
  drink: () => client.sendFieldIntent(fieldIntents.usePotion),
  give: (gift) => {
    const entity = neighbour();
    if (entity !== undefined) client.sendFieldIntent(fieldIntents.give, encodeGive(entity.id, gift));
  },
  rename: () => {
    hud.closeBag();
    client.close();
    entrance.askName();
  },
  leave: () => {
    hud.closeBag();
    client.close();
  },
});
const battle = new BattlePanel(client, now, () => byId("world").focus());
const autoMenu = new AutoMenu((kind, count) => {
  client.sendFieldIntent(fieldIntents.autoBattle, encodeAutoBattle(kind, count));
});
const steering = new Steering(byId("world"), byId("stick"), (x, y) => {
  const entity = scene.pick(x, y, client.entityId);
  if (entity !== undefined) challenge(entity);
});

/** When the own entity's place was last told, and where it was: the age of the server's word. */
let heardTick = -1;
let heardMs = 0;
let lastFrameMs = now();

// ---- what happens -------------------------------------------------------------------------------------------

client.on("state", (state) => {
  document.documentElement.dataset.state = state.kind;
  if (state.kind !== "live") steering.enable(false);
  if (state.kind === "closed") battle.close();
});
client.on("welcome", (welcome) => {
  hud.show();
  hud.hideNotice();
  scene.ground.owners = welcome.owners;
  hud.paintMap(client.world.shape, welcome.owners);
  scene.hasCamera &&= welcome.recovered;
  heardTick = -1;
  me.jump();
  if (!welcome.recovered) battle.close();
});
client.on("playerChanged", (player) => hud.showPlayer(player));
client.on("refused", ({ reason, code }) => hud.toast(capital(reason || `refused (${code})`), "bad"));
client.on("relocated", ({ reason }) => {
  me.jump();
  hud.toast(`${capital(reason)}: you are where you were last saved`, "bad");
});
client.on("notice", ({ text, seconds }) => hud.notice(capital(text), seconds, now()));
client.on("intentsLost", () => hud.toast("Some of your last actions may not have happened", "bad"));
client.on("roomLeft", ({ room, code }) => {
  if (code !== 0) hud.toast("The battle was broken off", "bad");
  if (room === battle.room) battle.onLeft();
});
client.on("event", ({ scope, kind, room, body }) => {
  if (scope === FIELD_SCOPE && kind === fieldEvents.gift) {
    const { from, item, count, gold } = readGift(body);
    const giver = client.world.entities.get(from)?.name || "Somebody";
    hud.toast(`${giver} gave you ${gold > 0 ? `${gold} gold` : `${count} × ${itemName(item)}`}`, "good");
  }
  if (scope !== ROOM_SCOPE) return;
  if (kind === battleEvents.started) {
    autoMenu.close();
    hud.closeBag();
    battle.onStarted(room, body);
  } else if (room !== battle.room) return;
  else if (kind === battleEvents.log) battle.onLog(body);
  else if (kind === battleEvents.over) battle.onOver(body);
});
client.on("roomFrame", ({ room, kind, body }) => {
  if (room === battle.room && kind === BATTLE_FRAME) battle.onFrame(body);
});
client.on("stats", (stats) => hud.showStats(stats, countPlayers()));

// ---- acting -------------------------------------------------------------------------------------------------

/** @param {import("/lib/client/client.js").Entity} entity */
function challenge(entity) {
  if (Math.hypot(entity.x - me.x, entity.y - me.y) > REACH_METERS) {
    hud.toast(`${titleOf(entity)} is too far away: walk up to it`);
    return;
  }
  if (client.sendFieldIntent(fieldIntents.challenge, encodeChallenge(entity.id)) === 0) {
    hud.toast("Not now", "bad");
  }
}

/**
 * Whom the keyboard would challenge: the nearest who can be, people only where there is no creature.
 * @returns {import("/lib/client/client.js").Entity | undefined}
 */
function nearest() {
  let found;
  let distance = 2 * REACH_METERS;
  for (const entity of client.world.entities.values()) {
    if (entity.id === client.entityId || (entity.state & entityStates.untouchable) !== 0) continue;
    let far = Math.hypot(entity.x - me.x, entity.y - me.y);
    if (far > REACH_METERS) continue;
    if (entity.kind === 0) far += REACH_METERS;
    if (far < distance) {
      distance = far;
      found = entity;
    }
  }
  return found;
}

/**
 * Whom things could be given to: the nearest person.
 * @returns {import("/lib/client/client.js").Entity | undefined}
 */
function neighbour() {
  let found;
  let distance = REACH_METERS;
  for (const entity of client.world.entities.values()) {
    if (entity.kind !== 0 || entity.id === client.entityId) continue;
    const far = Math.hypot(entity.x - me.x, entity.y - me.y);
    if (far >= distance) continue;
    distance = far;
    found = entity;
  }
  return found;
}

function toggleShards() {
  scene.ground.showsShards = !scene.ground.showsShards;
  byId("toggle-shards").setAttribute("aria-pressed", String(scene.ground.showsShards));
}

function showHelp() {
  const keys = [
    ["W A S D, arrows", "walk; on a phone, drag anywhere"],
    ["E, click, tap", "fight whoever is near"],
    ["1 … 5", "skills in a battle"],
    ["Q", "next target"],
    ["F", "flee"],
    ["B", "auto-battle"],
    ["I", "profile and bag"],
    ["T", "tint cells by shard"],
  ];
  hud.closeBag();
  autoMenu.close();
  const list = make(
    "dl",
    { className: "keys" },
    ...keys.flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)]),
  );
  overlay.show({
    kind: "help",
    title: "How to play",
    choices: [{ label: "Back to the world", isPrimary: true, choose: () => overlay.hide() }],
  });
  byId("overlay-text").replaceChildren(list);
}

byId("auto").addEventListener("click", () => autoMenu.toggle());
byId("help").addEventListener("click", showHelp);
byId("toggle-shards").addEventListener("click", toggleShards);
byId("hint").addEventListener("click", () => {
  const entity = client.world.entities.get(scene.marked);
  if (entity !== undefined) challenge(entity);
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
  if (overlay.isOpen) {
    if (event.code === "Escape" && byId("overlay").dataset.kind === "help") overlay.hide();
    return;
  }
  if (event.code === "KeyT") toggleShards();
  else if (event.code === "KeyI") hud.toggleBag();
  else if (event.code === "Escape") {
    hud.closeBag();
    autoMenu.close();
  } else if (event.code === "KeyH") showHelp();
  else if (battle.isOpen) return;
  else if (event.code === "KeyB") autoMenu.toggle();
  else if (event.code === "KeyE") {
    const entity = nearest();
    if (entity !== undefined) challenge(entity);
  }
});
addEventListener("online", () => client.retryNow());

// ---- every picture ------------------------------------------------------------------------------------------

function countPlayers() {
  let players = 0;
  for (const entity of client.world.entities.values()) {
    if (entity.kind === 0 && entity.id !== client.entityId) players++;
  }
  return players;
}

function moveMe() {
  const entity = client.world.entities.get(client.entityId);
  if (entity === undefined) return;
  const nowMs = now();
  const { world } = client;
  if (world.clock.latestTick !== heardTick) {
    heardTick = world.clock.latestTick;
    heardMs = nowMs;
  }
  const { pingMs } = client.stats();
  const ageMs = Math.min(250, nowMs - heardMs);
  // An input waits half a tick, on average, for the tick that takes it.
  const unheardMs = (Number.isNaN(pingMs) ? 50 : pingMs) + world.clock.tickPeriodMs * 0.6 + ageMs;
  me.update(entity.x, entity.y, unheardMs, nowMs);
  const width = world.shape.widthCells * world.shape.cellSizeMeters;
  const height = world.shape.heightCells * world.shape.cellSizeMeters;
  me.x = Math.min(width, Math.max(0, me.x));
  me.y = Math.min(height, Math.max(0, me.y));
  hud.showMe(client.welcome?.name ?? "", entity);
}

function steer() {
  steering.enable(client.state.kind === "live" && !overlay.isOpen && !battle.isOpen);
  const { x, y } = steering;
  client.move(x, y);
  const state = client.world.entities.get(client.entityId)?.state ?? 0;
  // Everybody walks at full speed or stands; who is about to fight stands.
  const isHeld = (state & (entityStates.engaging | entityStates.battle)) !== 0;
  const length = Math.hypot(x, y);
  const speed = isHeld || length === 0 ? 0 : walkingSpeed / length;
  me.steer(x * speed, y * speed, now());
  if (speed === 0) return;
  hasWalked = true;
  bump(x, y);
}

let hasWalked = false;
let bumpedMs = Number.NEGATIVE_INFINITY;
/**
 * Walking into a creature is a challenge.
 * @param {number} x
 * @param {number} y
 */
function bump(x, y) {
  const nowMs = now();
  if (nowMs - bumpedMs < CONTACT_AGAIN_MS) return;
  const entity = nearest();
  if (entity === undefined || entity.kind === 0 || (entity.state & ~entityStates.chasing) !== 0) return;
  const dx = entity.x - me.x;
  const dy = entity.y - me.y;
  if (Math.hypot(dx, dy) > CONTACT_METERS || dx * x + dy * y < 0) return;
  bumpedMs = nowMs;
  challenge(entity);
}

function showHint() {
  const isBusy = battle.isOpen || overlay.isOpen || client.state.kind !== "live";
  const entity = isBusy ? undefined : nearest();
  const hint = byId("hint");
  scene.marked = entity?.id ?? 0;
  hint.hidden = isBusy || (entity === undefined && hasWalked);
  if (hint.hidden) return;
  const text = entity === undefined ? walkingHint : titleOf(entity);
  if (hint.dataset.text === text) return;
  hint.dataset.text = text;
  hint.classList.toggle("foe", entity !== undefined);
  if (entity === undefined) hint.replaceChildren(text);
  else hint.replaceChildren(make("kbd", {}, "E"), " Fight ", make("b", {}, text));
}

let mapDrawnMs = 0;
function frame() {
  const nowMs = now();
  const elapsedMs = Math.min(250, nowMs - lastFrameMs);
  lastFrameMs = nowMs;
  steer();
  client.world.sweep(nowMs);
  moveMe();
  showHint();
  scene.draw({
    world: client.world,
    tick: client.world.clock.tickAt(nowMs, DELAY_TICKS * client.world.clock.tickPeriodMs),
    meId: client.entityId,
    meX: me.x,
    meY: me.y,
    isRaised: battle.isOpen,
    nowMs,
    elapsedMs,
  });
  battle.draw();
  if (nowMs - mapDrawnMs > 200) {
    mapDrawnMs = nowMs;
    hud.drawMap(client.world, me.x, me.y);
    hud.showNeighbour(neighbour()?.name ?? "");
    hud.tickNotice(nowMs);
    entrance.showWaiting();
  }
  requestAnimationFrame(frame);
}

/** A hidden page draws nothing, and so would never tell the server to stop. */
document.addEventListener("visibilitychange", () => document.hidden && client.move(0, 0));
addEventListener("blur", () => client.move(0, 0));

requestAnimationFrame(frame);
entrance.begin();

/** For tests and the curious: the client behind the page. */
Object.assign(globalThis, { gridshard: { client, scene, battle, steering, me } });
