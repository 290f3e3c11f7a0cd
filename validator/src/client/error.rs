//! Why nothing was signed, or what was signed did not come to be.

use tonic::Status;

/// Why nothing was signed, or what was signed did not come to be.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No node there.
    #[error("no node answers at {place}: {source}")]
    Connect {
        /// Where, without what may be a key.
        place: String,
        /// What went wrong.
        source: tonic::transport::Error,
    },
    /// The address of the node is none.
    #[error("the node's address cannot be used: {why}")]
    Address {
        /// What is wrong with it; it is not repeated, because it may hold a key.
        why: String,
    },
    /// More nodes than a relayer asks.
    #[error("{named} nodes are named, and at most {most} are asked: name fewer")]
    TooManyNodes {
        /// How many are named.
        named: usize,
        /// How many are asked.
        most: usize,
    },
    /// The node serves another deployment.
    #[error("the node serves deployment {found}, and {expected} is expected: sign nothing for it")]
    OtherDeployment {
        /// What the application expects, in hex.
        expected: String,
        /// What the node says, in hex.
        found: String,
    },
    /// The node asks for more than the application allows.
    #[error(
        "the node asks for a fee of {fee}, and at most {most} is allowed: raise the limit in the terms if that is right"
    )]
    Dear {
        /// What it asks for.
        fee: u128,
        /// What is allowed.
        most: u128,
    },
    /// The node names a newer block than there can be.
    #[error(
        "the node says that block {tip} is its newest, and {most} is the highest that is believed: nothing was signed, because the signature \
         would hold for too long"
    )]
    TooHigh {
        /// The block that it names.
        tip: u64,
        /// The highest that is believed.
        most: u64,
    },
    /// With this header it would be a forced transaction.
    #[error(
        "a transaction with fee 0 that is valid until 2^64 - 1 could be sent through the inbox by anybody: nothing was signed; name a fee or a \
         height until which it is valid"
    )]
    Forcible,
    /// The node answered what cannot be read, or what was not asked for.
    #[error("the node answered {field} {found:?}")]
    Answer {
        /// The field.
        field: &'static str,
        /// Its content.
        found: String,
    },
    /// The chain would refuse the transaction: nothing was signed.
    #[error("refused with code {code}: {log}")]
    Refused {
        /// Code of PROTOCOL.md section 4.
        code: u32,
        /// In words.
        log: String,
    },
    /// It was handed in, and the node says that it did not take it.
    #[error(
        "transaction {} was handed in, and the node refused it with code {code}: {log}; it has the signed bytes and may still use them: look \
         it up by that hash before you send the same again",
        hex::encode(.hash)
    )]
    NotTaken {
        /// The engine's hash.
        hash: [u8; 32],
        /// Code of PROTOCOL.md section 4.
        code: u32,
        /// In words.
        log: String,
    },
    /// The node says that it left the mempool without a block.
    #[error(
        "the node says that transaction {} stands in no block and waits nowhere ({why}): look it up by that hash, at another node too, before \
         you send the same again",
        hex::encode(.hash)
    )]
    Gone {
        /// The engine's hash.
        hash: [u8; 32],
        /// The node's reason.
        why: String,
    },
    /// It was handed in, and the node did not say what came of it.
    #[error(
        "transaction {} was handed in, and the node did not say what came of it ({source}): look it up by that hash before you send the same again",
        hex::encode(.hash)
    )]
    Unclear {
        /// The engine's hash.
        hash: [u8; 32],
        /// What the node said.
        source: Status,
    },
    /// The call failed.
    #[error(transparent)]
    Status(#[from] Status),
}
