#!/usr/bin/env node
// Compiles the contracts and keeps what is deployed in artifacts/NAME.json, which is committed.
//
//   node script/build.mjs            writes them
//   node script/build.mjs --check    fails unless the committed ones come from the sources
//   … --out FOLDER                   takes what forge has built there; without it the sources are compiled, from nothing, in a
//                                    folder of their own
//
// One file holds { contract, source, compiler, settings, abi, bytecode, deployedBytecode }. Registry commits to the hashes of
// the creation codes, so every byte counts: no metadata is appended, and the settings are foundry.toml's.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const ARTIFACTS = join(PROJECT, "artifacts");

// What is deployed: the root's contracts, the judge that the FraudCourt creates, and the tokens and the contract wallet of demo and tests.
const SOURCES = [
  "src/Ed25519Verifier.sol",
  "src/Registry.sol",
  "src/Inbox.sol",
  "src/Vault.sol",
  "src/Court.sol",
  "src/Exits.sol",
  "src/DataChallenges.sol",
  "src/FraudCourt.sol",
  "src/court/SegmentJudge.sol",
  "src/RootChain.sol",
  "test/tokens/TestToken.sol",
  "test/tokens/ApprovalToken.sol",
  "test/wallets/ContractWallet.sol",
];

// EIP-170 allows 24,576 bytes of code. What is left is for what a mend adds.
const MAX_CODE = 24_000;

const contractOf = (source) => source.replace(/^.*\/|\.sol$/g, "");

// All sources, from nothing, into the folder: one within the project, because forge compares paths with its own.
function compile(folder) {
  const options = ["--force", "--out", folder, "--cache-path", join(folder, "cache")];
  const run = spawnSync(process.execPath, [join(PROJECT, "script/forge"), "build", ...SOURCES, ...options], {
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(`the contracts do not compile:\n${run.stdout}${run.stderr}`);
}

function artifact(source, folder) {
  const name = contractOf(source);
  const made = JSON.parse(readFileSync(join(folder, `${name}.sol`, `${name}.json`), "utf8"));
  const { abi, bytecode, deployedBytecode, metadata } = made;
  if (/[^0-9a-fx]/.test(bytecode.object)) throw new Error(`${source}: the code has unlinked libraries`);
  const length = (deployedBytecode.object.length - 2) / 2;
  if (length > MAX_CODE) throw new Error(`${source}: ${length} bytes of code, and at most ${MAX_CODE} are allowed`);
  const { optimizer, evmVersion, viaIR } = metadata.settings;
  return {
    contract: name,
    source,
    compiler: `solc ${metadata.compiler.version}`,
    settings: { optimizerRuns: optimizer.runs, viaIR, evmVersion, metadata: "none" },
    abi,
    bytecode: bytecode.object,
    deployedBytecode: deployedBytecode.object,
  };
}

const check = process.argv.includes("--check");
const option = process.argv.indexOf("--out");
const built = option === -1 ? undefined : join(PROJECT, process.argv[option + 1]);
mkdirSync(join(PROJECT, "cache"), { recursive: true });
const folder = built ?? mkdtempSync(join(PROJECT, "cache", "build-"));
let differ = 0;
try {
  mkdirSync(ARTIFACTS, { recursive: true });
  if (!built) compile(folder);
  for (const source of SOURCES) {
    const name = contractOf(source);
    const path = join(ARTIFACTS, `${name}.json`);
    const made = artifact(source, folder);
    const text = JSON.stringify(made, null, 2) + "\n";
    const size = `${(made.deployedBytecode.length - 2) / 2} bytes`;
    if (!check) {
      writeFileSync(path, text);
      console.log(`wrote artifacts/${name}.json (${size})`);
      continue;
    }
    let kept = "";
    try {
      kept = readFileSync(path, "utf8");
    } catch {
      // Missing: differs.
    }
    if (kept === text) {
      console.log(`artifacts/${name}.json comes from ${source} (${size})`);
    } else {
      console.error(`artifacts/${name}.json does not come from ${source}: run node script/build.mjs`);
      differ = 1;
    }
  }
  const names = SOURCES.map((source) => `${contractOf(source)}.json`);
  for (const name of readdirSync(ARTIFACTS).filter((name) => !names.includes(name))) {
    console.error(`artifacts/${name} comes from no source that script/build.mjs knows`);
    differ = 1;
  }
} catch (error) {
  console.error(error.message);
  differ = 1;
} finally {
  if (!built) rmSync(folder, { recursive: true, force: true });
}
process.exit(differ);
