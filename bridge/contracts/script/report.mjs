#!/usr/bin/env node
// Prints the sizes of the contracts and the gas of named operations.
//
//   node script/report.mjs [--json]
//   node script/report.mjs --by-set [--json]     checkpoints and reports by the size of the set, beside their rivals: `plasmid bench gas`
//
// Each row of --by-set is a transaction, and stands twice (`_priced` of test/Deployed.sol). "today": 21,000 gas, what is executed, and calldata at 4 gas
// for a zero byte and 16 for another one; but at least 21,000 gas and calldata at 10 and 40 (EIP-7623). "64": the same, but at least
// 21,000 gas and calldata at 64 gas a byte (EIP-7976). double_vote_verify_gas is no transaction, so no calldata is in it.
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

function gas(...which) {
  const folder = join(PROJECT, "snapshots");
  rmSync(folder, { recursive: true, force: true });
  const forge = [join(PROJECT, "script/forge"), "test", "--match-test", "^test_gas", ...which];
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

// Payments of one epoch over which a checkpoint's gas is shared: 64 blocks of a hundred.
const PAYMENTS = 6_400;

// One row a figure and price of calldata: { name, members or accounts or leaves of the state, missing or spread, calldata, payments that share it, value, unit, rival, ratio }. The rival of a checkpoint is the loop over ECDSA signatures
// of the same set, and of a payment's share of it the same payment of a token, made on root.
function bySet() {
  const parts = /^by set: (.+?)(, a third missing)?, (\d+) members(, calldata at 64)? \(tx\)$/;
  const names = {
    checkpoint: "checkpoint_gas",
    "ECDSA loop": "ecdsa_loop_gas",
    "double vote": "double_vote_gas",
    "double checkpoint": "double_checkpoint_gas",
    "two certificates": "double_certificate_gas",
    "a certificate beside the accepted one": "certificate_beside_accepted_gas",
    "show four members of a set": "show_four_members_gas",
    "token payment on root": "root_payment_gas",
  };
  const rows = [];
  // Whatever the set: an operation, its figure, and how many accounts leave.
  const others = [
    ["bad link, the dearest", "bad_link_gas"],
    ["bad signature, of three", "bad_signature_gas"],
    ["bad signature, of a full segment", "bad_signature_full_segment_gas"],
    ["bad segment, 32 transfers, 2^20", "segment_gas_transfers", { leaves: 2 ** 20 }],
    ["bad segment, 32 transfers, 2^32", "segment_gas_transfers", { leaves: 2 ** 32 - 1 }],
    ["bad segment, full records, 2^20", "segment_gas_records", { leaves: 2 ** 20 }],
    ["bad segment, full records, 2^32", "segment_gas_records", { leaves: 2 ** 32 - 1 }],
    ["bad segment, 32 forced, 2^20", "segment_gas_forced", { leaves: 2 ** 20 }],
    ["bad segment, 32 forced, 2^32", "segment_gas_forced", { leaves: 2 ** 32 - 1 }],
    ["challenge: of a segment, the first of its epoch", "challenge_gas"],
    ["challenge: answer with a segment of 32 KB", "answer_gas"],
    ["challenge: answer with a leaf", "answer_leaf_gas"],
    ["leaving: checkpoints made final", "finalize_gas"],
    ["leaving: exit mode begun", "exit_begin_gas"],
    ["leaving: the base opened", "exit_open_gas"],
    ["leaving: exit of one account", "exit_gas", { accounts: 1 }],
    ["leaving: exit of 100 accounts in a range", "exit_gas", { accounts: 100, spread: false }],
    ["leaving: exit of 100 accounts that are spread", "exit_gas", { accounts: 100, spread: true }],
  ];
  const measured = gas("--match-path", "test/{GasBySet,CourtGas,Links,Signatures,Executions,DataChallengesGas,ExitGas}.t.sol");
  for (const { operation, gas: value } of measured) {
    const found = parts.exec(operation);
    if (!found) continue;
    const name = names[found[1]];
    if (!name) throw new Error(`no figure is named for ${operation}`);
    const [missing, calldata] = [found[2] ? "third" : "none", found[4] ? "64" : "today"];
    rows.push({ name, members: Number(found[3]), missing, calldata, value, unit: "gas" });
  }
  const other = (row, name, missing) =>
    rows.find((one) => one.name === name && one.members === row.members && one.missing === missing && one.calldata === row.calldata);
  for (const row of rows.filter(({ name }) => name === "checkpoint_gas")) {
    const [loop, payment] = [other(row, "ecdsa_loop_gas", row.missing), other(row, "root_payment_gas", "none")];
    Object.assign(row, { rival: loop.name, ratio: row.value / loop.value });
    const share = row.value / PAYMENTS;
    rows.push({ ...row, name: "root_gas_per_transaction", payments: PAYMENTS, value: share, rival: payment.name, ratio: share / payment.value });
  }
  for (const [operation, name, which] of others) {
    for (const [calldata, suffix] of [["today", ""], ["64", ", calldata at 64"]]) {
      const { gas: value } = measured.find((one) => one.operation === `${operation}${suffix} (tx)`);
      rows.push({ name, ...which, calldata, value, unit: "gas" });
    }
  }
  const verify = measured.find(({ operation }) => operation.includes("part: sign bytes and signatures"));
  rows.push({ name: "double_vote_verify_gas", value: verify.gas, unit: "gas" });
  const size = (row) => row.members ?? row.accounts ?? row.leaves ?? 0;
  return rows.sort((a, b) => a.name.localeCompare(b.name) || size(a) - size(b));
}

if (process.argv.includes("--by-set")) {
  const rows = bySet();
  if (process.argv.includes("--json")) {
    for (const row of rows) console.log(JSON.stringify(row));
  } else {
    const text = (value) => (value === undefined ? "" : String(value));
    const places = { true: "spread", false: "a range" };
    const size = (one) => text(one.members ?? one.accounts ?? one.leaves);
    const row = (one) => [one.name, size(one), text(one.missing ?? places[one.spread]), text(one.calldata)].concat([
      number(Math.round(one.value * 10) / 10),
      text(one.rival),
      one.ratio === undefined ? "" : one.ratio.toFixed(5),
    ]);
    console.log(table(["figure", "number", "missing", "calldata", "gas", "rival", "ratio"], rows.map(row)));
  }
  process.exit(0);
}
const report = { sizes: sizes(), gas: gas("--no-match-path", "test/GasBySet.t.sol") };
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
