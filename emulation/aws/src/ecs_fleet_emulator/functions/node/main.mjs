/**
 * Runs a Lambda function that is written for Node.js: `node main.mjs HANDLER`, in the function's folder.
 *
 * It does what AWS's own client of the Runtime API does, whose npm package has to be compiled:
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 *
 * main.mjs         starts, gets one event after another, and ends with an exception that nobody catches
 * runtime-api.mjs  the requests to the Runtime API
 * handler.mjs      finds the function that HANDLER names
 * invocation.mjs   calls it with an event and a context, and waits for its result
 * errors.mjs       errors as Lambda shows them
 * logging.mjs      `console`, as Lambda writes it to the log
 * clock.mjs        follows the emulator's clock
 */

import { catchUp, followClock } from "./clock.mjs";
import { UnhandledPromiseRejection } from "./errors.mjs";
import { loadHandler } from "./handler.mjs";
import { invoke } from "./invocation.mjs";
import { logError, patchConsole, setRequestId } from "./logging.mjs";
import { RuntimeApi } from "./runtime-api.mjs";

const UNCAUGHT_EXCEPTION = 129;
const UNHANDLED_REJECTION = 128;

/** Up to nodejs22.x a function may call back instead of returning a promise. */
const hasCallbacks = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1] ?? 0) < 24;
const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
let requestId;

function end(reason, error, status) {
  logError(reason, error);
  const posted = requestId === undefined ? api.failInit(error) : api.fail(requestId, error, { ends: true });
  posted.catch(() => {}).finally(() => process.exit(status));
}

process.on("uncaughtException", (error) => end("Uncaught Exception", error, UNCAUGHT_EXCEPTION));
process.on("unhandledRejection", (reason) =>
  end("Unhandled Promise Rejection", new UnhandledPromiseRejection(reason), UNHANDLED_REJECTION));

function endWithEmulator() {
  delete process.env.EMULATOR_RUN_FIRST; // a debugger for Python
  if (process.platform === "linux") return; // by a signal: processes/bootstrap.py
  process.stdin.on("end", () => process.kill(-process.pid, "SIGKILL")).resume().unref();
}

async function main(handlerName) {
  endWithEmulator();
  followClock();
  patchConsole(hasCallbacks ? "undefined" : "-");
  let handler;
  try {
    handler = await loadHandler(process.cwd(), handlerName, hasCallbacks);
  } catch (error) {
    end(hasCallbacks ? "Uncaught Exception" : "Init Error", error, UNCAUGHT_EXCEPTION);
    return;
  }
  for (;;) {
    const { headers, body } = await api.next();
    catchUp();
    requestId = headers["lambda-runtime-aws-request-id"];
    setRequestId(requestId);
    const result = await invoke(handler, headers, body, hasCallbacks).catch(async (error) => {
      logError("Invoke Error", error);
      await api.fail(requestId, error);
    });
    if (result !== undefined) await api.respond(requestId, result);
  }
}

// The Runtime API has refused a response, and says why to the caller; or it is gone.
main(process.argv[2]).catch(() => process.exit(1));
