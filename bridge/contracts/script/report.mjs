#!/usr/bin/env node
// Prints the sizes of the contracts and the gas of named operations.
//
//   node script/report.mjs [--json]
//
// Sizes come from the committed artifacts. Gas comes from forge: every test named `test_gas…` records its operations with
// vm.snapshotValue("operations", name, gas) or vm.snapshotGasLastCall("operations", name). Names end in "(call)" where the
// figure is one call without the 21,000 gas and the calldata of a transaction, in "(tx)" where both are in it.

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const CODE_LIMIT = 24_576; // EIP-170
const INITCODE_LIMIT = 49_152; // EIP-3860

function sizes() {
  const folder = join(PROJECT, "artifacts");
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const { contract, bytecode, deployedBytecode } = JSON.parse(readFileSync(join(folder, file), "utf8"));
      return { contract, code: (deployedBytecode.length - 2) / 2, creation: (bytecode.length - 2) / 2 };
    });
}

function gas() {
  const folder = join(PROJECT, "snapshots");
  rmSync(folder, { recursive: true, force: true });
  const forge = [join(PROJECT, "script/forge"), "test", "--match-test", "^test_gas"];
  const run = spawnSync(process.execPath, forge, { encoding: "utf8" });
  if (run.status !== 0) {
    console.error(`the gas tests failed:\n${run.stdout}${run.stderr}`);
    process.exit(1);
  }
  const operations = JSON.parse(readFileSync(join(folder, "operations.json"), "utf8"));
  return Object.entries(operations).map(([operation, used]) => ({ operation, gas: Number(used) }));
}

const number = (value) => value.toLocaleString("en-US");

function table(head, rows) {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

const report = { sizes: sizes(), gas: gas() };
if (process.argv.includes("--json")) {
  for (const { contract, code } of report.sizes) {
    console.log(JSON.stringify({ name: `code_bytes.${contract}`, value: code, unit: "bytes" }));
  }
  for (const { operation, gas } of report.gas) {
    console.log(JSON.stringify({ name: `gas.${operation}`, value: gas, unit: "gas" }));
  }
} else {
  const row = ({ contract, code, creation }) => [
    contract,
    number(code),
    `${((100 * code) / CODE_LIMIT).toFixed(0)}%`,
    number(creation),
    `${((100 * creation) / INITCODE_LIMIT).toFixed(0)}%`,
  ];
  console.log(table(["contract", "code bytes", "of limit", "creation bytes", "of limit"], report.sizes.map(row)));
  console.log("");
  console.log(table(["operation", "gas"], report.gas.map(({ operation, gas }) => [operation, number(gas)])));
}
const large = report.sizes.filter(({ code, creation }) => code > CODE_LIMIT || creation > INITCODE_LIMIT);
for (const { contract } of large) console.error(`${contract} is larger than a contract may be`);
process.exit(large.length === 0 ? 0 : 1);
