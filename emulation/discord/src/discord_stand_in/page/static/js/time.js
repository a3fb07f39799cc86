/** Formats times and durations. */

const clock = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-US", { day: "numeric", month: "long", year: "numeric" });
const short = new Intl.DateTimeFormat("en-US", { dateStyle: "short" });
const full = new Intl.DateTimeFormat("en-US", { dateStyle: "full", timeStyle: "short" });
const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const relative = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });

export const timeOfDay = (date) => clock.format(date);
export const fullTime = (date) => full.format(date);
export const dayName = (date) => day.format(date);
export const exactTime = (date) => exact.format(date);

/** A time as Discord writes it beside a name. */
export function stamp(date) {
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return clock.format(date);
  if (date.toDateString() === yesterday.toDateString()) return `Yesterday at ${clock.format(date)}`;
  return `${short.format(date)}, ${clock.format(date)}`;
}

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** A time relative to now: "in 5 minutes", "3 seconds ago". */
export function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  return relative.format(Math.round(seconds / length), unit);
}

/** A duration in milliseconds, with two or three significant digits. */
export function duration(ms) {
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
