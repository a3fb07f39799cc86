/** The stand-in's control API. */

/** What the API refused, in words for the person at the page. */
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

/** Send JSON. */
export function send(method, path, body) {
  return call(method, path, JSON.stringify(body), { "Content-Type": "application/json" });
}

/** Do what a user does; resolves when the interaction is answered or can no longer be. */
export const interact = (asked) => send("POST", "/control/interactions", { strict: true, ...asked });

/** Keep a file for an attachment option; its attachment object. */
export function upload(file) {
  const type = file.type || "application/octet-stream";
  return call("POST", `/control/attachments?filename=${encodeURIComponent(file.name)}`, file, { "Content-Type": type });
}
