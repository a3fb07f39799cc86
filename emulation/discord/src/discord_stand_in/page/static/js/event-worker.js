/**
 * A shared worker with one event stream for all tabs.
 *
 * A browser opens at most six connections to a host; with a stream in each tab, the seventh tab would wait forever.
 * A tab names the last event that it has; it gets the later ones, or `reset` if some of them are no longer kept.
 */

const MAX_EVENTS = 2000;
const ports = new Set();
const events = [];
let names = [];
let source = null;
let firstId = 0;
let lastId = 0;
let status = "connecting";

function broadcast(message) {
  for (const port of ports) port.postMessage(message);
}

function open(after) {
  source?.close();
  events.length = 0;
  firstId = after;
  lastId = after;
  source = new EventSource(`/control/events?after=${after}`);
  source.addEventListener("open", () => broadcast({ status: (status = "live") }));
  source.addEventListener("error", () => {
    broadcast({ status: (status = "lost") });
    // The browser no longer reconnects, so the tabs load a new snapshot.
    if (source.readyState === EventSource.CLOSED) close();
  });
  for (const name of names) source.addEventListener(name, onEvent);
}

function onEvent({ type, data, lastEventId }) {
  lastId = Number(lastEventId);
  if (type === "reset") {
    // The stand-in was restarted or reset: the numbers of the kept events are no longer valid.
    close();
    return;
  }
  const event = { name: type, data: JSON.parse(data), id: lastId };
  events.push(event);
  if (events.length > MAX_EVENTS) firstId = events.shift().id;
  broadcast({ event });
}

function close() {
  source.close();
  source = null;
  broadcast({ reset: true });
  ports.clear();
}

function join(port, after) {
  if (!source || !ports.size) open(after);
  else if (after < firstId || after > lastId + MAX_EVENTS) {
    port.postMessage({ reset: true });
    return;
  } else {
    port.postMessage({ status });
    for (const event of events) if (event.id > after) port.postMessage({ event });
  }
  ports.add(port);
}

addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => {
    ports.delete(port);
    if (data.leave) return;
    names = data.names;
    join(port, data.after);
  });
  port.start();
});
