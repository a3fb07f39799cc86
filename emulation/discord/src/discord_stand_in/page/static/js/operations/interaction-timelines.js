/** The interactions of the operations page: what went on when, their durations, and the jobs in flight. */

const NOT_ANSWERED = new Set(["timeout", "error"]);
const MAX_SILENCE_MS = 60_000;
const TOKEN_MS = 15 * 60_000;

/** What an event says: [text, colour of the activity that it ends]. */
const EVENTS = {
  created: ["The user sent it", "send"],
  delivered: ["Signed and sent", "send"],
  received: ["Received", "send"],
  verified: ["Signature checked", "check"],
  queued: ["Put into the queue", "check"],
  answered: ["First answer", "answer"],
  deferred: ["Deferred", "answer"],
  leased: ["A worker took it", "wait"],
  generating: ["The drawing began", "draw"],
  webhook: ["The bot used the answer's webhook", "answer"],
  edited: ["The answer was edited", "answer"],
  uploaded: ["Pictures were uploaded", "draw"],
  done: ["The first pictures are on the message", "draw"],
  finished: ["Discord has accepted the pictures", "draw"],
  followed_up: ["Followed up", "answer"],
  worker_lost: ["Its worker stopped: another one takes it", "fail"],
  given_back: ["Given back to the queue for another try", "fail"],
  failed: ["Failed for good", "fail"],
  timeout: ["No answer in time", "fail"],
  error: ["Failed", "fail"],
  token_expired: ["Token expired", "other"],
};

/** What goes on after an event, if that changes with it. */
const ACTIVITY_AFTER = {
  answered: "waiting", deferred: "waiting", queued: "waiting", leased: "preparing", generating: "drawing", worker_lost: "waiting", given_back: "waiting",
  finished: "over", failed: "over", timeout: "over", error: "over", token_expired: "over", deleted: "over",
};
/** The same, for an interaction of which no worker reports anything: its calls say what it does. */
const ACTIVITY_BY_CALLS = { webhook: "drawing", edited: "drawing", uploaded: "over", done: "over" };

/** An activity of a job: [label, colour]. */
const ACTIVITIES = { waiting: ["Waited for a worker", "wait"], preparing: ["Prepared by the worker", "draw"], drawing: ["Drawn", "draw"], over: ["Nothing more was to be done", "other"] };
const WORKING = ["preparing", "drawing"];
const ANSWERS = ["answered", "deferred"];

export const LEGEND = [["send", "sending"], ["check", "checking"], ["answer", "answering"], ["wait", "waiting"], ["draw", "drawing"], ["fail", "failing"]];

export const describe = (name) => {
  const [label, kind] = EVENTS[name] ?? [name.replaceAll("_", " "), "other"];
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

  /** Whether the bot did not answer, or its last word was that the job has failed. */
  get failed() {
    return NOT_ANSWERED.has(this.summary.outcome) || this.#last("failed", "finished")?.name === "failed";
  }

  /** Whether a worker or the queue has reported something of it. */
  get isReported() {
    return this.elapsedUntil("queued", "leased") !== undefined;
  }

  /** Milliseconds until its pictures were there; undefined while they are not. */
  get untilPictures() {
    return this.isReported ? this.elapsedUntil("finished") : this.elapsedUntil("done", "uploaded");
  }

  /** The worker's task and its instance, of the worker that had it last; null if none had it. */
  get worker() {
    return this.#last("leased", "generating", "finished", "failed")?.detail ?? null;
  }

  /** What goes on now. */
  get activity() {
    return this.#activities().at(-1);
  }

  #last(...names) {
    return this.events.filter(({ name }) => names.includes(name)).at(-1);
  }

  /** What goes on after each event; null before the first answer. */
  #activities() {
    let current = null;
    let isAnswered = false;
    const { isReported } = this;
    // Without a report and without a call after the answer, nothing is waited for.
    const isWaitedFor = isReported || this.elapsedUntil("webhook") !== undefined;
    return this.events.map(({ name }) => {
      isAnswered ||= ANSWERS.includes(name);
      const next = ACTIVITY_AFTER[name] ?? (isReported ? undefined : ACTIVITY_BY_CALLS[name]);
      // A job is in the queue before its answer is; a worker may be faster than the answer.
      if (next && (isWaitedFor || next === "over") && (isAnswered || next !== "waiting") && !(ANSWERS.includes(name) && current)) current = next;
      return current;
    });
  }

  get total() {
    return this.events.at(-1)?.elapsed_ms ?? 0;
  }

  /** Milliseconds until the first event of one of the names; undefined if there is none. */
  elapsedUntil(...names) {
    return this.events.find((entry) => names.includes(entry.name))?.elapsed_ms;
  }

  /** What went on between the events: {from, to, label, kind}. */
  get segments() {
    const activities = this.#activities();
    return this.events.slice(1).map((event, index) => {
      const [label, kind] = ACTIVITIES[activities[index]] ?? [describe(event.name).label, describe(event.name).kind];
      return { from: this.events[index].elapsed_ms, to: event.elapsed_ms, label, kind };
    });
  }

  /** The spans of time, in Unix milliseconds, in which one of some activities went on until now. */
  spans(names, now) {
    const activities = this.#activities();
    const times = this.events.map((event) => this.startedAt + event.elapsed_ms);
    // A job without an end counts as over when it had no event for a minute.
    const last = Math.min(times.at(-1) + MAX_SILENCE_MS, this.startedAt + TOKEN_MS);
    const open = last > now ? Infinity : last;
    return activities.flatMap((activity, index) => (names.includes(activity) ? [{ from: times[index], to: times[index + 1] ?? open }] : []));
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

  /** Remove one that the stand-in no longer keeps, and return it. */
  remove(id) {
    const timeline = this.#byId.get(id);
    this.#byId.delete(id);
    return timeline;
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

  /** Note the command as one that makes jobs. */
  #noteJobCommand(timeline) {
    if (timeline.isReported || ["webhook", "edited"].includes(timeline.events.at(-1)?.name)) this.#jobs.add(timeline.name);
  }

  isJob(timeline) {
    return timeline.isReported || (timeline.summary.type === 2 && this.#jobs.has(timeline.name) && !timeline.failed);
  }

  /** How many jobs wait and how many are worked on at a moment. */
  inFlight(at) {
    const count = (names) => this.#spans(names, at).filter(({ from, to }) => from <= at && at < to).length;
    return { waiting: count(["waiting"]), working: count(WORKING) };
  }

  /** The jobs that a worker's task works on now. */
  workOf(task) {
    return this.all.filter((timeline) => timeline.worker?.task && task.startsWith(timeline.worker.task) && WORKING.includes(timeline.activity));
  }

  /** The number of `waiting` or `working` jobs since a moment, as steps [time, count]. */
  steps(name, begin, now) {
    const spans = this.#spans(name === "waiting" ? ["waiting"] : WORKING, now).filter(({ from, to }) => to > Math.max(from, begin) && from < now);
    const edges = spans.flatMap(({ from, to }) => [[Math.max(from, begin), 1], [to, -1]]).filter(([at]) => at <= now);
    edges.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    let count = 0;
    return [[begin, 0], ...edges.map(([at, change]) => [at, (count += change)])];
  }

  #spans(names, now) {
    return this.all.filter((timeline) => this.isJob(timeline)).flatMap((timeline) => timeline.spans(names, now));
  }
}

/** A quantile of numbers; undefined if there are none. */
export function quantile(values, q) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}
