//! What gRPC clients see: the types generated from `plasmid/*/v1/*.proto`. Only `validator::wire` converts to and from them.

#![deny(missing_docs)]
#![deny(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unreachable,
    clippy::unwrap_used
)]

/// The file descriptor set of every package, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Accounts, tokens and transactions.
pub mod ledger {
    /// Version 1.
    #[expect(
        missing_docs,
        reason = "it is generated, and says what the .proto file says"
    )]
    pub mod v1 {
        tonic::include_proto!("plasmid.ledger.v1");
    }
}

/// Blocks, validators and the node.
pub mod chain {
    /// Version 1.
    #[expect(
        missing_docs,
        reason = "it is generated, and says what the .proto file says"
    )]
    pub mod v1 {
        tonic::include_proto!("plasmid.chain.v1");
    }
}

/// Checkpoints, withdrawals, proofs and calldata for root.
pub mod bridge {
    /// Version 1.
    #[expect(
        missing_docs,
        reason = "it is generated, and says what the .proto file says"
    )]
    pub mod v1 {
        tonic::include_proto!("plasmid.bridge.v1");
    }
}

/// Positions, operators and rewards.
pub mod stake {
    /// Version 1.
    #[expect(
        missing_docs,
        reason = "it is generated, and says what the .proto file says"
    )]
    pub mod v1 {
        tonic::include_proto!("plasmid.stake.v1");
    }
}
