/**
 * Colyseus as its documentation advises for sight by area: one room, a map of players tagged with `view()`, a `StateView`
 * for each client to which players are added, and from which they are removed, when somebody enters another cell. Numbers
 * of a fixed size, no field that nobody reads, input as two bytes (`sendBytes`), default intervals of 50 ms. On the transport it
 * has by itself (`ws`), or, with the option `transport: "uws"`, on uWebSockets.js.
 */
import { Room, Server } from "@colyseus/core";
import { StateView, schema, t } from "@colyseus/schema";
import { openTransport } from "./colyseus-transport.js";
import { announce, readOptions, World } from "./world.js";

const options = readOptions();
const MOVE = 0;

const Player = schema({ x: t.uint16(), y: t.uint16() }, "Player");
const State = schema({ tick: t.uint16(), players: t.map(Player).view() }, "State");

class WorldRoom extends Room {
  state = new State();
  autoDispose = false;
  maxClients = options.clients;
  /** A thousand come at once, on a machine that may be busy. */
  seatReservationTimeout = 60;
  patchRate = 1000 / options.tickHz;
  world = new World(options);
  /** By person. @type {(InstanceType<typeof Player> | undefined)[]} */
  players = [];
  /** By person. @type {(StateView | undefined)[]} */
  views = [];
  /** By session. @type {Map<string, number>} */
  persons = new Map();

  onCreate() {
    this.onMessageBytes(MOVE, (client, direction) => {
      const person = this.persons.get(client.sessionId);
      if (person !== undefined) this.world.steer(person, direction);
    });
    this.setTimestep(() => this.step(), 1000 / options.tickHz);
  }

  /** @param {import("@colyseus/core").Client} client */
  onJoin(client) {
    const person = this.world.enter();
    const player = new Player();
    player.x = this.world.unitsX(person);
    player.y = this.world.unitsY(person);
    this.state.players.set(client.sessionId, player);
    const view = new StateView();
    client.view = view;
    view.add(player);
    this.persons.set(client.sessionId, person);
    this.players[person] = player;
    this.views[person] = view;
    for (const cell of this.world.around[this.world.cellOf[person]]) this.meet(person, cell);
  }

  /** @param {import("@colyseus/core").Client} client */
  onLeave(client) {
    const person = this.persons.get(client.sessionId);
    if (person === undefined) return;
    for (const cell of this.world.around[this.world.cellOf[person]]) this.part(person, cell);
    this.world.leave(person);
    this.persons.delete(client.sessionId);
    this.state.players.delete(client.sessionId);
    this.views[person]?.dispose();
    this.players[person] = undefined;
    this.views[person] = undefined;
  }

  step() {
    const { world, state, players } = this;
    state.tick = (world.tick + 1) & 0xffff;
    world.step((person, from, to) => this.cross(person, from, to));
    for (const person of this.persons.values()) {
      const player = players[person];
      player.x = world.unitsX(person);
      player.y = world.unitsY(person);
    }
  }

  /** @param {number} person @param {number} from @param {number} to */
  cross(person, from, to) {
    const before = this.world.around[from];
    const after = this.world.around[to];
    for (const cell of before) if (!after.includes(cell)) this.part(person, cell);
    for (const cell of after) if (!before.includes(cell)) this.meet(person, cell);
  }

  /** Somebody and everybody in the cell see each other from now on. @param {number} person @param {number} cell */
  meet(person, cell) {
    for (const other of this.world.people[cell]) {
      if (other === person) continue;
      this.views[person].add(this.players[other]);
      this.views[other].add(this.players[person]);
    }
  }

  /** And no longer. @param {number} person @param {number} cell */
  part(person, cell) {
    for (const other of this.world.people[cell]) {
      if (other === person) continue;
      this.views[person].remove(this.players[other]);
      this.views[other].remove(this.players[person]);
    }
  }
}

const { transport, portOf } = await openTransport(options.transport);
const server = new Server({ transport, greet: false, gracefullyShutdown: false });
server.define("world", WorldRoom);
await server.listen(0, "127.0.0.1");
announce(portOf());
process.on("SIGTERM", () => process.exit(0));
