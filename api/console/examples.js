// The examples of the chosen role: GraphiQL's first tabs, and a pane that explains them and finds their tab again.

import { kept } from "./fetcher.js";

const { createElement, useEffect, useRef, useState } = window.React;
const { useEditorContext } = window.GraphiQL.React;

function Icon() {
  const path = "M6 4h12v16l-6-4-6 4z";
  return createElement(
    "svg",
    { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5, "aria-hidden": true },
    createElement("path", { d: path, strokeLinejoin: "round" }),
  );
}

/** The example of that name is the tab in front afterwards: its own tab as it was left, or a new one. */
function useOpen() {
  const { tabs, changeTab, addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const opening = useRef(null);
  useEffect(() => {
    const example = opening.current;
    opening.current = null;
    if (example === null) return;
    queryEditor.setValue(example.query);
    variableEditor.setValue(example.variables);
  }, [tabs.length, queryEditor, variableEditor]);
  return (example) => {
    const index = tabs.findIndex(({ title }) => title === example.name);
    if (index >= 0) {
      changeTab(index);
      return;
    }
    opening.current = example;
    addTab();
  };
}

function useKept() {
  const [values, setValues] = useState(() => kept.all());
  useEffect(() => {
    const reread = () => setValues(kept.all());
    window.addEventListener("makegood:kept", reread);
    return () => window.removeEventListener("makegood:kept", reread);
  }, []);
  return Object.entries(values);
}

function Examples({ examples }) {
  const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  const open = useOpen();
  const values = useKept();
  const inFront = tabs[activeTabIndex]?.title;
  const entries = examples.map((example) =>
    createElement(
      "li",
      { key: example.name },
      createElement(
        "button",
        { type: "button", "aria-current": example.name === inFront, onClick: () => open(example) },
        createElement("strong", null, example.title),
        createElement("small", null, example.about),
      ),
    ),
  );
  const pairs = values.flatMap(([name, value]) => [
    createElement("dt", { key: name }, name),
    createElement("dd", { key: name + "=" }, value),
  ]);
  return createElement(
    "section",
    { className: "examples", "aria-label": "Examples" },
    createElement("div", { className: "graphiql-doc-explorer-title" }, "Examples"),
    createElement("ol", null, ...entries),
    pairs.length > 0 && createElement("h3", null, "Found so far"),
    pairs.length > 0 && createElement("dl", null, ...pairs),
  );
}

/** GraphiQL's plugin for these examples. Made once: GraphiQL takes another object for another plugin. */
export function examplesPlugin(examples) {
  return { title: "Examples", icon: Icon, content: () => createElement(Examples, { examples }) };
}
