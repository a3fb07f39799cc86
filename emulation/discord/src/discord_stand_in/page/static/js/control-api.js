/** A client of the stand-in's control API. */

/** A request that failed; the message is for the user of the page. */
export class ApiError extends Error {}

async function call(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, { method, body, headers });
  } catch {
    throw new ApiError("The stand-in does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(answer.error || `The stand-in answered with status ${response.status}.`);
  return answer;
}

export const get = (path) => call("GET", path);

/** Send a JSON body; resolves to the JSON of the response. */
export function send(method, path, body) {
  return call(method, path, JSON.stringify(body), { "Content-Type": "application/json" });
}

/** Do what a user does; resolves to the result once the interaction was answered or no longer can be. */
export const interact = (action) => send("POST", "/control/interactions", { strict: true, ...action });

/** Upload a file for an attachment option; resolves to its attachment object. */
export function upload(file) {
  const type = file.type || "application/octet-stream";
  return call("POST", `/control/attachments?filename=${encodeURIComponent(file.name)}`, file, { "Content-Type": type });
}
