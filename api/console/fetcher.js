// Sends what GraphiQL runs to our own endpoint, with the chosen role's token.
//
// Two conveniences make the examples a story that can be clicked through, and nothing of them reaches the server:
// a variable may hold {{name}}, which is filled from what earlier examples kept, and an example may keep values of
// its answer under a name. Always known are {{new}}, a key that was never used before; {{now}}, the marketplace's clock
// (a sandbox's may stand or be ahead); {{day}}, its day. {{now+90d}} and {{day-2d}} lie that many days from them.

const { parse } = window.GraphiQL.GraphQL;
const PLACEHOLDER = /\{\{(\w+?)(?:([+-]\d+)d)?\}\}/g;
const ASKS_CLOCK = /\{\{(?:now|day)\b/;
const DAY_MS = 86_400_000;
const ANSWER = "application/graphql-response+json, application/json;q=0.9";
const EVENTS = "text/event-stream";
const KEPT = "makegood:kept";

/** What earlier answers left behind, by name: ids that later examples take. Lives as long as the browser's tab. */
export const kept = {
  all() {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  },
  /** An undefined value is forgotten: JSON has no word for it. */
  put(found) {
    sessionStorage.setItem(KEPT, JSON.stringify({ ...this.all(), ...found }));
    window.dispatchEvent(new Event("makegood:kept"));
  },
  clear() {
    sessionStorage.removeItem(KEPT);
    window.dispatchEvent(new Event("makegood:kept"));
  },
};

function neverUsedBefore() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return "console-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What {{now}} and {{day}} stand for, that many days later. */
function later(name, clock, days) {
  const instant = new Date(new Date(clock).getTime() + days * DAY_MS).toISOString();
  return name === "day" ? instant.slice(0, "2026-01-31".length) : instant;
}

/** The variables with every {{name}} replaced; `missing` gets the names that nothing has provided yet. */
function filled(value, known, missing) {
  if (typeof value === "string") {
    return value.replace(PLACEHOLDER, (whole, name, days) => {
      if (name === "new") return neverUsedBefore();
      if (known.clock && (name === "now" || name === "day")) return later(name, known.clock, Number(days ?? 0));
      if (name in known.values) return String(known.values[name]);
      missing.add(name);
      return whole;
    });
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, known, missing));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, known, missing)]));
  }
  return value;
}

/** The value at a dotted path of an answer, or undefined where the answer has none.
 *
 * "orders.nodes.0.id" names a place in a list; "orders.nodes[state=PAID].id" the first of a list whose field is that, or
 * lists that; "orders.nodes.coverages.nodes.0.id" the first that any of a list leads to.
 */
function at(value, path) {
  if (path === "") return value ?? undefined;
  if (Array.isArray(value) && !/^\d/.test(path)) return firstOf(value, (item) => at(item, path));
  const [, step, field, wanted, rest] = /^([^.[]+)(?:\[([^=]+)=([^\]]+)\])?\.?(.*)$/.exec(path);
  const next = value?.[step];
  if (!field) return at(next, rest);
  const fits = (item) => [at(item, field)].flat().includes(wanted);
  return firstOf(next ?? [], (item) => (fits(item) ? at(item, rest) : undefined));
}

function firstOf(items, found) {
  for (const item of items) {
    const value = found(item);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Stores what the example keeps of its answer; a name whose value is not there any more is forgotten. */
function keep(example, answer) {
  if (!example || !answer.data) return;
  const entries = Object.entries(example.keeps).map(([name, path]) => [name, at(answer.data, path)]);
  if (entries.length > 0) kept.put(Object.fromEntries(entries));
}

/** The operation that will run: the named one, or the only one there is. Undefined for text that is not GraphQL.
 *
 * GraphiQL's own operationName and documentAST lag behind the editor by a moment, so that a tab run at once after it
 * was opened would go out under the name of the tab before it. The text itself is always right.
 */
function chosenOperation({ query, operationName }) {
  let document;
  try {
    document = parse(query, { noLocation: true });
  } catch {
    return undefined; // the server says what is wrong with it
  }
  const operations = document.definitions.filter(({ kind }) => kind === "OperationDefinition");
  return operations.length === 1 ? operations[0] : operations.find(({ name }) => name?.value === operationName);
}

async function readAnswer(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { status: response.status, body: text };
  }
}

/** Calls `next` with each event of a text/event-stream body; returns when the server says complete or hangs up. */
async function readEvents(response, next) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (waiting + value).replaceAll("\r\n", "\n").split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const lines = event.split("\n");
      const field = (name) =>
        lines
          .filter((line) => line.startsWith(name + ":"))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ""))
          .join("\n");
      if (field("event") === "complete") return;
      if (field("event") === "next") next(JSON.parse(field("data")));
    }
  }
}

/** A subscription as GraphiQL wants it: nothing is sent before subscribe, and unsubscribe closes the connection. */
function stream(send, example) {
  return {
    subscribe({ next, error, complete }) {
      const connection = new AbortController();
      const listen = async () => {
        const response = await send(connection.signal);
        const seen = (answer) => {
          keep(example, answer);
          next(answer);
        };
        const events = response.headers.get("Content-Type")?.startsWith("text/event-stream");
        if (events) await readEvents(response, seen);
        else seen(await readAnswer(response));
        complete();
      };
      listen().catch((reason) => {
        if (!connection.signal.aborted) error(reason);
      });
      return { unsubscribe: () => connection.abort() };
    },
  };
}

async function readClock(send) {
  const answer = await readAnswer(await send({ query: "{ viewer { tenant { clock } } }" }, ANSWER));
  return answer.data?.viewer.tenant.clock;
}

/** The fetcher GraphiQL calls. `examples` are the role's own: they say which values of an answer are kept. */
export function fetcherFor({ url, token, values, examples }) {
  const send = (request, accept, headers, signal) =>
    fetch(url, {
      method: "POST",
      body: JSON.stringify(request),
      headers: {
        Accept: accept,
        "Content-Type": "application/json",
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal,
    });
  return async (asked, { headers } = {}) => {
    const running = chosenOperation(asked);
    const operation = { ...asked, operationName: running ? running.name?.value : asked.operationName };
    const missing = new Set();
    const known = { values: { ...values, ...kept.all() }, clock: undefined };
    if (ASKS_CLOCK.test(JSON.stringify(operation.variables ?? {}))) known.clock = await readClock(send);
    const variables = filled(operation.variables, known, missing);
    if (missing.size > 0) {
      const names = [...missing].join(", ");
      const finders = examples.filter(({ keeps }) => [...missing].some((name) => Object.hasOwn(keeps ?? {}, name)));
      const first = finders.map(({ title }) => `“${title}”`).join(" or ") || "the example that finds it";
      const are = missing.size > 1 ? "are" : "is";
      return { console: `Not sent: ${names} ${are} not known yet. Run ${first} first, or type a value.` };
    }
    const example = examples.find(({ name }) => name === operation.operationName);
    const request = { ...operation, variables };
    if (running?.operation === "subscription") return stream((signal) => send(request, EVENTS, headers, signal), example);
    const answer = await readAnswer(await send(request, ANSWER, headers));
    keep(example, answer);
    return answer;
  };
}
