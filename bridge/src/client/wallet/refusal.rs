//! What nodes of the root chain say when they do not take a transaction. Each client has its own words for the same thing, and some of
//! them mean that they have it already.
//!
//! The words stand in the clients' sources: go-ethereum `core/error.go`, `core/txpool/errors.go`, `internal/ethapi`; reth
//! `rpc-eth-types/src/error`; erigon `txpoolcfg.DiscardReason` (with the result's name in front); Nethermind `AcceptTxResult` and
//! `TxPoolErrorMessages` (names before 2026, go-ethereum's words since), and its issues for calls that failed before 2025; Besu `RpcErrorType`;
//! anvil `eth/error.rs`. The tests have a row for each. Nethermind and anvil have no limit of their own on what a transaction may cost.

/// What a refusal means for whoever sent the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The node has this very transaction.
    Known,
    /// A transaction with this nonce is mined.
    NonceUsed,
    /// The node wants a higher fee, for its pool or in place of the transaction that it holds.
    Underpriced,
    /// The account cannot pay for it.
    InsufficientFunds,
    /// The node limits what one transaction may cost, whatever the account has.
    OverNodeCap,
    /// The call would revert.
    WouldRevert,
    /// Anything else.
    Other,
}

const WORDS: [(Refusal, &[&str]); 6] = [
    (
        Refusal::Known,
        &[
            "already known",
            "alreadyknown",
            "already_exists",
            "known transaction",
            "already imported",
            "existing txn with same hash",
            "existing tx with same hash",
        ],
    ),
    (
        Refusal::NonceUsed,
        &["nonce too low", "oldnonce", "internal_error: mined"],
    ),
    (
        Refusal::Underpriced,
        &[
            "underpriced",
            "could not replace existing tx",
            "replaced by transaction with higher tip",
            "replacementnotallowed",
            "insufficient gas price to replace",
            "feetoolow",
            "fee too low",
            "gas price below",
            "max fee per gas less than block base fee",
            "priority fee below minimum",
        ],
    ),
    (
        Refusal::InsufficientFunds,
        &[
            "insufficient funds",
            "insufficientfunds",
            "upfront cost exceeds account balance",
        ],
    ),
    (
        Refusal::OverNodeCap,
        &["exceeds the configured cap", "fee cap exceeded"],
    ),
    (
        Refusal::WouldRevert,
        &[
            "revert",
            "vm execution error",
            "invalid opcode",
            "invalid jump destination",
            "opcodenotfound",
            "invalidfeopcode",
            "invalidjump",
        ],
    ),
];

