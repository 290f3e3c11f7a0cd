//! The steps of the demo: each does one thing on the running network and notes what it saw.

use super::{observe::Observations, people::World};
use crate::{
    cli::CliError,
    localnet::run::{Network, Options},
};

mod bridge;
mod crash;
mod found;
mod money;
mod sums;

/// Makes step `number` (1 to 9) and notes what was seen.
pub async fn make(
    number: usize,
    options: &Options,
    place: &mut Option<Network>,
    seen: &mut Observations,
    say: &mut dyn FnMut(&str),
) -> Result<(), CliError> {
    if number == 1 {
        return found::root_chain(options, place, seen, say).await;
    }
    let network = place
        .as_mut()
        .ok_or_else(|| CliError::new("there is no network"))?;
    if number == 2 {
        return found::validators(network, seen, say).await;
    }
    let world = World::open(network).await?;
    match number {
        3 => bridge::deposits(network, &world, seen).await,
        4 => money::transfers(network, &world, seen).await,
        5 => bridge::checkpoint(network, &world, seen, say).await,
        6 => bridge::withdrawal(network, &world, seen, say).await,
        7 => bridge::forced(network, &world, seen).await,
        8 => crash::kills(network, seen, say).await,
        _ => sums::everything(network, &world, seen, say).await,
    }
}
