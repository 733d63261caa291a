// Resolves package.json anew into package-lock.json: `npm run lock` in this folder.
// The lock says what, by hash, never where: entries lose the addresses that npm writes beside them.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const LOCK = "package-lock.json";
const ADDRESSES = ["resolved", "funding", "deprecated"];

execFileSync("npm", ["install", "--package-lock-only", "--no-audit", "--no-fund"], { stdio: "inherit" });
const lock = JSON.parse(readFileSync(LOCK, "utf8"));
for (const entry of Object.values(lock.packages)) {
  for (const key of ADDRESSES) delete entry[key];
}
writeFileSync(LOCK, JSON.stringify(lock, null, 2) + "\n");
