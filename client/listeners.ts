/** Functions called when something happens, by the name of what happens; the names and payloads are a type. */
export class Listeners<Events extends object> {
  readonly #byName = new Map<keyof Events, Set<(payload: never) => void>>();

  /** Calls `listener` from now on; the function returned ends that. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  tell<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of this.#byName.get(name) ?? [])
      (listener as (payload: Events[Name]) => void)(payload);
  }
}
