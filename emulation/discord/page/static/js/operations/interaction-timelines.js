/** The interactions of the operations page: their phases and durations, and the jobs in flight. */

const FAILED = new Set(["timeout", "error"]);
const STARTED = new Set(["leased", "webhook", "generating", "edited"]);
const WORKED = new Set(["leased", "generating"]);
const MAX_SILENCE_MS = 60_000;
const TOKEN_MS = 15 * 60_000;

/** The phase that ends with an event: [label, kind]; the kind gives the colour. */
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

/** The timeline of one interaction, from the summary that the control API gives. */
export class InteractionTimeline {
  constructor(summary) {
    this.update(summary);
  }

  update(summary) {
    this.summary = summary;
    this.id = summary.interaction_id;
    this.events = [...summary.events];
    this.startedAt = this.events.length ? Date.parse(this.events[0].at) - this.events[0].elapsed_ms : Date.now();
  }

  /** Add a single event; one that the summary already holds is not added twice. */
  add({ name, elapsed_ms, detail }) {
    if (this.events.some((entry) => entry.name === name && entry.elapsed_ms === elapsed_ms)) return;
    this.events.push({ name, elapsed_ms, detail, at: new Date(this.startedAt + elapsed_ms).toISOString() });
    this.events.sort((a, b) => a.elapsed_ms - b.elapsed_ms);
  }

  get name() {
    const { type, data } = this.summary;
    const sub = (data?.options ?? []).find((entry) => entry.type === 1 || entry.type === 2)?.name;
    if (type === 2 || type === 4) return `/${[data.name, sub].filter(Boolean).join(" ")}`;
    return data?.custom_id ?? "";
  }

  get kind() {
    return TYPES[this.summary.type] ?? "interaction";
  }

  /** The options and values as a short text. */
  get optionsText() {
    const { data } = this.summary;
    const flat = (options) => (options ?? []).flatMap((entry) => (entry.options ? flat(entry.options) : [`${entry.name}: ${entry.value}`]));
    return flat(data?.options).concat(data?.values ?? []).join(" · ");
  }

  get failed() {
    return FAILED.has(this.summary.outcome);
  }

  get total() {
    return this.events.at(-1)?.elapsed_ms ?? 0;
  }

  /** Milliseconds until the first event of one of the names; undefined if there is none. */
  elapsedUntil(...names) {
    return this.events.find((entry) => names.includes(entry.name))?.elapsed_ms;
  }

  /** The phases between the events: {from, to, name, label, kind}. */
  get segments() {
    let hasStarted = false;
    return this.events.slice(1).map((event, index) => {
      // A worker that started at once first edits the message when it has the pictures.
      const phase = hasStarted && event.name === "webhook" ? { label: "Drawn", kind: "draw" } : phaseOf(event.name);
      hasStarted ||= WORKED.has(event.name);
      return { from: this.events[index].elapsed_ms, to: event.elapsed_ms, name: event.name, ...phase };
    });
  }
}

/** All timelines, newest last, and what can be counted from them. */
export class InteractionTimelines {
  #byId = new Map();
  #jobs = new Set();

  reset(summaries) {
    this.#byId = new Map(summaries.map((entry) => [entry.interaction_id, new InteractionTimeline(entry)]));
    this.#jobs.clear();
    for (const timeline of this.#byId.values()) this.#noteJobCommand(timeline);
  }

  update(summary) {
    const timeline = this.#byId.get(summary.interaction_id);
    if (timeline) timeline.update(summary);
    else this.#byId.set(summary.interaction_id, new InteractionTimeline(summary));
    return this.#byId.get(summary.interaction_id);
  }

  add(event) {
    const timeline = this.#byId.get(event.interaction_id);
    timeline?.add(event);
    if (timeline) this.#noteJobCommand(timeline);
    return timeline;
  }

  /** The newest timelines, newest first; without autocomplete, which is sent with every key. */
  newest(count) {
    return [...this.#byId.values()].filter((timeline) => timeline.summary.type !== 4).slice(-count).reverse();
  }

  get all() {
    return [...this.#byId.values()];
  }

  /** Note the command as one that creates jobs, if the message was edited after the first response. */
  #noteJobCommand(timeline) {
    if (timeline.events.some((event) => STARTED.has(event.name) || event.name === "queued")) this.#jobs.add(timeline.name);
  }

  isJob(timeline) {
    return timeline.summary.type === 2 && this.#jobs.has(timeline.name) && !timeline.failed;
  }

  /** How many jobs wait and how many are worked on at a moment. */
  inFlight(at) {
    const spans = this.#jobSpans(at);
    const count = (name) => spans.filter((entry) => entry[name].from <= at && at < entry[name].to).length;
    return { waiting: count("waiting"), working: count("working") };
  }

  /** The number of `waiting` or `working` jobs since a moment, as steps [time, count]. */
  steps(name, begin, now) {
    const changes = this.#jobSpans(now).map((entry) => entry[name]).filter(({ from, to }) => to > Math.max(from, begin) && from < now);
    const edges = changes.flatMap(({ from, to }) => [[Math.max(from, begin), 1], [to, -1]]).filter(([at]) => at <= now);
    edges.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let count = 0;
    return [[begin, 0], ...edges.map(([at, change]) => [at, (count += change)])];
  }

  /** The spans in which each job waited and was worked on. */
  #jobSpans(now) {
    return this.all.filter((timeline) => this.isJob(timeline)).map((timeline) => {
      const absolute = (time, otherwise) => (time === undefined ? otherwise : timeline.startedAt + time);
      const answered = absolute(timeline.elapsedUntil("answered", "deferred"), Infinity);
      // A job without an end counts as over when it had no event for a minute.
      const silentSince = Math.min(timeline.startedAt + timeline.total + MAX_SILENCE_MS, Math.max(now, timeline.startedAt + timeline.total));
      const ended = absolute(timeline.elapsedUntil("done", "uploaded", "token_expired", "deleted"), silentSince >= now ? Infinity : silentSince);
      const started = absolute(timeline.elapsedUntil("leased", "webhook"), Math.min(ended, timeline.startedAt + TOKEN_MS));
      return { waiting: { from: answered, to: started }, working: { from: timeline.elapsedUntil("leased", "webhook") === undefined ? Infinity : started, to: ended } };
    });
  }
}

/** A quantile of numbers; undefined if there are none. */
export function quantile(values, q) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}
