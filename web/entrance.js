/** Getting in and staying in: the name, the ticket, and what the card says while there is no connection. */
import { byId } from "./dom.js";
import { capital } from "./game.js";
import { forget, nameInAddress, newGuestAddress, remembered, signIn } from "./identity.js";

const CLIENT_NAME = "web-0.1.0";

/** @typedef {import("/lib/client/client.js").ClientState} ClientState */

export class Entrance {
  #client;
  #overlay;
  #now;
  #isSigningIn = false;

  /**
   * @param {import("/lib/client/client.js").GridshardClient} client
   * @param {import("./overlay.js").Overlay} overlay
   * @param {() => number} now
   */
  constructor(client, overlay, now) {
    this.#client = client;
    this.#overlay = overlay;
    this.#now = now;
    client.on("state", (state) => {
      if (state.kind === "live") overlay.hide();
      else if (state.kind === "closed") this.#showClosed(state);
      else this.showWaiting();
    });
  }

  /** Who comes here for the first time is asked for a name. */
  begin() {
    if (nameInAddress !== undefined) void this.#enter(nameInAddress);
    else if (remembered() !== undefined) this.#enterAgain();
    else this.askName();
  }

  askName() {
    const overlay = this.#overlay;
    overlay.show({
      kind: "name",
      title: "gridshard",
      text: "A living world on worker threads. Walk into creatures to fight them, alone or with whoever is around.",
      name: nameInAddress ?? remembered()?.name ?? "",
      choices: [
        {
          label: "Enter the world",
          isPrimary: true,
          choose: () => void this.#enter(overlay.name || "Guest"),
        },
      ],
      note: "Nothing to register: this browser remembers you.",
    });
  }

  /** @param {string} name */
  async #enter(name) {
    if (this.#isSigningIn) return;
    this.#isSigningIn = true;
    this.#overlay.show({ kind: "connecting", title: "Entering the world…" });
    try {
      const { ticket } = await signIn(name);
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      this.#client.connect({ url: `${scheme}://${location.host}/ws`, ticket, clientName: CLIENT_NAME });
    } catch (error) {
      this.#overlay.show({
        kind: "refused",
        title: "The server cannot be reached",
        text: error instanceof Error ? error.message : String(error),
        choices: [{ label: "Try again", isPrimary: true, choose: () => void this.#enter(name) }],
      });
    } finally {
      this.#isSigningIn = false;
    }
  }

  #enterAgain() {
    void this.#enter(remembered()?.name ?? nameInAddress ?? "Guest");
  }

  /** What is being waited for; again now and then, for it counts down. */
  showWaiting() {
    const state = this.#client.state;
    if (state.kind === "connecting" && state.attempt > 0) {
      this.#overlay.setText("Trying now…");
      return;
    }
    if (state.kind !== "reconnecting") return;
    const seconds = Math.max(0, Math.ceil((state.retryAtMs - this.#now()) / 1000));
    this.#overlay.show({
      kind: "reconnecting",
      title: "Reconnecting",
      text: `${capital(state.reason)}. Next try in ${seconds} s.`,
      note:
        state.name === "shuttingDown"
          ? "What you gained is kept."
          : `Your place is kept for ${Math.round((this.#client.welcome?.sessionGraceMs ?? 30_000) / 1000)} s.`,
      ...(this.#overlay.isOpen && byId("overlay").dataset.kind === "reconnecting"
        ? {}
        : { choices: [{ label: "Try now", isPrimary: true, choose: () => this.#client.retryNow() }] }),
    });
  }

  /** @param {Extract<ClientState, { kind: "closed" }>} state */
  #showClosed(state) {
    const newGuest = { label: "New guest", href: newGuestAddress(), choose: () => {} };
    switch (state.name) {
      case "goodbye":
        this.#overlay.show({
          kind: "left",
          title: "See you",
          text: "You left the world. What you gained is kept.",
          choices: [{ label: "Enter again", isPrimary: true, choose: () => this.#enterAgain() }],
        });
        return;
      case "takenOver":
        this.#overlay.show({
          kind: "taken",
          title: "Playing in another tab",
          text: "The same guest is in the world from elsewhere. Only one place at a time.",
          choices: [{ label: "Play here", isPrimary: true, choose: () => this.#enterAgain() }, newGuest],
        });
        return;
      case "ticketExpired":
      case "ticketInvalid":
        forget();
        this.#overlay.show({
          kind: "refused",
          title: "This server does not know you any more",
          text: `${capital(state.reason)}.`,
          choices: [{ label: "Start as a new guest", isPrimary: true, choose: () => this.#enterAgain() }],
        });
        return;
      default:
        this.#overlay.show({
          kind: "refused",
          title: "The server closed the connection",
          text: `${capital(state.reason)}.`,
          note: `What to do: ${state.remedy}. (${state.name}, ${state.code})`,
          choices: [{ label: "Reload the page", isPrimary: true, choose: () => location.reload() }],
        });
    }
  }
}
