//! One endpoint of the root chain, or two that must say the same.
//!
//! Who founds a network or joins one has nothing yet that an endpoint could be measured by: one that lies can show code where there is none, or a
//! whole deployment that nobody made. With two endpoints everything that decides is asked of both, byte for byte. Two honest ones may be a block
//! apart, so a difference counts only when it stays.

use std::{fmt, sync::Arc, time::Duration};

use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_sol_types::SolCall;
use tokio::time::{Instant, sleep};

use super::follower::decode_view;
use super::rpc::{At, Call, Rpc, RpcError};
use crate::relay::seen::Which;

/// For how long two endpoints may differ, because one of them is a block behind.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often both are asked again meanwhile.
const POLL: Duration = Duration::from_millis(500);

/// Why endpoints gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointsError {
    /// The only endpoint gave none, or one that makes no sense.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// One of two gave none.
    #[error("the endpoint {place} of the root chain: {source}")]
    Silent {
        /// Which.
        place: String,
        /// What is wrong.
        source: Box<RpcError>,
    },
    /// Nothing stands there.
    #[error(
        "there is no code at {0} on the root chain, so coin that is sent there is lost. Nothing was sent"
    )]
    NoCode(Address),
    /// They said different things, and went on to.
    #[error(
        "the endpoints {first} and {second} of the root chain differ in {reading}: {first} says {told}, and {second} says {other}. One of them \
         lies, is far behind or is on another chain: find out which. Nothing was sent or written",
        first = .places[0],
        second = .places[1],
        told = .answers[0],
        other = .answers[1]
    )]
    Differ {
        /// Both endpoints.
        places: Box<[String; 2]>,
        /// What was read.
        reading: String,
        /// Their answers.
        answers: Box<[String; 2]>,
    },
}

/// One endpoint, or two that are asked the same.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a> {
    first: &'a Rpc,
    second: Option<&'a Rpc>,
    patience: Duration,
}

impl<'a> From<&'a Rpc> for Endpoints<'a> {
    fn from(first: &'a Rpc) -> Self {
        Self::new(first, None)
    }
}

impl<'a> From<&'a Arc<Rpc>> for Endpoints<'a> {
    fn from(first: &'a Arc<Rpc>) -> Self {
        Self::new(first, None)
    }
}

impl<'a> Endpoints<'a> {
    /// These.
    #[must_use]
    pub const fn new(first: &'a Rpc, second: Option<&'a Rpc>) -> Self {
        Self {
            first,
            second,
            patience: PATIENCE,
        }
    }

    /// These endpoints, without patience for one that may be a block behind.
    #[cfg(test)]
    pub(super) const fn impatient(first: &'a Rpc, second: Option<&'a Rpc>) -> Self {
        Self {
            first,
            second,
            patience: Duration::ZERO,
        }
    }

    /// The chain's id (EIP-155).
    ///
    /// # Errors
    /// [`EndpointsError`].
    pub async fn chain_id(self) -> Result<u64, EndpointsError> {
        let bytes = self.ask(&RootReading::ChainId).await?;
        Ok(bytes
            .as_ref()
            .try_into()
            .map(u64::from_be_bytes)
            .unwrap_or_default())
    }

    /// The code of an account in the newest block.
    ///
    /// # Errors
    /// [`EndpointsError`].
    pub async fn code(self, address: Address) -> Result<Bytes, EndpointsError> {
        self.ask(&RootReading::Code(address)).await
    }

    /// That these contracts have code, and the same of it at both: coin that is sent to an address without code is lost.
    ///
    /// # Errors
    /// [`EndpointsError`].
    pub async fn require_code(self, contracts: &[Address]) -> Result<(), EndpointsError> {
        for contract in contracts {
            if self.code(*contract).await?.is_empty() {
                return Err(EndpointsError::NoCode(*contract));
            }
        }
        Ok(())
    }

    /// The hash of a block, or `None` when there is no such block.
    ///
    /// # Errors
    /// [`EndpointsError`].
    pub async fn block_hash(self, number: u64) -> Result<Option<B256>, EndpointsError> {
        let hash = self.ask(&RootReading::Block(number)).await?;
        Ok(B256::try_from(hash.as_ref()).ok())
    }

    /// Root's clock: the time of the newest block, which all of them have to know.
    ///
    /// # Errors
    /// [`EndpointsError`].
    pub async fn time(self) -> Result<u64, EndpointsError> {
        let mut newest = 0;
        for rpc in self.each() {
            let block = rpc.block(Which::Latest).await;
            let block = block.map_err(|error| self.failed(rpc, error))?;
            newest = block.map_or(newest, |block| newest.max(block.number));
        }
        let time = self.ask(&RootReading::Time(newest)).await?;
        Ok(time
            .as_ref()
            .try_into()
            .map(u64::from_be_bytes)
            .unwrap_or_default())
    }

