//! The standard health service, by service name.
//!
//! | name | is NOT_SERVING while |
//! |---|---|
//! | `plasmid.height` | the height stands |
//! | `plasmid.root` | root is silent |
//! | `plasmid.store` | the store has given up |
//! | the four services | the height stands or the store has given up; the bridge's while root is silent, too |
//! | the empty name | any of these |

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use plasmid_proto::{
    bridge::v1::bridge_service_server::BridgeServiceServer,
    chain::v1::chain_service_server::ChainServiceServer,
    ledger::v1::{
        account_service_server::AccountServiceServer,
        transaction_service_server::TransactionServiceServer,
    },
};
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::Services;
use crate::app::reads::{Organ, Source};

/// How often a node looks at itself.
const LOOK: Duration = Duration::from_secs(1);

const NODE: [Organ; 2] = [Organ::Height, Organ::Store];
const ALL: [Organ; 3] = [Organ::Height, Organ::Root, Organ::Store];

/// Each name, and what it needs.
const NAMES: [(&str, &[Organ]); 8] = [
    ("", &ALL),
    ("plasmid.height", &[Organ::Height]),
    ("plasmid.root", &[Organ::Root]),
    ("plasmid.store", &[Organ::Store]),
    (
        <AccountServiceServer<Services> as NamedService>::NAME,
        &NODE,
    ),
    (
        <TransactionServiceServer<Services> as NamedService>::NAME,
        &NODE,
    ),
    (<ChainServiceServer<Services> as NamedService>::NAME, &NODE),
    (<BridgeServiceServer<Services> as NamedService>::NAME, &ALL),
];

/// Tells the health service how the node does, for as long as it runs.
pub(super) async fn report(reporter: HealthReporter, source: Arc<dyn Source>) -> Infallible {
    let mut known = Vec::new();
    loop {
        let troubles: Vec<(Organ, String)> = source.vitals().troubles().collect();
        let failing: Vec<Organ> = troubles.iter().map(|(organ, _)| *organ).collect();
        if failing != known {
            for (_, why) in troubles.iter().filter(|(organ, _)| !known.contains(organ)) {
                tracing::error!("{why}");
            }
            for organ in known.iter().filter(|organ| !failing.contains(organ)) {
                tracing::info!(?organ, "serving again");
            }
        }
        for (name, needs) in NAMES {
            let status = match needs.iter().any(|organ| failing.contains(organ)) {
                true => ServingStatus::NotServing,
                false => ServingStatus::Serving,
            };
            reporter.set_service_status(name, status).await;
        }
        known = failing;
        tokio::time::sleep(LOOK).await;
    }
}
