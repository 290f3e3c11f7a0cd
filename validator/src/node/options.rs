//! What docs/OPTIONS.md says of the files that an operator may change: every option of `plasmid.toml` and of a plan, and the lines of
//! CometBFT's configuration that the chain relies on. Each carries a value that is refused, and a test has the program refuse it.

mod plan;

pub use plan::PLAN;

/// An option as docs/OPTIONS.md describes it.
pub struct Described {
    /// Its name, with its table.
    pub name: &'static str,
    /// What holds when it is absent; of a plan, what `init plan` writes when nothing is said.
    pub default: &'static str,
    /// What it must be.
    pub checked: &'static str,
    /// A value that is refused, in TOML.
    pub refused: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// A line of CometBFT's configuration that the chain relies on.
pub struct ReliedOn {
    /// Its name, with its section.
    pub line: &'static str,
    /// What it must be.
    pub value: &'static str,
    /// A value that is refused, in TOML.
    pub refused: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Every option of `plasmid.toml`.
pub const OPTIONS: [Described; 10] = [
    Described {
        name: "abci",
        default: "required",
        checked: "`unix://PATH` or `tcp://HOST:PORT`",
        refused: "\"abci.sock\"",
        meaning: "where the application listens for CometBFT; its `proxy_app` must be the same",
    },
    Described {
        name: "grpc",
        default: "required",
        checked: "an address and a port above 0",
        refused: "\"127.0.0.1:0\"",
        meaning: "where gRPC and grpc-web are served, in plain text: anything but loopback belongs behind a proxy with TLS, which `grpc_proxies` names",
    },
    Described {
        name: "grpc_proxies",
        default: "none",
        checked: "IP addresses",
        refused: "[\"proxy.example\"]",
        meaning: "proxies in front of gRPC, from which the last address of `x-forwarded-for` is believed to be the client's: the proxy has to append it. Without this line all clients behind a proxy share the limits of one address; name no address from which others connect",
    },
    Described {
        name: "engine_rpc",
        default: "required",
        checked: "`http://HOST:PORT` or `https://HOST`",
        refused: "\"127.0.0.1:26657\"",
        meaning: "CometBFT's RPC, to which submitted transactions are handed",
    },
    Described {
        name: "metrics",
        default: "off",
        checked: "an address and a port above 0",
        refused: "\"127.0.0.1:0\"",
        meaning: "where Prometheus reads `/metrics` (docs/METRICS.md), in plain text",
    },
    Described {
        name: "share_with",
        default: "none; `init join` writes port 9090 of each `--peer` that is not on this machine",
        checked: "at most 64 addresses, `http://HOST:PORT` or `https://HOST`",
        refused: "[\"node.example:9090\"]",
        meaning: "gRPC of other nodes, to which this node hands its shares over checkpoints that root has not accepted: where none of them answers, a share that no vote carried in time goes with later votes only while this node has a seat, and `plasmid status` says so",
    },
    Described {
        name: "retain_blocks",
        default: "0",
        checked: "0, or at least the genesis's `evidence_age_blocks`",
        refused: "1",
        meaning: "how many blocks CometBFT keeps; 0 keeps all. A node that joins by a snapshot needs the blocks behind the newest checkpoints that root has accepted, which are always kept; one that replays every block needs nodes that keep all",
    },
    Described {
        name: "root.endpoints",
        default: "required",
        checked: "one or two `http://` or `https://` addresses; the root chain behind them is the genesis's",
        refused: "[\"http://a.example\", \"http://b.example\", \"http://c.example\"]",
        meaning: "JSON-RPC of the root chain; where two are named, both must agree before anything is reported",
    },
    Described {
        name: "root.registry",
        default: "required",
        checked: "not zero; the RootChain that it makes is the genesis's",
        refused: "\"0x0000000000000000000000000000000000000000\"",
        meaning: "the Registry, from which all other contracts follow",
    },
    Described {
        name: "root.deployed_at",
        default: "required",
        checked: "above 0; the contracts stand in this block",
        refused: "0",
        meaning: "the root block in which the contracts were made, from which messages are read",
    },
];

/// The lines that the chain relies on.
pub const RELIED_ON: [ReliedOn; 16] = [
    ReliedOn {
        line: "abci",
        value: "`socket`",
        refused: "\"grpc\"",
        reason: "the application speaks ABCI over a socket",
    },
    ReliedOn {
        line: "proxy_app",
        value: "`abci` of plasmid.toml",
        refused: "\"tcp://127.0.0.1:1\"",
        reason: "it is where the application listens",
    },
    ReliedOn {
        line: "rpc.max_request_batch_size",
        value: "10 or more, or 0",
        refused: "9",
        reason: "the node hands ten transactions to the engine in one request",
    },
    ReliedOn {
        line: "mempool.type",
        value: "`flood`",
        refused: "\"nop\"",
        reason: "transactions reach the proposer through the pools of all nodes",
    },
    ReliedOn {
        line: "mempool.broadcast",
        value: "on",
        refused: "false",
        reason: "the same",
    },
    ReliedOn {
        line: "mempool.recheck",
        value: "on",
        refused: "false",
        reason: "transactions that no longer apply would stay in the pool for ever",
    },
    ReliedOn {
        line: "mempool.recheck_timeout",
        value: "1s or more",
        refused: "\"999ms\"",
        reason: "what is not asked about again in that time stays in the engine's pool though the application gave it up",
    },
    ReliedOn {
        line: "mempool.cache_size",
        value: "200,000 or more",
        refused: "199999",
        reason: "a smaller one forgets what is pending when a full block passes",
    },
    ReliedOn {
        line: "mempool.size",
        value: "20,000 or more",
        refused: "19999",
        reason: "the application's pool, which chooses, must be the smaller one",
    },
    ReliedOn {
        line: "mempool.max_txs_bytes",
        value: "20,000,000 or more",
        refused: "19999999",
        reason: "the same",
    },
    ReliedOn {
        line: "mempool.max_tx_bytes",
        value: "65,536 or more",
        refused: "8192",
        reason: "the longest bundle in which nodes pass transactions on; what is longer is refused in any case",
    },
    ReliedOn {
        line: "mempool.keep-invalid-txs-in-cache",
        value: "off",
        refused: "true",
        reason: "what was refused once, such as for a sequence too far ahead, could never be sent again",
    },
    ReliedOn {
        line: "consensus.timeout_commit",
        value: "the plan's `block_time_ms`",
        refused: "\"999ms\"",
        reason: "no block comes faster than the block time while validators with more than a third of the power keep it",
    },
    ReliedOn {
        line: "consensus.skip_timeout_commit",
        value: "off",
        refused: "true",
        reason: "else blocks come faster than the block time, and late votes are lost",
    },
    ReliedOn {
        line: "consensus.create_empty_blocks",
        value: "on",
        refused: "false",
        reason: "every block changes the state: epochs and checkpoints go on without transactions",
    },
    ReliedOn {
        line: "consensus.block_time_tolerance",
        value: "`60s`",
        refused: "\"10m\"",
        reason: "it keeps a third of the power from pushing the chain's time ahead",
    },
];
