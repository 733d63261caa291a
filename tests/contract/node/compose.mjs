// Composes schema.graphql as the one subgraph of a federated graph: prints what the composer says against it, as JSON.

import { readFileSync } from "node:fs";
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const [schema] = process.argv.slice(2);
const { errors, hints, supergraphSdl } = composeServices([
  { name: "makegood", url: "http://127.0.0.1/graphql", typeDefs: parse(readFileSync(schema, "utf8")) },
]);
console.log(JSON.stringify({ errors: errors?.map(String) ?? [], hints: hints?.map(String) ?? [], supergraph: supergraphSdl }));
