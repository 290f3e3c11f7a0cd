//! The standard health service, by service name: [`HEALTH`] says what each name stands for, and docs/METRICS.md shows it to operators.

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
    stake::v1::stake_service_server::StakeServiceServer,
};
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::Services;
use crate::app::reads::{Component, Source};

/// How often a node looks at itself.
const LOOK: Duration = Duration::from_secs(1);

const NODE: [Component; 2] = [Component::Height, Component::Store];
const ALL: [Component; 3] = [Component::Height, Component::Root, Component::Store];
const ALL_FAIL: &str = "the height stands, root is silent, or the store has given up";

/// A name at the health service.
#[derive(Clone, Copy, Debug)]
pub struct HealthName {
    /// The name of the service that is asked for.
    pub name: &'static str,
    /// What must do its work for the name to be SERVING.
    needs: &'static [Component],
    /// While what it is NOT_SERVING.
    pub fails: &'static str,
    /// What an operator does then.
    pub remedy: &'static str,
}

const fn named(
    name: &'static str,
    needs: &'static [Component],
    fails: &'static str,
    remedy: &'static str,
) -> HealthName {
    HealthName {
        name,
        needs,
        fails,
        remedy,
    }
}

const fn service<S: NamedService>() -> HealthName {
    named(
        S::NAME,
        &NODE,
        "the height stands, or the store has given up",
        SEE,
    )
}

/// What an operator does where a name stands for several parts.
const SEE: &str = "see which of `plasmid.height`, `plasmid.root` and `plasmid.store` fails too";

/// Each name, with what it needs.
pub const HEALTH: [HealthName; 12] = [
    named("", &ALL, ALL_FAIL, SEE),
    named(
        "plasmid.height",
        &[Component::Height],
        "the height stands",
        "see whether the engine runs and has peers, and whether members with more than two thirds of the power vote",
    ),
    named(
        "plasmid.root",
        &[Component::Root],
        "root is silent",
        "see the endpoints in plasmid.toml; `plasmid status` says what is wrong with them",
    ),
    named(
        "plasmid.store",
        &[Component::Store],
        "the store has given up, because the disk is full or broken",
        "see the log for what the disk said",
    ),
    named(
        "plasmid.keys",
        &[Component::Keys],
        "its operator's seat has other keys than this node runs with, or this node has no checkpoint key for it",
        "see \"Changing keys\" in the README",
    ),
    named(
        "plasmid.set",
        &[Component::Set],
        "nobody has a seat, so that the set of this epoch or of the next is a copy without stake",
        "operators take seats: `plasmid tx stake take-seat`",
    ),
    named(
        "plasmid.end",
        &[Component::End],
        "the deployment is closing, or in exit mode, or a checkpoint is void",
        "see \"Leaving without validators\" in the README",
    ),
    named(
        <BridgeServiceServer<Services> as NamedService>::NAME,
        &ALL,
        ALL_FAIL,
        SEE,
    ),
    service::<ChainServiceServer<Services>>(),
    service::<AccountServiceServer<Services>>(),
    service::<TransactionServiceServer<Services>>(),
    service::<StakeServiceServer<Services>>(),
];

