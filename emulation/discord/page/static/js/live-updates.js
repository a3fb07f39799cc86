/** The stand-in's state and everything that happens to it, pushed. */

import { get } from "/js/control-api.js";

const RETRY_MS = 1500;
const EVENTS = [
  "message_created", "message_updated", "message_deleted", "interaction", "timeline", "commands",
  "endpoint", "probe", "chaos", "request", "typing", "series", "note", "reset",
];

/**
 * Draws from a snapshot and follows the events after it; starts anew on `reset`.
 *
 * onSnapshot(snapshot), onEvent(name, data, id), onStatus("live" | "lost").
 */
export class Live {
  #watch;
  #follow;
  #run = 0;

  constructor(watch) {
    this.#watch = watch;
    this.#follow = "SharedWorker" in globalThis ? sharedStream() : ownStream();
  }

  async start() {
    // Only the newest of several starts counts.
    const run = (this.#run += 1);
    const isCurrent = () => run === this.#run;
    try {
      const snapshot = await get("/control/snapshot");
      if (!isCurrent()) return;
      this.#watch.onSnapshot(snapshot);
      this.#follow(snapshot.last_event_id, {
        event: (name, data, id) => isCurrent() && this.#watch.onEvent(name, data, id),
        status: (status) => isCurrent() && this.#watch.onStatus(status),
        reset: () => isCurrent() && this.start(),
      });
    } catch (error) {
      console.warn(error);
      this.#watch.onStatus("lost");
      setTimeout(() => isCurrent() && this.start(), RETRY_MS);
    }
  }
}

/** All tabs share one connection. */
function sharedStream() {
  const { port } = new SharedWorker("/js/event-worker.js");
  let taker = null;
  port.addEventListener("message", ({ data }) => {
    if (data.event) taker?.event(data.event.name, data.event.data, data.event.id);
    else if (data.status) taker?.status(data.status);
    else if (data.reset) taker?.reset();
  });
  port.start();
  addEventListener("pagehide", () => port.postMessage({ leave: true }));
  // A page that comes back from the browser's cache has missed everything since.
  addEventListener("pageshow", (event) => event.persisted && taker?.reset());
  return (after, next) => {
    taker = next;
    port.postMessage({ after, names: EVENTS });
  };
}

/** A connection of this tab's own, where workers can't be shared (Chrome on Android). */
function ownStream() {
  let source = null;
  return (after, taker) => {
    source?.close();
    // The browser resumes by itself: it sends the last event's number as Last-Event-ID.
    source = new EventSource(`/control/events?after=${after}`);
    const current = source;
    source.addEventListener("open", () => taker.status("live"));
    source.addEventListener("error", () => {
      taker.status("lost");
      if (current.readyState === EventSource.CLOSED) setTimeout(() => taker.reset(), RETRY_MS);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (name === "reset") taker.reset();
        else taker.event(name, JSON.parse(event.data), Number(event.lastEventId));
      });
    }
  };
}
