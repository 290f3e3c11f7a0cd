//! Health by gRPC: what a supervisor asks.

use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::{Attacked, NODE, channel_from};

/// After all of it the node calls itself serving; without its engine it does not, and says since when.
pub async fn tells_a_standing_node(attacked: &mut Attacked) {
    let client = HealthClient::new(channel_from(attacked.address, 90).await);
    let ask = async |service: &str| {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = client.clone().check(request).await.expect("health");
        answer.into_inner().status
    };
    let names = ["", "plasmid.height", "plasmid.root", "plasmid.store"];
    for name in names {
        assert_eq!(ask(name).await, 1, "{name:?} is serving");
    }
    let engine = |attacked: &mut Attacked, signal| {
        let node = attacked.running.network.nodes[NODE].as_mut();
        let engine = node.expect("it runs").engine.process();
        engine.signal(signal).expect("a signal");
    };
    engine(attacked, libc::SIGSTOP);
    attacked
        .running
        .until("a standing height is not serving", async |_| {
            (ask("plasmid.height").await == 2 && ask("").await == 2).then_some(())
        })
        .await;
    assert_eq!(ask("plasmid.store").await, 1);
    let status = attacked.running.view().status(NODE).await;
    let [trouble] = &status.troubles[..] else {
        panic!("{:?}", status.troubles);
    };
    assert!(trouble.contains("no new block"), "{trouble}");
    assert!(status.height_stands_secs > 0);
    engine(attacked, libc::SIGCONT);
    attacked
        .running
        .until("it is serving again", async |_| {
            (ask("").await == 1 && ask("plasmid.height").await == 1).then_some(())
        })
        .await;
    // It told its supervisor so, and nothing else.
    let log = std::fs::read_to_string(&attacked.log).expect("the node's log");
    let new = log[attacked.read..].lines();
    let errors: Vec<&str> = new.filter(|line| line.contains("ERROR")).collect();
    assert!(
        errors.iter().all(|line| line.contains("no new block")) && !errors.is_empty(),
        "{errors:?}"
    );
    attacked.read = log.len();
}
