//! What docs/OPTIONS.md says of the files that an operator may change: every option of `plasmid.toml`, and the lines of CometBFT's
//! configuration that the chain relies on.

/// An option as docs/OPTIONS.md describes it.
pub struct Described {
    /// Its name, with its table.
    pub name: &'static str,
    /// What holds when it is absent.
    pub default: &'static str,
    /// What is refused.
    pub checked: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Every option of `plasmid.toml`.
pub const OPTIONS: [Described; 9] = [
    Described {
        name: "abci",
        default: "required",
        checked: "`unix://PATH` or `tcp://HOST:PORT`",
        meaning: "where the application listens for CometBFT; its `proxy_app` must be the same",
    },
    Described {
        name: "grpc",
        default: "required",
        checked: "an address and a port that is free",
        meaning: "where gRPC and grpc-web are served, in plain text: anything but loopback belongs behind a proxy with TLS",
    },
    Described {
        name: "engine_rpc",
        default: "required",
        checked: "`http://HOST:PORT`",
        meaning: "CometBFT's RPC, to which submitted transactions are handed",
    },
    Described {
        name: "metrics",
        default: "off",
        checked: "an address and a port that is free",
        meaning: "where Prometheus reads `/metrics` (docs/METRICS.md), in plain text",
    },
    Described {
        name: "share_with",
        default: "none",
        checked: "`http://` addresses",
        meaning: "gRPC of other nodes, to which this node hands its shares over checkpoints that root has not accepted, in plain text: shares are no secret",
    },
    Described {
        name: "retain_blocks",
        default: "0",
        checked: "0, or at least the genesis's `evidence_age_blocks`",
        meaning: "how many blocks CometBFT keeps; 0 keeps all. A new node replays every block, so a network needs nodes that keep all",
    },
    Described {
        name: "root.endpoints",
        default: "required",
        checked: "one or two `http://` or `https://` addresses, of the genesis's root chain",
        meaning: "JSON-RPC of the root chain; where two are named, both must agree before anything is reported",
    },
    Described {
        name: "root.registry",
        default: "required",
        checked: "the RootChain that it makes is the genesis's",
        meaning: "the Registry, from which all other contracts follow",
    },
    Described {
        name: "root.deployed_at",
        default: "required",
        checked: "the contracts stand in this block",
        meaning: "the root block in which the contracts were made, from which messages are read",
    },
];

/// Lines that the chain relies on, with their reasons; docs/OPTIONS.md lists them.
pub const RELIED_ON: [(&str, &str, &str); 12] = [
    (
        "abci",
        "`socket`",
        "the application speaks ABCI over a socket",
    ),
    (
        "mempool.recheck",
        "on",
        "transactions that no longer apply would stay in the pool for ever",
    ),
    (
        "mempool.cache_size",
        "200,000 or more",
        "a smaller one forgets what is pending when a full block passes",
    ),
    (
        "mempool.type",
        "`flood`",
        "transactions reach the proposer through the pools of all nodes",
    ),
    (
        "mempool.size",
        "20,000 or more",
        "the application's pool, which chooses, must be the smaller one",
    ),
    ("mempool.max_txs_bytes", "8,000,000 or more", "the same"),
    (
        "mempool.keep-invalid-txs-in-cache",
        "off",
        "what was refused once, such as for a sequence too far ahead, could never be sent again",
    ),
    (
        "consensus.timeout_commit",
        "the plan's `block_time_ms`",
        "a third of the power that keeps it holds the block time for all",
    ),
    (
        "consensus.skip_timeout_commit",
        "off",
        "else blocks come faster than the block time, and late votes are lost",
    ),
    (
        "consensus.create_empty_blocks",
        "on",
        "every block changes the state: epochs and checkpoints go on without transactions",
    ),
    (
        "consensus.block_time_tolerance",
        "`60s`",
        "it keeps a third of the power from pushing the chain's time ahead",
    ),
    (
        "proxy_app",
        "`abci` of plasmid.toml",
        "it is where the application listens",
    ),
];
