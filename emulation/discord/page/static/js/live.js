/** The stand-in's state and everything that happens to it, pushed. */

import { get } from "/js/api.js";

const EVENTS = [
  "message_created", "message_updated", "message_deleted", "interaction", "timeline", "commands",
  "endpoint", "probe", "chaos", "request", "typing", "series", "reset",
];

/**
 * Draws from a snapshot and follows the events after it; starts anew on `reset`.
 *
 * onSnapshot(snapshot), onEvent(name, data, id), onStatus("live" | "lost").
 */
export class Live {
  #watch;
  #source = null;

  constructor(watch) {
    this.#watch = watch;
  }

  async start() {
    this.#source?.close();
    try {
      const snapshot = await get("/control/snapshot");
      this.#watch.onSnapshot(snapshot);
      this.#follow(snapshot.last_event_id);
    } catch (error) {
      console.warn(error);
      this.#watch.onStatus("lost");
      setTimeout(() => this.start(), 2000);
    }
  }

  #follow(after) {
    // The browser resumes by itself: it sends the last event's number as Last-Event-ID.
    const source = new EventSource(`/control/events?after=${after}`);
    this.#source = source;
    source.addEventListener("open", () => this.#watch.onStatus("live"));
    source.addEventListener("error", () => {
      this.#watch.onStatus("lost");
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.start(), 2000);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (name === "reset") this.start();
        else this.#watch.onEvent(name, JSON.parse(event.data), Number(event.lastEventId));
      });
    }
  }
}
