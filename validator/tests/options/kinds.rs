//! What is checked of each option of the command line: a kind of values for every option, and the kinds in one table.

use std::{any::TypeId, net::SocketAddr, ops::RangeInclusive, path::PathBuf};

use alloy_primitives::{Address, B256};
use clap::Arg;

/// A kind of values.
pub struct Kind {
    /// How the tables call it.
    pub name: &'static str,
    /// What is checked.
    pub checked: &'static str,
    /// A value that is refused while the command line is read, before anything is asked or done; `None` where the command itself checks it.
    pub refused: Option<&'static str>,
}

const fn early(name: &'static str, checked: &'static str, refused: &'static str) -> Kind {
    Kind {
        name,
        checked,
        refused: Some(refused),
    }
}

const fn late(name: &'static str, checked: &'static str) -> Kind {
    Kind {
        name,
        checked,
        refused: None,
    }
}

const FLAG: Kind = early("flag", "it takes no value", "yes");
const CHOICE: Kind = early("choice", "one of the names in the last column", "other");
const U16: Kind = early("u16", "a whole number, 0 to 65,535", "65536");
const U32: Kind = early("u32", "a whole number, 0 to 2^32 − 1", "4294967296");
const U64: Kind = early(
    "u64",
    "a whole number, 0 to 2^64 − 1",
    "18446744073709551616",
);
const U128: Kind = early("u128", "a whole number, 0 to 2^128 − 1", "-1");
/// All digits are right and the case of the last one is not: a parser that does not look at the checksum would take it.
const WRONG_CHECKSUM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD";
const ADDRESS: Kind = early(
    "address",
    "`0x` and 40 hexadecimal digits; capital letters among them have to be the checksum (EIP-55)",
    WRONG_CHECKSUM,
);
const HASH: Kind = early(
    "hash",
    "32 bytes as hexadecimal digits, with `0x` or without",
    "0x12",
);
const OPERATOR: Kind = late(
    "operator",
    "an address on root, or the name of a key of this folder",
);
const TEXT: Kind = late(
    "text",
    "UTF-8 without control characters, of at most as many bytes as the last column says",
);
const URL: Kind = early(
    "URL",
    "`http://` or `https://`, a host, and a port from 1 to 65,535 where one is named",
    "127.0.0.1:9090",
);
const LISTENING: Kind = early(
    "listening address",
    "an IP address and a port from 1 to 65,535, such as `127.0.0.1:9090` or `[::1]:9090`",
    "127.0.0.1:0",
);
const MONIKER: Kind = early(
    "moniker",
    "1 to 70 visible characters, with no blank at the beginning or the end",
    " node",
);
const PATH: Kind = late(
    "path",
    "that it can be read, or written, when the command comes to it; what a file holds is checked by its form",
);
const AMOUNT: Kind = late(
    "amount",
    "a decimal number with at most as many places as the coin has, or base units (`1500base`); below 2^128",
);
const GWEI: Kind = late("gwei", "a decimal number with at most nine places");
const ROOT_ADDRESS: Kind = early(
    "root address",
    "as an address; none of the deployment's own contracts, where money would go to it",
    WRONG_CHECKSUM,
);
const TOKEN_ADDRESS: Kind = late("token address", "as an address; not empty");
const ACCOUNT: Kind = late(
    "account",
    "an address, a `plasmid1…` text whose checksum is right, or the name of a key in the folder of keys; where money would go to it, none of the deployment's own contracts",
);
const KEY: Kind = late(
    "key",
    "letters, digits, `-`, `_` and `.`, the first one no `.`; where a key is used, that the folder of keys has it and that the password opens it",
);
const TOKEN: Kind = late(
    "token",
    "an address, or a symbol that root and the node know for one token only; not empty",
);
const TOPIC: Kind = late(
    "topic",
    "64 hexadecimal digits, or a text of at most 32 bytes",
);
const MEMO: Kind = late("memo", "a text of at most 32 bytes");
const DATA: Kind = late(
    "data",
    "a text of at most 1,024 bytes, and through the inbox as much as leaves the transaction at 512",
);
const BYTES: Kind = late(
    "bytes",
    "hexadecimal digits that are a whole transaction, with `0x` or without",
);
const ID: Kind = late(
    "transaction id",
    "64 hexadecimal digits, with `0x` or without",
);
const PAGE: Kind = late(
    "page token",
    "that the node made it: its shape is the node's own",
);
const PEER: Kind = late(
    "peer",
    "`ID@HOST:PORT`, the id of 40 hexadecimal digits, the port from 1 to 65,535",
);
const BALANCE: Kind = late(
    "balance",
    "`ACCOUNT=AMOUNT`: an account and an amount; the account once, the amount above 0, all of them within 2^112 wei",
);
const DELEGATION: Kind = late(
    "delegation",
    "`ACCOUNT=OPERATOR=AMOUNT`: an account, an operator of the plan and an amount; the pair once, the amount above 0, all of them within 2^112 wei",
);
const COMMISSION: Kind = late(
    "commission",
    "`OPERATOR=COMMISSION`, then `=MAX` and `=STEP` where they are said: an operator of the plan, once, and numbers of 1/10,000 that `terms` of a plan takes",
);
const NAME: Kind = late(
    "operator and name",
    "`OPERATOR=NAME`: an operator of the plan and at most 32 bytes without control characters",
);
const RATIO: Kind = early("ratio", "a decimal number above 0 and at most 1,000", "0");
const RANGE: Kind = early(
    "range",
    "`FROM..TO`: two whole numbers, 0 to 2^32 − 1, the second at least the first",
    "7..3",
);
const STATE_ROOT: Kind = late("state root", "32 bytes as hexadecimal digits");

