//! The bodies of inbox messages, one struct or variant a kind, with their bytes beside them (PROTOCOL section 5).

use super::Payload;
use crate::proof::bytes::{DecodeError, Reader};

/// A validator registered its keys on root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The operator's account on root.
    pub operator: [u8; 20],
    /// Number of the registration.
    pub registration: u64,
    /// Ed25519 key of the consensus engine.
    pub consensus_key: [u8; 32],
    /// BLS key that signs checkpoints (G1, uncompressed).
    pub checkpoint_key: [u8; 96],
    /// What is left of the bounty bond, wei.
    pub bounty_bond: u128,
}

/// Value moved into root's escrow for an account on the child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deposit {
    /// Token on root; zero is the native coin.
    pub token: [u8; 20],
    /// Amount of the token.
    pub amount: u128,
    /// Native coin sent along with a token, wei; 0 when the token is the native coin.
    pub native: u128,
    /// Account on the child: kind ‖ id.
    pub recipient: [u8; 21],
    /// Who may withdraw what cannot be credited.
    pub refund: [u8; 20],
    /// Who deposited.
    pub depositor: [u8; 20],
    /// Decimals of the token as root reports them.
    pub decimals: u8,
    /// Bytes of the symbol that count; root writes at most 32.
    pub symbol_length: u8,
    /// Symbol as root reports it, zeros behind.
    pub symbol: [u8; 32],
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Kind 1: a validator registered.
    Registration(Registration),
    /// Kind 2: a deposit.
    Deposit(Deposit),
    /// Kind 3: a validator is suspected for an epoch.
    Freeze {
        /// The operator.
        operator: [u8; 20],
        /// Number of its registration.
        registration: u64,
        /// Epoch of the offence.
        epoch: u64,
    },
    /// Kind 4: the court judged an offence.
    Settlement {
        /// The operator.
        operator: [u8; 20],
        /// Number of its registration.
        registration: u64,
        /// Epoch of the offence.
        epoch: u64,
        /// Part of the stake that is cut, in 10^9ths.
        fraction: u64,
    },
    /// Kind 5: root accepted a checkpoint.
    Acceptance {
        /// Epoch of the checkpoint.
        epoch: u64,
        /// Who brought it.
        relayer: [u8; 20],
        /// Gas price that is paid for, wei.
        gas_price: u128,
        /// Members whose share the certificate lacks.
        absent: u16,
    },
    /// Kind 6: the reward pool was funded.
    RewardFunding {
        /// Amount, wei.
        amount: u128,
        /// Who funded it.
        funder: [u8; 20],
    },
    /// Kind 7: a transaction that no validator can keep out.
    Forced {
        /// Caller on root.
        sender: [u8; 20],
        /// Bytes of a transaction.
        transaction: Payload,
    },
    /// Kind 8: a message to an account.
    Generic {
        /// Caller on root.
        sender: [u8; 20],
        /// Account on the child: kind ‖ id.
        target: [u8; 21],
        /// What it says.
        data: Payload,
    },
    /// Kind 9: two certificates of an epoch were shown, and not yet who signed both.
    EpochFreeze {
        /// The epoch.
        epoch: u64,
    },
    /// Kind 10: everybody who signed both is frozen.
    EpochRelease {
        /// The epoch.
        epoch: u64,
    },
    /// A kind that this version does not know, or bytes that are no body of their kind: recorded, without effect.
    Opaque {
        /// The kind byte.
        kind: u8,
        /// The bytes behind it.
        bytes: Vec<u8>,
    },
}

