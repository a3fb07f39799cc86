/** Writes what a function logs by `console` as Lambda does: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html */

import util from "node:util";

import { asLogged } from "./errors.mjs";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

const isJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
let requestId;

/** Says to which invocation the lines belong from now on. */
export function setRequestId(id) {
  requestId = id;
}

/** Replaces the methods of `console`. Lines before the first invocation have `idBefore` for its id. */
export function patchConsole(idBefore) {
  requestId = idBefore;
  const least = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
  LEVELS.forEach((level, priority) => {
    console[level.toLowerCase()] = priority < least ? () => {} : (...words) => write(level, words);
  });
  console.log = console.info;
}

/** Logs an error that ends an invocation, or the process. */
export function logError(reason, error) {
  if (isJson) console.error(error instanceof Error ? error : new Error(String(error)));
  else console.error(reason, `\t${asLogged(error)}`);
}

function write(level, words) {
  const time = new Date().toISOString();
  const line = isJson ? jsonLine(time, level, words) : [time, requestId, level, util.format(...words)].join("\t");
  // One line is one event of the log.
  process.stdout.write(`${line.replaceAll("\n", "\r")}\n`);
}

function jsonLine(timestamp, level, words) {
  const entry = { timestamp, level, requestId };
  if (words.length === 1) {
    try {
      return JSON.stringify({ ...entry, message: words[0] }, withErrors);
    } catch {
      return JSON.stringify({ ...entry, message: util.format(words[0]) });
    }
  }
  const error = words.find((word) => word instanceof Error);
  return JSON.stringify({ ...entry, message: util.format(...words), ...(error && fields(error)) });
}

const withErrors = (_key, value) => (value instanceof Error ? { ...fields(value), ...value } : value);

const fields = (error) => ({
  errorType: error.constructor?.name ?? "UnknownError",
  errorMessage: error.message,
  stackTrace: error.stack?.split("\n"),
});
