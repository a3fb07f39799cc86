/** Calls a function with an event and a context, and waits for its result. */

/**
 * The function's result as JSON; rejects with its error.
 *
 * With `hasCallbacks` it may also call back. Then, unless `callbackWaitsForEmptyEventLoop` is false,
 * its result is taken when nothing is left to do, as is `null` if it neither calls back nor returns a promise:
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html#nodejs-handler-callback
 */
export async function invoke(handler, headers, body, hasCallbacks) {
  if (headers["lambda-runtime-trace-id"]) process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  else delete process.env._X_AMZN_TRACE_ID;
  const event = JSON.parse(body);
  const call = hasCallbacks ? callWithCallback : (...words) => handler(...words);
  return asJson(await call(event, contextOf(headers), handler));
}

function callWithCallback(event, context, handler) {
  let whenIdle;
  return new Promise((resolve, reject) => {
    const settle = (error, result) => (error === undefined || error === null ? resolve(result) : reject(error));
    let waits = true;
    let isCalled = false;
    whenIdle = () => resolve(null);
    process.on("beforeExit", whenIdle);
    const callback = (error, result) => {
      if (isCalled) return;
      isCalled = true;
      if (!waits || (error !== undefined && error !== null)) settle(error, result);
      else process.off("beforeExit", whenIdle).on("beforeExit", (whenIdle = () => resolve(result)));
    };
    const own = {
      get callbackWaitsForEmptyEventLoop() {
        return waits;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value;
      },
      succeed: (result) => settle(null, result),
      fail: (error) => settle(error ?? "handled"),
      done: settle,
    };
    const result = handler(event, Object.defineProperties(own, Object.getOwnPropertyDescriptors(context)), callback);
    if (typeof result?.then === "function") result.then(resolve, (error) => reject(error ?? "handled"));
  }).finally(() => process.off("beforeExit", whenIdle));
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(headers) {
  const { env } = process;
  const parsed = (name) => headers[name] && JSON.parse(headers[name]);
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed("lambda-runtime-client-context"),
    identity: parsed("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function asJson(result) {
  try {
    return JSON.stringify(result ?? null) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}