impl Refusal {
    /// What this message of a node means.
    pub(super) fn of(message: &str) -> Self {
        let lower = message.to_lowercase();
        WORDS
            .iter()
            .find(|(_, words)| words.iter().any(|word| lower.contains(word)))
            .map_or(Self::Other, |(refusal, _)| *refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal::{self, *};

    const ROWS: &[(&str, &str, Refusal)] = &[
        ("geth", "already known", Known),
        ("geth", "nonce too low: next nonce 5, tx nonce 4", NonceUsed),
        ("geth", "transaction underpriced", Underpriced),
        (
            "geth",
            "transaction underpriced: gas tip cap 1, minimum needed 1000000",
            Underpriced,
        ),
        ("geth", "replacement transaction underpriced", Underpriced),
        (
            "geth",
            "replacement transaction underpriced: new tx gas fee cap 1 <= 1 queued",
            Underpriced,
        ),
        (
            "geth",
            "insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1",
            InsufficientFunds,
        ),
        (
            "geth",
            "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)",
            OverNodeCap,
        ),
        ("geth", "execution reverted", WouldRevert),
        // core/vm/errors.go: a contract that ends by `assert` of old compilers, or by `throw`.
        ("geth", "invalid opcode: INVALID", WouldRevert),
        ("geth", "invalid jump destination", WouldRevert),
        ("geth", "gas required exceeds allowance (30000000)", Other),
        ("geth", "exceeds block gas limit", Other),
        ("geth", "oversized data", Other),
        ("geth", "account limit exceeded", Other),
        ("reth", "already known", Known),
        ("reth", "nonce too low: next nonce 7, tx nonce 6", NonceUsed),
        ("reth", "transaction underpriced", Underpriced),
        ("reth", "replacement transaction underpriced", Underpriced),
        (
            "reth",
            "max fee per gas less than block base fee",
            Underpriced,
        ),
        (
            "reth",
            "transaction priority fee below minimum required priority fee 1000",
            Underpriced,
        ),
        (
            "reth",
            "insufficient funds for gas * price + value: have 0 want 1",
            InsufficientFunds,
        ),
        (
            "reth",
            "tx fee (1200000000000000000 wei) exceeds the configured cap (1000000000000000000 wei)",
            OverNodeCap,
        ),
        ("reth", "txpool is full", Other),
        ("reth", "execution reverted: not now", WouldRevert),
        // RpcInvalidTransactionError::EvmHalt, with the name of revm's reason.
        ("reth", "EVM error: InvalidFEOpcode", WouldRevert),
        ("reth", "EVM error: OpcodeNotFound", WouldRevert),
        ("erigon", "ALREADY_EXISTS: already known", Known),
        (
            "erigon",
            "ALREADY_EXISTS: existing txn with same hash",
            Known,
        ),
        (
            "erigon",
            "INTERNAL_ERROR: existing tx with same hash",
            Known,
        ),
        ("erigon", "INTERNAL_ERROR: nonce too low", NonceUsed),
        ("erigon", "INTERNAL_ERROR: mined", NonceUsed),
        (
            "erigon",
            "INTERNAL_ERROR: could not replace existing tx",
            Underpriced,
        ),
        (
            "erigon",
            "INTERNAL_ERROR: replaced by transaction with higher tip",
            Underpriced,
        ),
        ("erigon", "FEE_TOO_LOW: underpriced", Underpriced),
        ("erigon", "FEE_TOO_LOW: fee too low", Underpriced),
        (
            "erigon",
            "INTERNAL_ERROR: insufficient funds",
            InsufficientFunds,
        ),
        ("erigon", "INTERNAL_ERROR: pending sub-pool is full", Other),
        // rpc/jsonrpc/send_transaction.go, checkTxFee.
        (
            "erigon",
            "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)",
            OverNodeCap,
        ),
        ("erigon", "execution reverted", WouldRevert),
        ("nethermind", "AlreadyKnown", Known),
        (
            "nethermind",
            "OldNonce, Current nonce: 5, nonce of rejected tx: 4",
            NonceUsed,
        ),
        ("nethermind", "ReplacementNotAllowed", Underpriced),
        ("nethermind", "FeeTooLowToCompete", Underpriced),
        (
            "nethermind",
            "InsufficientFunds, Account balance: 0, cumulative cost: 1",
            InsufficientFunds,
        ),
        // Issues 2098 and 8813, and 4761; EthRpcModule.TransactionExecutor says the third since.
        ("nethermind", "VM execution error.", WouldRevert),
        ("nethermind", "revert", WouldRevert),
        ("nethermind", "execution reverted: not now", WouldRevert),
        ("besu", "Known transaction", Known),
        ("besu", "Nonce too low", NonceUsed),
        ("besu", "Replacement transaction underpriced", Underpriced),
        (
            "besu",
            "Gas price below configured minimum gas price",
            Underpriced,
        ),
        (
            "besu",
            "Upfront cost exceeds account balance",
            InsufficientFunds,
        ),
        ("besu", "Transaction fee cap exceeded", OverNodeCap),
        (
            "anvil",
            "Tx: [0x6d1c] insufficient gas price to replace existing transaction",
            Underpriced,
        ),
        ("anvil", "transaction already imported", Known),
        ("anvil", "nonce too low", NonceUsed),
        (
            "anvil",
            "Insufficient funds for gas * price + value",
            InsufficientFunds,
        ),
        (
            "anvil",
            "insufficient funds for transfer",
            InsufficientFunds,
        ),
        (
            "anvil",
            "max fee per gas less than block base fee",
            Underpriced,
        ),
        (
            "anvil",
            "Transaction gas limit is greater than the block gas limit, gas_limit: 2, cap: 1",
            Other,
        ),
        ("anvil", "execution reverted: Some(0x7a933234)", WouldRevert),
        ("anvil", "EVM error InvalidFEOpcode", WouldRevert),
    ];

    #[test]
    fn each_clients_words_are_understood() {
        for (client, said, meaning) in ROWS {
            assert_eq!(Refusal::of(said), *meaning, "{client}: {said}");
            assert_eq!(Refusal::of(&said.to_uppercase()), *meaning, "{client}");
        }
    }
}