/// All kinds, in the order of the page.
pub const KINDS: [&Kind; 35] = [
    &FLAG,
    &CHOICE,
    &U16,
    &U32,
    &U64,
    &U128,
    &ADDRESS,
    &HASH,
    &OPERATOR,
    &TEXT,
    &URL,
    &LISTENING,
    &MONIKER,
    &PATH,
    &AMOUNT,
    &GWEI,
    &ROOT_ADDRESS,
    &TOKEN_ADDRESS,
    &ACCOUNT,
    &KEY,
    &TOKEN,
    &TOPIC,
    &MEMO,
    &DATA,
    &BYTES,
    &ID,
    &PAGE,
    &PEER,
    &BALANCE,
    &DELEGATION,
    &COMMISSION,
    &NAME,
    &STATE_ROOT,
    &RATIO,
    &RANGE,
];

/// An option that takes less than its kind.
pub struct Narrower {
    /// The last word of its command.
    pub command: &'static str,
    /// Its name.
    pub option: &'static str,
    /// What it must be.
    pub checked: &'static str,
    /// As in [`Kind`].
    pub refused: Option<&'static str>,
}

const fn narrower(
    command: &'static str,
    option: &'static str,
    checked: &'static str,
    refused: Option<&'static str>,
) -> Narrower {
    Narrower {
        command,
        option,
        checked,
        refused,
    }
}

pub const NARROWER: [Narrower; 35] = [
    narrower("app", "accounts", "1 to 16,000,000", Some("16000001")),
    narrower("app", "transfers", "1 to 100,000", Some("0")),
    narrower("app", "blocks", "1 to 1,000", Some("1001")),
    narrower("store", "accounts", "1 to 16,000,000", Some("0")),
    narrower("store", "transfers", "1 to 100,000", Some("100001")),
    narrower("store", "blocks", "1 to 1,000", Some("0")),
    narrower("stake", "delegators", "2 to 16,000,000", Some("1")),
    narrower("stake", "seats", "2 to 512", Some("513")),
    narrower("stake", "transactions", "1 to 100,000", Some("0")),
    narrower("stake", "blocks", "1 to 1,000", Some("1001")),
    narrower("idle", "minutes", "1 to 1,440", Some("1441")),
    narrower("idle", "interval-secs", "1 to 60", Some("61")),
    narrower("network", "seconds", "1 to 3,600", Some("0")),
    narrower("network", "rate", "1 to 1,000,000", Some("1000001")),
    narrower("network", "overload", "0 to 600", Some("601")),
    narrower("network", "connections", "1 to 256", Some("0")),
    narrower("network", "senders", "1 to 100,000", Some("0")),
    narrower("load", "rate", "1 to 1,000,000", Some("0")),
    narrower("load", "connections", "1 to 256", Some("257")),
    narrower("load", "time", "1 to 3,600", Some("0")),
    narrower("load", "drain", "1 to 3,600", Some("3601")),
    narrower("load", "size", "0 to 1,024", Some("1025")),
    narrower("load", "senders", "1 to 100,000", Some("100001")),
    narrower("localnet", "validators", "1 to 16", None),
    narrower("localnet", "block-time-ms", "16 to 1,875", None),
    narrower("demo", "block-time-ms", "16 to 1,875", None),
    narrower("plan", "root-chain-id", "as in `network.toml`", None),
    narrower("plan", "block-time-ms", "as in `network.toml`", None),
    narrower("plan", "shortest-epoch-secs", "as in `network.toml`", None),
    narrower("plan", "operator", "as in `network.toml`", None),
    narrower("delegate", "max-commission", "0 to 10,000", Some("10001")),
    narrower("redelegate", "max-commission", "0 to 10,000", Some("10001")),
    narrower("edit", "commission", "0 to 10,000", Some("10001")),
    narrower("edit", "max-commission", "0 to 10,000", Some("10001")),
    narrower("edit", "commission-step", "0 to 10,000", Some("10001")),
];

