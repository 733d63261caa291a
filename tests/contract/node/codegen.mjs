// Writes, as graphql-codegen does for a client in strict TypeScript, the types of schema.graphql and of the operations:
// `node codegen.mjs schema.graphql TARGET OPERATIONS…` makes TARGET/schema.ts and TARGET/operations.ts, and lays beside
// them the client that uses them and what its compiler is told: `tsc --project TARGET` says whether all of it fits.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import * as types from "@graphql-codegen/typescript";
import { parse } from "graphql";
import { scalarsOf } from "./scalars.mjs";

const [schemaFile, target, ...files] = process.argv.slice(2);
const schema = parse(readFileSync(schemaFile, "utf8"));
const documents = files.map((file) => ({ location: file, document: parse(readFileSync(file, "utf8")) }));

const settings = {
  strictScalars: true,
  scalars: scalarsOf(schema),
  enumType: "string-literal",
  enumsAsTypes: true,
  futureProofEnums: true,
  immutableTypes: true,
  avoidOptionals: { field: true },
};

for (const [filename, plugin] of [
  ["schema.ts", types],
  ["operations.ts", operations],
]) {
  const written = await codegen({
    filename: join(target, filename),
    schema,
    documents,
    config: settings,
    plugins: [{ [basename(filename, ".ts")]: {} }],
    pluginMap: { [basename(filename, ".ts")]: plugin },
  });
  writeFileSync(join(target, filename), written);
}

for (const own of ["client.ts", "tsconfig.json"]) copyFileSync(new URL(own, import.meta.url), join(target, own));
