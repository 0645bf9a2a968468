// The description as a page: "try it" sends what every write needs, so that nobody has to make it up.
"use strict";

(async () => {
  const AUTO = "auto";
  const description = "/api/v1/openapi.json";
  const seen = new Map();

  // A subject is the first two parts of an address: /api/v1/cases/VS-2021-0001.
  const subject = (address) => {
    const parts = new URL(address, location.href).pathname.split("/");
    // What waits for a second person goes by the version of its case.
    if (parts[3] === "confirmations" && parts.length > 4) return `/api/v1/cases/${decodeURIComponent(parts[4]).replace(/:\d+$/, "")}`;
    return parts.length > 4 ? parts.slice(0, 5).join("/") : null;
  };
  // Where the version of a subject can be read: a calendar is shown by its days alone.
  const shown = (place) => (place.startsWith("/api/v1/calendars/") ? `${place}/days?year=${new Date().getFullYear()}` : place);
  const token = async () => {
    const answer = await fetch("/api/v1/session", { headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json()).csrf : null;
  };
  const version = async (address) => {
    const place = subject(address);
    if (place === null) return null;
    if (!seen.has(place)) {
      const answer = await fetch(shown(place), { headers: { Accept: "application/json" } });
      if (answer.ok && answer.headers.get("etag")) seen.set(place, answer.headers.get("etag"));
    }
    return seen.get(place) || null;
  };

  const spec = await (await fetch(description)).json();
  for (const path of Object.values(spec.paths)) {
    for (const operation of Object.values(path)) {
      for (const parameter of operation.parameters || []) {
        if (parameter.name === "If-Match" || parameter.name === "Idempotency-Key") parameter.example = AUTO;
      }
    }
  }

  window.SwaggerUIBundle({
    spec,
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: async (request) => {
      if (request.loadSpec || (request.method || "GET").toUpperCase() === "GET") return request;
      const headers = request.headers;
      if (headers["Idempotency-Key"] === AUTO) headers["Idempotency-Key"] = crypto.randomUUID();
      if (headers["If-Match"] === AUTO) {
        const known = await version(request.url);
        if (known === null) delete headers["If-Match"];
        else headers["If-Match"] = known;
      }
      // Asked anew for each write: whoever signs in or out on this page has another session, and another token.
      const csrf = await token();
      if (csrf) headers["X-CSRF-Token"] = csrf;
      return request;
    },
    responseInterceptor: (response) => {
      const place = response.url ? subject(response.url) : null;
      if (place !== null) {
        // What was written, or refused as stale, is another version now.
        const tag = response.headers && response.headers.etag;
        if (tag) seen.set(place, tag);
        else seen.delete(place);
      }
      return response;
    },
  });
})();
