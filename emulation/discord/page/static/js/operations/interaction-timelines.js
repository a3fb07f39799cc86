/** Interactions as the operations page sees them: phases, durations, and what is in flight. */

const FAILED = new Set(["timeout", "error"]);
const STARTED = new Set(["leased", "webhook", "generating", "edited"]);
const WORKED = new Set(["leased", "generating"]);
const QUIET_MS = 60_000;
const TOKEN_MS = 15 * 60_000;

/** What the time up to an event was spent on: {label, kind}; the kind gives the colour. */
const PHASES = {
  created: ["The user sent it", "send"],
  delivered: ["Signed and sent", "send"],
  received: ["Received", "send"],
  verified: ["Signature checked", "check"],
  queued: ["Put into the queue", "check"],
  answered: ["First answer", "answer"],
  deferred: ["Deferred", "answer"],
  leased: ["Waited in the queue", "wait"],
  webhook: ["Waited for a worker", "wait"],
  generating: ["Prepared", "draw"],
  edited: ["Progress shown", "draw"],
  uploaded: ["Drawn and uploaded", "draw"],
  done: ["Pictures on the message", "done"],
  followed_up: ["Followed up", "draw"],
  timeout: ["No answer in time", "fail"],
  error: ["Failed", "fail"],
  token_expired: ["Token expired", "fail"],
};

export const LEGEND = [["send", "sending"], ["check", "checking"], ["answer", "answering"], ["wait", "waiting"], ["draw", "drawing"], ["fail", "failing"]];

export const phaseOf = (name) => {
  const [label, kind] = PHASES[name] ?? [name.replaceAll("_", " "), "other"];
  return { label, kind };
};

const TYPES = { 2: "command", 3: "component", 4: "autocomplete", 5: "form" };

/** One interaction's summary with what follows from it. */
export class Path {
  constructor(summary) {
    this.take(summary);
  }

  take(summary) {
    this.summary = summary;
    this.id = summary.interaction_id;
    this.events = [...summary.events];
    this.startedAt = this.events.length ? Date.parse(this.events[0].at) - this.events[0].elapsed_ms : Date.now();
  }

  /** An event that came by itself; one that the summary already held is not taken twice. */
  add({ name, elapsed_ms, detail }) {
    if (this.events.some((one) => one.name === name && one.elapsed_ms === elapsed_ms)) return;
    this.events.push({ name, elapsed_ms, detail, at: new Date(this.startedAt + elapsed_ms).toISOString() });
    this.events.sort((a, b) => a.elapsed_ms - b.elapsed_ms);
  }

  get name() {
    const { type, data } = this.summary;
    const sub = (data?.options ?? []).find((one) => one.type === 1 || one.type === 2)?.name;
    if (type === 2 || type === 4) return `/${[data.name, sub].filter(Boolean).join(" ")}`;
    return data?.custom_id ?? "";
  }

  get kind() {
    return TYPES[this.summary.type] ?? "interaction";
  }

  /** Options, values and fields as short text. */
  get gist() {
    const { data } = this.summary;
    const flat = (options) => (options ?? []).flatMap((one) => (one.options ? flat(one.options) : [`${one.name}: ${one.value}`]));
    return flat(data?.options).concat(data?.values ?? []).join(" · ");
  }

  get failed() {
    return FAILED.has(this.summary.outcome);
  }

  get total() {
    return this.events.at(-1)?.elapsed_ms ?? 0;
  }

  /** Milliseconds until an event; undefined if it has not happened. */
  until(...names) {
    return this.events.find((one) => names.includes(one.name))?.elapsed_ms;
  }

  /** The stretches between events. */
  get segments() {
    let begun = false;
    return this.events.slice(1).map((event, index) => {
      // A worker that drew at once edits the message with its pictures only.
      const phase = begun && event.name === "webhook" ? { label: "Drawn", kind: "draw" } : phaseOf(event.name);
      begun ||= WORKED.has(event.name);
      return { from: this.events[index].elapsed_ms, to: event.elapsed_ms, name: event.name, ...phase };
    });
  }
}

/** All paths, newest last, and numbers about them. */
export class Paths {
  #byId = new Map();
  #jobs = new Set();

  reset(summaries) {
    this.#byId = new Map(summaries.map((one) => [one.interaction_id, new Path(one)]));
    this.#jobs.clear();
    for (const path of this.#byId.values()) this.#learn(path);
  }

  take(summary) {
    const path = this.#byId.get(summary.interaction_id);
    if (path) path.take(summary);
    else this.#byId.set(summary.interaction_id, new Path(summary));
    return this.#byId.get(summary.interaction_id);
  }

  add(event) {
    const path = this.#byId.get(event.interaction_id);
    path?.add(event);
    if (path) this.#learn(path);
    return path;
  }

  /** Newest first. Autocomplete is left out: it comes with every key. */
  shown(count) {
    return [...this.#byId.values()].filter((path) => path.summary.type !== 4).slice(-count).reverse();
  }

  get all() {
    return [...this.#byId.values()];
  }

  /** A command whose answers are edited later has jobs behind it. */
  #learn(path) {
    if (path.events.some((event) => STARTED.has(event.name) || event.name === "queued")) this.#jobs.add(path.name);
  }

  isJob(path) {
    return path.summary.type === 2 && this.#jobs.has(path.name) && !path.failed;
  }

  /** Jobs that wait and jobs that are worked on at a moment. */
  inFlight(at) {
    const spans = this.#spans(at);
    const count = (name) => spans.filter((one) => one[name].from <= at && at < one[name].to).length;
    return { waiting: count("waiting"), working: count("working") };
  }

  /** How many jobs were `waiting` or `working`, as steps [time, count] since a moment. */
  steps(name, begin, now) {
    const changes = this.#spans(now).map((one) => one[name]).filter(({ from, to }) => to > Math.max(from, begin) && from < now);
    const edges = changes.flatMap(({ from, to }) => [[Math.max(from, begin), 1], [to, -1]]).filter(([at]) => at <= now);
    edges.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let count = 0;
    return [[begin, 0], ...edges.map(([at, change]) => [at, (count += change)])];
  }

  /** When each job waited and was worked on. */
  #spans(now) {
    return this.all.filter((path) => this.isJob(path)).map((path) => {
      const absolute = (time, otherwise) => (time === undefined ? otherwise : path.startedAt + time);
      const answered = absolute(path.until("answered", "deferred"), Infinity);
      // Work whose end nobody tells of is over when nothing was heard of it for long.
      const quiet = Math.min(path.startedAt + path.total + QUIET_MS, Math.max(now, path.startedAt + path.total));
      const ended = absolute(path.until("done", "uploaded", "token_expired", "deleted"), quiet >= now ? Infinity : quiet);
      const started = absolute(path.until("leased", "webhook"), Math.min(ended, path.startedAt + TOKEN_MS));
      return { waiting: { from: answered, to: started }, working: { from: path.until("leased", "webhook") === undefined ? Infinity : started, to: ended } };
    });
  }
}

/** A quantile of numbers; undefined of none. */
export function quantile(values, q) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}
