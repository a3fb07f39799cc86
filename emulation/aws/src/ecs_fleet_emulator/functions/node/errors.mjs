/** Errors as Lambda shows them: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */

import util from "node:util";

class RuntimeError extends Error {
  constructor(reason) {
    super(String(reason));
  }

  get name() {
    return `Runtime.${this.constructor.name}`;
  }
}

export class CallbackHandlerDeprecated extends RuntimeError {}
export class HandlerNotFound extends RuntimeError {}
export class ImportModuleError extends RuntimeError {}
export class MalformedHandlerName extends RuntimeError {}

/** This emulator's own. */
export class StreamingNotEmulated extends RuntimeError {}

export class UserCodeSyntaxError extends RuntimeError {
  constructor(error) {
    super(error);
    this.stack = error.stack; // says where in the function's code
  }
}

export class UnhandledPromiseRejection extends RuntimeError {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Whether it is an error, perhaps one of another realm, as tests and `vm` make them. */
const isError = (value) => value instanceof Error || util.types.isNativeError(value);

/** What the caller of the function gets of an error, or of another value that was thrown. */
export function asResponse(error) {
  try {
    if (!isError(error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack",
      trace: [],
    };
  }
}

/** An error as JSON for the log: with its own properties, and those of errors in it. */
export function asLogged(error) {
  const cause = isError(error) ? error : new Error(String(error));
  const expanded = (_key, value) => {
    if (!isError(value)) return value;
    const { name, message, code, stack } = value;
    return { errorType: name, errorMessage: message, code, ...value, stack: stack?.split("\n") };
  };
  try {
    return JSON.stringify(cause, expanded);
  } catch {
    return JSON.stringify(asResponse(cause));
  }
}
