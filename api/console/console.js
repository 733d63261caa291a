// The console: who acts, with which token, and GraphiQL below.
//
// A role is a page load (/console?role=supplier): GraphiQL keeps its schema and its tabs in stores of the whole page,
// so a new page is the honest way to become somebody else. Tokens and tabs live in sessionStorage and die with the tab.

import { examplesPlugin } from "./examples.js";
import { fetcherFor, kept } from "./fetcher.js";

// GraphiQL's dialogs add a style element that stops the page behind them from scrolling. This is where it looks for
// the nonce that the content-security policy of this very response allows.
window.__webpack_nonce__ = document.querySelector("script[nonce]").nonce;

const { createElement, useEffect, useState } = window.React;
const { createRoot } = window.ReactDOM;
const { GraphiQL, GraphiQLPluginExplorer } = window;

const TOKEN = "makegood:token";
const element = (id) => document.getElementById(id);

/** GraphiQL's storage: each role has its own tabs, and examples that changed are not hidden by tabs of last week. */
class RoleStorage {
  constructor(owner) {
    this.prefix = `makegood:${owner}:`;
  }
  keys() {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(this.prefix));
  }
  get length() {
    return this.keys().length;
  }
  getItem(key) {
    const editor = /^graphiql:(query|variables)$/.exec(key)?.[1];
    return editor ? this.inFront()?.[editor] ?? null : sessionStorage.getItem(this.prefix + key);
  }
  setItem(key, value) {
    sessionStorage.setItem(this.prefix + key, value);
  }
  removeItem(key) {
    sessionStorage.removeItem(this.prefix + key);
  }
  clear() {
    this.keys().forEach((key) => sessionStorage.removeItem(key));
  }
  // GraphiQL finds the tab in front by comparing the editors' stored text with each tab's, and adds an empty tab
  // where none is equal; the two are stored at different moments, so the text is read from the tabs instead.
  inFront() {
    const { tabs, activeTabIndex } = JSON.parse(sessionStorage.getItem(this.prefix + "graphiql:tabState") ?? "{}");
    return tabs?.[activeTabIndex];
  }
}

/** Renders its children one step later, when the effects of what is around it have run. */
function Afterwards({ children }) {
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(true), []);
  return ready ? children : null;
}

function chosen(roles) {
  const wanted = new URLSearchParams(location.search).get("role");
  return roles.find(({ name }) => name === wanted) ?? roles[0];
}

function become(name) {
  location.search = new URLSearchParams({ role: name });
}

function showRoles(roles, role) {
  const select = element("role");
  select.replaceChildren(...roles.map(({ name, label }) => new Option(label, name, false, name === role.name)));
  select.addEventListener("change", () => become(select.value));
}

/** The token of a person who brought one: outside demo mode no role has a token of its own. */
function askForToken() {
  element("token-form").hidden = false;
  element("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, element("token").value.trim());
    location.reload();
  });
  return sessionStorage.getItem(TOKEN);
}

function show({ url, edition, values, demo }, role, token) {
  const { examples } = role;
  const storage = new RoleStorage(`${edition}:${role.name}`);
  element("reset").addEventListener("click", () => {
    storage.clear();
    kept.clear();
    // GraphiQL writes its tabs half a second after each change; only the old page could still do that.
    window.addEventListener("pagehide", () => storage.clear());
    location.reload();
  });
  element("notice").textContent = demo ? "Demo marketplace: its data is made up." : "";
  const fetcher = fetcherFor({ url, token, values, examples });
  const explorer = GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false });
  const pane = examplesPlugin(examples);
  const graphiql = createElement(GraphiQL, {
    fetcher,
    storage,
    plugins: [pane, explorer],
    visiblePlugin: pane,
    defaultTabs: examples.map(({ query, variables }) => ({ query, variables })),
    defaultQuery: "",
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
    // Without a token the schema cannot be read; null tells GraphiQL not to try.
    schema: token ? undefined : null,
  });
  // GraphiQL lays out its side pane before it hears which plugin is visible, and would leave it folded.
  const { PluginContextProvider } = GraphiQL.React;
  const known = { plugins: [pane], visiblePlugin: pane };
  createRoot(element("graphiql")).render(
    createElement(PluginContextProvider, known, createElement(Afterwards, null, graphiql)),
  );
  if (!token) element("notice").textContent = "Paste an API key or an access token to begin.";
}

const response = await fetch("/console/session.json", { cache: "no-store" });
if (!response.ok) throw new Error(`/console/session.json answered ${response.status}`);
const session = await response.json();
const role = chosen(session.roles);
showRoles(session.roles, role);
show(session, role, session.demo ? role.token : askForToken());