impl Body {
    /// The kind byte.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self {
            Self::Registration(_) => 1,
            Self::Deposit(_) => 2,
            Self::Freeze { .. } => 3,
            Self::Settlement { .. } => 4,
            Self::Acceptance { .. } => 5,
            Self::RewardFunding { .. } => 6,
            Self::Forced { .. } => 7,
            Self::Generic { .. } => 8,
            Self::EpochFreeze { .. } => 9,
            Self::EpochRelease { .. } => 10,
            Self::Opaque { kind, .. } => *kind,
        }
    }

    /// Appends the body without its kind.
    pub(super) fn encode_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Registration(body) => body.encode_to(bytes),
            Self::Deposit(body) => body.encode_to(bytes),
            Self::Freeze {
                operator,
                registration,
                epoch,
            } => {
                bytes.extend_from_slice(operator);
                bytes.extend_from_slice(&registration.to_be_bytes());
                bytes.extend_from_slice(&epoch.to_be_bytes());
            }
            Self::Settlement {
                operator,
                registration,
                epoch,
                fraction,
            } => {
                bytes.extend_from_slice(operator);
                bytes.extend_from_slice(&registration.to_be_bytes());
                bytes.extend_from_slice(&epoch.to_be_bytes());
                bytes.extend_from_slice(&fraction.to_be_bytes());
            }
            Self::Acceptance {
                epoch,
                relayer,
                gas_price,
                absent,
            } => {
                bytes.extend_from_slice(&epoch.to_be_bytes());
                bytes.extend_from_slice(relayer);
                bytes.extend_from_slice(&gas_price.to_be_bytes());
                bytes.extend_from_slice(&absent.to_be_bytes());
            }
            Self::RewardFunding { amount, funder } => {
                bytes.extend_from_slice(&amount.to_be_bytes());
                bytes.extend_from_slice(funder);
            }
            Self::Forced {
                sender,
                transaction,
            } => {
                bytes.extend_from_slice(sender);
                transaction.encode_to(bytes);
            }
            Self::Generic {
                sender,
                target,
                data,
            } => {
                bytes.extend_from_slice(sender);
                bytes.extend_from_slice(target);
                data.encode_to(bytes);
            }
            Self::EpochFreeze { epoch } | Self::EpochRelease { epoch } => {
                bytes.extend_from_slice(&epoch.to_be_bytes());
            }
            Self::Opaque { bytes: body, .. } => bytes.extend_from_slice(body),
        }
    }

    /// The body of `kind` in `bytes`, all of them; opaque when they are no such body.
    pub(super) fn decode(kind: u8, bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let body = Self::read(kind, &mut reader).and_then(|body| {
            reader.finish()?;
            Ok(body)
        });
        body.unwrap_or_else(|_| Self::Opaque {
            kind,
            bytes: bytes.to_vec(),
        })
    }

    fn read(kind: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            1 => Self::Registration(Registration::decode(reader)?),
            2 => Self::Deposit(Deposit::decode(reader)?),
            3 => Self::Freeze {
                operator: reader.array()?,
                registration: reader.u64()?,
                epoch: reader.u64()?,
            },
            4 => Self::Settlement {
                operator: reader.array()?,
                registration: reader.u64()?,
                epoch: reader.u64()?,
                fraction: reader.u64()?,
            },
            5 => Self::Acceptance {
                epoch: reader.u64()?,
                relayer: reader.array()?,
                gas_price: reader.u128()?,
                absent: reader.u16()?,
            },
            6 => Self::RewardFunding {
                amount: reader.u128()?,
                funder: reader.array()?,
            },
            7 => Self::Forced {
                sender: reader.array()?,
                transaction: Payload::decode(reader)?,
            },
            8 => Self::Generic {
                sender: reader.array()?,
                target: reader.array()?,
                data: Payload::decode(reader)?,
            },
            9 => Self::EpochFreeze {
                epoch: reader.u64()?,
            },
            10 => Self::EpochRelease {
                epoch: reader.u64()?,
            },
            kind => return Err(DecodeError::UnknownKind(kind)),
        })
    }
}

impl Registration {
    fn encode_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.operator);
        bytes.extend_from_slice(&self.registration.to_be_bytes());
        bytes.extend_from_slice(&self.consensus_key);
        bytes.extend_from_slice(&self.checkpoint_key);
        bytes.extend_from_slice(&self.bounty_bond.to_be_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            operator: reader.array()?,
            registration: reader.u64()?,
            consensus_key: reader.array()?,
            checkpoint_key: reader.array()?,
            bounty_bond: reader.u128()?,
        })
    }
}

impl Deposit {
    fn encode_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.token);
        bytes.extend_from_slice(&self.amount.to_be_bytes());
        bytes.extend_from_slice(&self.native.to_be_bytes());
        bytes.extend_from_slice(&self.recipient);
        bytes.extend_from_slice(&self.refund);
        bytes.extend_from_slice(&self.depositor);
        bytes.push(self.decimals);
        bytes.push(self.symbol_length);
        bytes.extend_from_slice(&self.symbol);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            token: reader.array()?,
            amount: reader.u128()?,
            native: reader.u128()?,
            recipient: reader.array()?,
            refund: reader.array()?,
            depositor: reader.array()?,
            decimals: reader.u8()?,
            symbol_length: reader.u8()?,
            symbol: reader.array()?,
        })
    }
}
