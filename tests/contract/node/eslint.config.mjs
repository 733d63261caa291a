// What @graphql-eslint says about the contract and about the operations we show: its recommended and its Relay rules.
// Each rule that is set otherwise says why; infra/decisions/0064-schema-tools.md lists them.

import { readFileSync } from "node:fs";
import graphql from "@graphql-eslint/eslint-plugin";
import { buildSchema, isObjectType } from "graphql";

const SCHEMA = "schema.graphql";
const EXAMPLES = "api/console/examples/*.graphql";
const rulesOf = (...names) => Object.assign({}, ...names.map((name) => graphql.configs[`flat/${name}`].rules));

const contract = buildSchema(readFileSync(SCHEMA, "utf8"));
const withoutIdentity = Object.values(contract.getTypeMap())
  .filter((type) => isObjectType(type) && !type.getInterfaces().some((each) => each.name === "Node"))
  .map((type) => type.name);

const reading = {
  languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: SCHEMA, documents: EXAMPLES } } },
  plugins: { "@graphql-eslint": graphql },
};

export default [
  {
    ...reading,
    files: [SCHEMA],
    rules: {
      ...rulesOf("schema-recommended", "schema-relay"),
      // Payloads, pages, money and findings are values: only what implements Node is a thing with an id.
      "@graphql-eslint/strict-id-in-types": ["error", { exceptions: { types: withoutIdentity } }],
      // Short complete lists (findings, roles, actions) are lists; a connection has `nodes` beside its edges.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
  {
    ...reading,
    files: [EXAMPLES],
    rules: {
      ...rulesOf("operations-recommended"),
      // Ids feed the store of a client that keeps things. These are read by people, in a console that keeps nothing.
      "@graphql-eslint/require-selections": "off",
    },
  },
];
