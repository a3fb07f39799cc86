/**
 * One event stream for all tabs.
 *
 * A browser opens at most six connections to a host; with a stream in each, the seventh tab would wait for ever.
 * A tab says from which event on it wants to be told, and is told `reset` if that is not kept any more.
 */

const KEPT = 2000;
const ports = new Set();
const kept = [];
let names = [];
let source = null;
let first = 0;
let last = 0;
let status = "connecting";

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function open(after) {
  source?.close();
  kept.length = 0;
  first = after;
  last = after;
  source = new EventSource(`/control/events?after=${after}`);
  source.addEventListener("open", () => tell({ status: (status = "live") }));
  source.addEventListener("error", () => {
    tell({ status: (status = "lost") });
    // The browser has given up, so the tabs begin anew.
    if (source.readyState === EventSource.CLOSED) close();
  });
  for (const name of names) source.addEventListener(name, take);
}

function take({ type, data, lastEventId }) {
  last = Number(lastEventId);
  if (type === "reset") {
    // Numbers start again when the stand-in does: what was kept means nothing now.
    close();
    return;
  }
  const event = { name: type, data: JSON.parse(data), id: last };
  kept.push(event);
  if (kept.length > KEPT) first = kept.shift().id;
  tell({ event });
}

function close() {
  source.close();
  source = null;
  tell({ reset: true });
  ports.clear();
}

function join(port, after) {
  if (!source || !ports.size) open(after);
  else if (after < first || after > last + KEPT) {
    port.postMessage({ reset: true });
    return;
  } else {
    port.postMessage({ status });
    for (const event of kept) if (event.id > after) port.postMessage({ event });
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