/// What else is checked of an option of the command with this last word.
pub fn less(command: &str, argument: &Arg) -> Option<&'static Narrower> {
    let is_it = |one: &&Narrower| one.command == command && argument.get_long() == Some(one.option);
    NARROWER.iter().find(is_it)
}

/// The kind of an option's values; `command` is the last word of its command.
pub fn kind(command: &str, argument: &Arg) -> Option<&'static Kind> {
    if !argument.get_action().takes_values() {
        return Some(&FLAG);
    }
    if !argument.get_possible_values().is_empty() {
        return Some(&CHOICE);
    }
    let parsed = argument.get_value_parser().type_id();
    let name = argument.get_id().as_str();
    let is_paid = matches!(name, "payout" | "recipient" | "refund" | "root_chain")
        || matches!((command, name), ("withdraw" | "assign" | "buy", "to"));
    if parsed == TypeId::of::<Address>() && is_paid {
        return Some(&ROOT_ADDRESS);
    }
    let typed = [
        (TypeId::of::<u16>(), &U16),
        (TypeId::of::<u32>(), &U32),
        (TypeId::of::<u64>(), &U64),
        (TypeId::of::<u128>(), &U128),
        (TypeId::of::<f64>(), &RATIO),
        (TypeId::of::<Address>(), &ADDRESS),
        (TypeId::of::<B256>(), &HASH),
        (TypeId::of::<SocketAddr>(), &LISTENING),
        (TypeId::of::<PathBuf>(), &PATH),
        (TypeId::of::<RangeInclusive<u32>>(), &RANGE),
    ];
    if let Some((_, kind)) = typed.iter().find(|(of, _)| parsed == *of) {
        return Some(kind);
    }
    if parsed != TypeId::of::<String>() {
        return None;
    }
    Some(match (command, name) {
        (
            _,
            "node" | "root" | "second_root" | "also_nodes" | "engines" | "share_with" | "snapshot"
            | "endpoints" | "engine",
        ) => &URL,
        (_, "moniker") => &MONIKER,
        (_, "peers") => &PEER,
        ("describe", "name" | "website" | "contact" | "details") => &TEXT,
        (_, "name" | "from" | "carrier" | "key") => &KEY,
        ("delegate" | "redelegate", "to") | (_, "operator") => &OPERATOR,
        ("deposit" | "prove", "token") => &TOKEN_ADDRESS,
        (_, "to" | "account" | "owner") => &ACCOUNT,
        (_, "token") => &TOKEN,
        (
            _,
            "amount" | "price" | "native" | "stake" | "bond" | "pay" | "max_cost" | "budget"
            | "challenge_budget" | "min_self_stake",
        ) => &AMOUNT,
        ("relay" | "watch", "max_fee" | "max_tip") | (_, "max_root_fee") => &GWEI,
        (_, "topic") => &TOPIC,
        (_, "data") => &DATA,
        (_, "memo") => &MEMO,
        (_, "bytes") => &BYTES,
        (_, "id") => &ID,
        (_, "page") => &PAGE,
        (_, "balances") => &BALANCE,
        (_, "delegations") => &DELEGATION,
        (_, "commissions") => &COMMISSION,
        (_, "names") => &NAME,
        (_, "state_root") => &STATE_ROOT,
        _ => return None,
    })
}
