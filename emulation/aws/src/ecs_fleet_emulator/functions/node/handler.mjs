/** Finds the function that a handler's name says: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html */

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import {
  CallbackHandlerDeprecated,
  HandlerNotFound,
  ImportModuleError,
  MalformedHandlerName,
  StreamingNotEmulated,
  UserCodeSyntaxError,
} from "./errors.mjs";

const require = createRequire(import.meta.url);

/**
 * Loads `name`, for example "folder/module.object.handler", from the folder `root`.
 *
 * Throws an error of errors.mjs, or what the module itself throws.
 */
export async function loadHandler(root, name, hasCallbacks) {
  refuseStreaming();
  if (name.includes(".."))
    throw new MalformedHandlerName(
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const [, module, property] = /^([^.]*)\.(.*)$/.exec(path.basename(name)) ?? [];
  if (module === undefined) throw new MalformedHandlerName("Bad handler");
  const exported = await loadModule(root, path.dirname(name), module);
  // nodejs24.x also looks into the default export.
  const handler = find(exported, property) ?? (hasCallbacks ? undefined : find(exported?.default, property));
  if (!handler) throw new HandlerNotFound(`${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new HandlerNotFound(`${name} is not a function`);
  if (!hasCallbacks && handler.length > 2)
    throw new CallbackHandlerDeprecated(
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.");
  return handler;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html */
function refuseStreaming() {
  const refuse = () => {
    throw new StreamingNotEmulated(
      "awslambda.streamifyResponse: response streaming is not emulated; let the function return its whole response");
  };
  globalThis.awslambda = { streamifyResponse: refuse, HttpResponseStream: { from: refuse } };
}

const find = (object, names) => names.split(".").reduce((found, name) => found?.[name], object);

async function loadModule(root, folder, name) {
  const file = path.resolve(root, folder, name);
  try {
    for (const [extension, load] of [
      ["", require],
      [".js", isInModulePackage(path.dirname(file)) ? importFile : require],
      [".mjs", importFile],
      [".cjs", require],
    ]) {
      if (fs.statSync(file + extension, { throwIfNoEntry: false })?.isFile()) return await load(file + extension);
    }
    return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(error);
    if (error?.code === "MODULE_NOT_FOUND") throw new ImportModuleError(error);
    throw error;
  }
}

const importFile = (file) => import(pathToFileURL(file));

/** Whether the package.json that applies to a folder says "type": "module". */
function isInModulePackage(folder) {
  const file = path.join(folder, "package.json");
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, "utf8"))?.type === "module";
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  const parent = path.dirname(folder);
  return parent !== folder && isInModulePackage(parent);
}
