/** The requests to the Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */

import http from "node:http";

import { asResponse } from "./errors.mjs";

const ROOT = "/2018-06-01/runtime";

export class RuntimeApi {
  /** `address` is a host and a port. */
  constructor(address) {
    [this.host, this.port] = address.split(":");
    // An idle connection is no reason for the process to stay: it may be what a callback waits for.
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  }

  /** The next event: its headers, and its body as text. */
  next() {
    return this.#request("GET", "/invocation/next");
  }

  /** Posts the result of an invocation, as JSON. */
  respond(requestId, json) {
    return this.#request("POST", `/invocation/${requestId}/response`, json);
  }

  /** Posts the error of an invocation; with `ends` the process takes no other event. */
  fail(requestId, error, { ends = false } = {}) {
    return this.#postError(`/invocation/${requestId}/error`, error, ends);
  }

  /** Posts that the function could not be loaded. */
  failInit(error) {
    return this.#postError("/init/error", error, true);
  }

  #postError(path, error, ends) {
    return this.#request("POST", path, JSON.stringify(asResponse(error)), ends);
  }

  #request(method, path, body, ends = false) {
    const options = {
      agent: ends ? false : this.agent, // no agent closes the connection after the answer, and says so
      headers: body && { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
      host: this.host,
      method,
      path: ROOT + path,
      port: this.port,
    };
    return new Promise((resolve, reject) => {
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode < 300) resolve({ headers: response.headers, body: text });
          else reject(new Error(`the Runtime API answered ${response.statusCode}: ${text}`));
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }
}