/// Tells the health service how the node does, for as long as it runs.
pub(super) async fn report(reporter: HealthReporter, source: Arc<dyn Source>) -> Infallible {
    let mut known = Vec::new();
    loop {
        let troubles: Vec<(Component, String)> = source.vitals().troubles().collect();
        let failing: Vec<Component> = troubles.iter().map(|(component, _)| *component).collect();
        if failing != known {
            for (component, why) in troubles
                .iter()
                .filter(|(component, _)| !known.contains(component))
            {
                match component {
                    Component::Shares => tracing::warn!("{why}"),
                    _ => tracing::error!("{why}"),
                }
            }
            for component in known
                .iter()
                .filter(|component| !failing.contains(component))
            {
                tracing::info!(?component, "serving again");
            }
        }
        tell(&reporter, &failing).await;
        known = failing;
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells of each name whether what it needs does its work.
async fn tell(reporter: &HealthReporter, failing: &[Component]) {
    for HealthName { name, needs, .. } in HEALTH {
        let status = match needs.iter().any(|component| failing.contains(component)) {
            true => ServingStatus::NotServing,
            false => ServingStatus::Serving,
        };
        reporter.set_service_status(name, status).await;
    }
}

#[cfg(test)]
mod tests {
    use tonic::Request;
    use tonic_health::pb::{
        HealthCheckRequest, health_check_response::ServingStatus as Told, health_server::Health,
    };
    use tonic_health::server::HealthService;

    use plasmid_bridge::relay::acceptance::DeploymentEnd;

    use super::*;
    use crate::app::reads::{HEIGHT_STANDS, KeyState, ROOT_SILENT, Vitals};

    const SERVICES: [&str; 5] = [
        "plasmid.bridge.v1.BridgeService",
        "plasmid.chain.v1.ChainService",
        "plasmid.ledger.v1.AccountService",
        "plasmid.ledger.v1.TransactionService",
        "plasmid.stake.v1.StakeService",
    ];

    /// The names that are NOT_SERVING while a node does like this.
    async fn not_serving(vitals: &Vitals) -> Vec<&'static str> {
        let reporter = HealthReporter::new();
        let health = HealthService::from_health_reporter(reporter.clone());
        let failing: Vec<Component> = vitals.troubles().map(|(component, _)| component).collect();
        tell(&reporter, &failing).await;
        let mut found = Vec::new();
        for HealthName { name, .. } in HEALTH {
            let service = name.to_owned();
            let asked = health.check(Request::new(HealthCheckRequest { service }));
            let status = asked.await.unwrap().into_inner().status;
            if status == Told::NotServing as i32 {
                found.push(name);
            }
        }
        found
    }

    #[tokio::test]
    async fn a_height_that_stands_a_silent_root_and_a_failed_store_are_each_seen_by_name() {
        let well = Vitals::default();
        assert_eq!(not_serving(&well).await, [""; 0]);
        let stands = Vitals {
            height_stands: HEIGHT_STANDS,
            ..Vitals::default()
        };
        let [bridge, others @ ..] = SERVICES;
        let expected = [&["", "plasmid.height", bridge], &others[..]].concat();
        assert_eq!(not_serving(&stands).await, expected);
        let silent = Vitals {
            root_silent: Some(ROOT_SILENT),
            ..Vitals::default()
        };
        assert_eq!(not_serving(&silent).await, ["", "plasmid.root", bridge]);
        let failed = Vitals {
            store_failed: Some(("the disk is full".to_owned(), Duration::ZERO)),
            ..Vitals::default()
        };
        let expected = [&["", "plasmid.store", bridge], &others[..]].concat();
        assert_eq!(not_serving(&failed).await, expected);
        let signing = |shares_stay, keys| Vitals {
            signing: KeyState { shares_stay, keys },
            ..Vitals::default()
        };
        let alone = signing(true, None);
        assert_eq!(alone.troubles().count(), 1);
        assert_eq!(not_serving(&alone).await, [""; 0]);
        let rotated = signing(false, Some("other keys".to_owned()));
        assert_eq!(rotated.troubles().count(), 1);
        assert_eq!(not_serving(&rotated).await, ["plasmid.keys"]);
        let copied = Vitals {
            copied: Some(7),
            ..Vitals::default()
        };
        let (_, why) = copied.troubles().next().expect("it is told");
        assert!(why.contains("the set of epoch 7 is"), "{why}");
        assert_eq!(not_serving(&copied).await, ["plasmid.set"]);
        let ends = |exit_at, void_from, is_over| Vitals {
            end: (
                DeploymentEnd {
                    finalized: 2,
                    exit_at: Some(exit_at),
                    void_from,
                },
                is_over,
            ),
            ..Vitals::default()
        };
        for (vitals, said) in [
            (
                ends(70, None, false),
                ["is closing", "from root time 70 on"],
            ),
            (
                ends(70, None, true),
                ["exit mode began at root time 70", "`plasmid exit`"],
            ),
            (
                ends(70, Some(3), true),
                ["calls checkpoint 3 and all behind it void", "root time 70"],
            ),
        ] {
            let (_, why) = vitals.troubles().next().expect("it is told");
            for words in said {
                assert!(why.contains(words), "{why}");
            }
            assert_eq!(not_serving(&vitals).await, ["plasmid.end"]);
        }
    }
}