    /// What a view function returns in the newest block.
    ///
    /// # Errors
    /// [`EndpointsError`].
    pub async fn view<C: SolCall>(
        self,
        contract: Address,
        call: C,
    ) -> Result<C::Return, EndpointsError> {
        let reading = RootReading::Call {
            contract,
            data: call.abi_encode().into(),
            signature: C::SIGNATURE,
        };
        let data = self.ask(&reading).await?;
        Ok(decode_view::<C>(contract, &data)?)
    }

    /// The one that is asked for what decides nothing.
    pub(super) const fn first(self) -> &'a Rpc {
        self.first
    }

    /// Whether there are two.
    pub(super) const fn are_two(self) -> bool {
        self.second.is_some()
    }

    /// Each of them.
    pub(super) fn each(self) -> impl Iterator<Item = &'a Rpc> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    /// Which one it is, where there are two.
    pub(super) fn named(self, endpoint: &Rpc) -> String {
        match self.second {
            None => String::new(),
            Some(_) => format!(" at the endpoint {}", endpoint.place()),
        }
    }

    /// What one of them failed with.
    pub(super) fn failed(self, endpoint: &Rpc, source: RpcError) -> EndpointsError {
        match self.second {
            None => EndpointsError::Rpc(source),
            Some(_) => EndpointsError::Silent {
                place: endpoint.place(),
                source: Box::new(source),
            },
        }
    }

    async fn ask(self, reading: &RootReading) -> Result<Bytes, EndpointsError> {
        let Some(second) = self.second else {
            return Ok(reading.of(self.first).await?);
        };
        let start = Instant::now();
        loop {
            let (told, other) = match (reading.of(self.first).await, reading.of(second).await) {
                (Ok(told), Ok(other)) if told == other => return Ok(told),
                (Ok(told), Ok(other)) => (shown(&told, &other), shown(&other, &told)),
                // One that refuses what the other one answers differs from it; one that cannot be asked does not.
                (Ok(told), Err(error)) if is_answer(&error) => (whole(&told), error.to_string()),
                (Err(error), Ok(other)) if is_answer(&error) => (error.to_string(), whole(&other)),
                (Err(error), _) => return Err(self.failed(self.first, error)),
                (_, Err(error)) => return Err(self.failed(second, error)),
            };
            if start.elapsed() >= self.patience {
                return Err(EndpointsError::Differ {
                    places: Box::new([self.first.place(), second.place()]),
                    reading: reading.to_string(),
                    answers: Box::new([told, other]),
                });
            }
            sleep(POLL).await;
        }
    }
}

/// What is read. Answers are compared as bytes.
enum RootReading {
    ChainId,
    Code(Address),
    Block(u64),
    Time(u64),
    Call {
        contract: Address,
        data: Bytes,
        signature: &'static str,
    },
}

impl RootReading {
    async fn of(&self, endpoint: &Rpc) -> Result<Bytes, RpcError> {
        Ok(match self {
            Self::ChainId => Bytes::from(endpoint.chain_id().await?.to_be_bytes()),
            Self::Code(address) => endpoint.code(*address, At::Latest).await?,
            Self::Block(number) => match endpoint.block(Which::Number(*number)).await? {
                Some(block) => Bytes::from(block.hash.0),
                None => Bytes::new(),
            },
            Self::Time(number) => match endpoint.block(Which::Number(*number)).await? {
                Some(block) => Bytes::from(block.time.to_be_bytes()),
                None => Bytes::new(),
            },
            Self::Call { contract, data, .. } => {
                let call = Call::to(*contract, data.clone());
                endpoint.call(&call, At::Latest).await?
            }
        })
    }
}

impl fmt::Display for RootReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChainId => f.write_str("the chain's id"),
            Self::Code(address) => write!(f, "the code at {address}"),
            Self::Block(number) => write!(f, "the hash of block {number}"),
            Self::Time(number) => write!(f, "the time of block {number}"),
            Self::Call {
                contract,
                signature,
                data,
            } => {
                write!(f, "what {signature} of {contract} returns")?;
                match data.get(4..).filter(|arguments| !arguments.is_empty()) {
                    Some(arguments) => write!(f, " for 0x{}", hex::encode(arguments)),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Whether it says something of what was asked: that a call reverts, for one.
fn is_answer(error: &RpcError) -> bool {
    matches!(error, RpcError::Refused { .. } | RpcError::Malformed(_))
}

/// A short answer as it is, and of a long one the first word in which the other answer differs.
fn shown(told: &[u8], other: &[u8]) -> String {
    let mut words = told.chunks(32).zip(other.chunks(32)).enumerate();
    match words.find(|(_, (told, other))| told != other) {
        Some((place, (word, _))) if told.len() == other.len() && told.len() > 32 => {
            format!("0x{} in word {place}", hex::encode(word))
        }
        _ => whole(told),
    }
}

fn whole(told: &[u8]) -> String {
    match told.len() {
        0 => "that there is nothing".to_owned(),
        1..=32 => format!("0x{}", hex::encode(told)),
        length => format!("{length} bytes"),
    }
}

#[cfg(test)]
mod tests;
