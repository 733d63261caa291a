// Compiles with the Relay compiler, for TypeScript, what a Relay app could ask: the fragments in relay/ and the
// operations given, each as the module Relay wants it in: `node relay.mjs schema.graphql TARGET OPERATIONS…`.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, print } from "graphql";
import compiler from "relay-compiler";
import { scalarsOf } from "./scalars.mjs";

const [schemaFile, target, ...files] = process.argv.slice(2);
const schema = readFileSync(schemaFile, "utf8");

cpSync(new URL("relay", import.meta.url), join(target, "src"), { recursive: true });
mkdirSync(join(target, "artifacts"));
writeFileSync(join(target, "schema.graphql"), schema);
for (const operation of files.flatMap((file) => parse(readFileSync(file, "utf8")).definitions)) {
  const module = operation.name.value;
  const kind = operation.operation[0].toUpperCase() + operation.operation.slice(1);
  const named = { ...operation, name: { ...operation.name, value: module + kind } };
  writeFileSync(
    join(target, "src", `${module}.js`),
    `import { graphql } from "relay-runtime";\nexport default graphql\`\n${print(named)}\n\`;\n`,
  );
}
const settings = {
  src: "src",
  schema: "schema.graphql",
  artifactDirectory: "artifacts",
  language: "typescript",
  customScalarTypes: scalarsOf(parse(schema)),
  requireCustomScalarTypes: true,
  noSourceControl: true,
};
writeFileSync(join(target, "relay.config.json"), JSON.stringify(settings));
process.exitCode = spawnSync(compiler, { cwd: target, stdio: "inherit" }).status ?? 1;
