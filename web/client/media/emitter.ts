/**
 * Typed events for one class. A handler that throws is reported and keeps nothing from the others.
 */

// Handlers of different events take different arguments; `never` lets all of them be listed.
type Handlers<Events> = { [K in keyof Events]: (...args: never[]) => void };

export class Emitter<Events extends Handlers<Events>> {
  readonly #handlers = new Map<keyof Events, Set<(...args: never[]) => void>>();

  on<K extends keyof Events>(event: K, handler: Events[K]): void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
  }

  emit<K extends keyof Events>(event: K, ...args: Parameters<Events[K]>): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      try {
        (handler as (...given: Parameters<Events[K]>) => void)(...args);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
