//! A member of a validator set: who votes and signs checkpoints in one epoch, from which seat, with which keys and power.

/// One present seat of a set, as the member leaf commits to it (PROTOCOL section 1, "member leaf").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Seat number, below the parameter N; members are listed in ascending seat order.
    pub seat: u16,
    /// The operator's account on the root chain.
    pub operator: [u8; 20],
    /// Number of the registration that names the two keys.
    pub registration: u64,
    /// Ed25519 key of the consensus engine.
    pub consensus_key: [u8; 32],
    /// BLS12-381 public key (G1, uncompressed) that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// Weight in consensus: stake / unit.
    pub power: u64,
}
