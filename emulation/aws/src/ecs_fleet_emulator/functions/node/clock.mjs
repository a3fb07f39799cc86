/** Lets `Date` follow the emulator's wall clock, which a test may move (clock/follower.py). */

import fs from "node:fs";

const NANOSECONDS_PER_MS = 1_000_000n;
const RealDate = Date;

let file;
let movedMs = 0;

/** Follows the clock that the environment names, if it names one. */
export function followClock() {
  file = process.env.EMULATOR_CLOCK;
  for (const name of ["EMULATOR_CLOCK", "EMULATOR_CLOCK_FOLLOWER", "EMULATOR_CLOCK_LIBRARY"]) delete process.env[name];
  if (!file) return;
  process.on("SIGURG", catchUp);
  catchUp();
}

/** Moves `Date` to where the file of the clock says. */
export function catchUp() {
  if (!file) return;
  try {
    movedMs = Number(fs.readFileSync(file).readBigInt64LE() / NANOSECONDS_PER_MS);
  } catch {
    return; // no such file: nothing was moved
  }
  if (movedMs !== 0) globalThis.Date = MovedDate;
}

const now = () => RealDate.now() + movedMs;

const MovedDate = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, words, created) => Reflect.construct(target, words.length ? words : [now()], created),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});
