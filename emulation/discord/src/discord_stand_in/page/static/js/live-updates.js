/** A snapshot of the stand-in's state, and the events that follow it. */

import { get } from "/js/control-api.js";

const RETRY_MS = 1500;
const EVENTS = [
  "message_created", "message_updated", "message_deleted", "message_forgotten", "interaction", "interaction_forgotten", "timeline", "commands",
  "endpoint", "probe", "chaos", "experiments", "request", "typing", "series", "note", "log", "fleet", "directory", "reset",
];

/**
 * Loads a snapshot and follows the events after it; on `reset` it starts again.
 *
 * onSnapshot(snapshot), onEvent(name, data, id), onStatus("live" | "lost").
 */
export class LiveUpdates {
  #callbacks;
  #subscribe;
  #startCount = 0;

  constructor(callbacks) {
    this.#callbacks = callbacks;
    this.#subscribe = "SharedWorker" in globalThis ? sharedStream() : ownStream();
  }

  async start() {
    // Callbacks of an earlier start are ignored.
    const number = (this.#startCount += 1);
    const isCurrent = () => number === this.#startCount;
    try {
      const snapshot = await get("/control/snapshot");
      if (!isCurrent()) return;
      let lastId = snapshot.last_event_id;
      this.#callbacks.onSnapshot(snapshot);
      this.#subscribe(snapshot.last_event_id, {
        event: (name, data, id) => {
          // A shared stream may be behind the snapshot: what that holds already is not applied once more.
          if (!isCurrent() || id <= lastId) return;
          lastId = id;
          this.#callbacks.onEvent(name, data, id);
        },
        status: (status) => isCurrent() && this.#callbacks.onStatus(status),
        reset: () => isCurrent() && this.start(),
      });
    } catch (error) {
      console.warn(error);
      this.#callbacks.onStatus("lost");
      setTimeout(() => isCurrent() && this.start(), RETRY_MS);
    }
  }
}

/** A subscription to the shared worker: all tabs have one connection. */
function sharedStream() {
  const { port } = new SharedWorker("/js/event-worker.js");
  let listener = null;
  port.addEventListener("message", ({ data }) => {
    if (data.event) listener?.event(data.event.name, data.event.data, data.event.id);
    else if (data.status) listener?.status(data.status);
    else if (data.reset) listener?.reset();
  });
  port.start();
  addEventListener("pagehide", () => port.postMessage({ leave: true }));
  // A page that the browser restores from its cache has missed events.
  addEventListener("pageshow", (event) => event.persisted && listener?.reset());
  return (after, next) => {
    listener = next;
    port.postMessage({ after, names: EVENTS });
  };
}

/** A connection of this tab, where there are no shared workers (Chrome on Android). */
function ownStream() {
  let source = null;
  return (after, listener) => {
    source?.close();
    // The browser reconnects by itself and sends the number of the last event as Last-Event-ID.
    source = new EventSource(`/control/events?after=${after}`);
    const current = source;
    source.addEventListener("open", () => listener.status("live"));
    source.addEventListener("error", () => {
      listener.status("lost");
      if (current.readyState === EventSource.CLOSED) setTimeout(() => listener.reset(), RETRY_MS);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (name === "reset") listener.reset();
        else listener.event(name, JSON.parse(event.data), Number(event.lastEventId));
      });
    }
  };
}
