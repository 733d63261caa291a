// The audits of graphql-http against one endpoint: node audits.mjs URL TOKEN. Prints each one's outcome as JSON.
import { auditServer } from "graphql-http";

const [url, token] = process.argv.slice(2);

const results = await auditServer({
  url,
  fetchFn: (address, init = {}) =>
    fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
});

console.log(
  JSON.stringify(
    results.map(({ id, name, status, ...rest }) => ({ id, name, status, reason: rest.reason ?? null })),
  ),
);
