//! What a node of the network serves: its reads, beside a root that is healthy and says how many checkpoints it has accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::B256;
use plasmid::app::App;
use plasmid::app::ports::Sight;
use plasmid::app::reads::{Contracts, Facts, Served};
use plasmid_bridge::relay::inbox::View;
use plasmid_bridge::relay::seen::{Anchor, Block};

/// Root as a node sees it: it has sent no message, and has accepted this number of checkpoints.
#[derive(Debug, Default)]
pub struct Root(pub AtomicU64);

impl Sight for Root {
    fn view(&self) -> Arc<View> {
        Arc::new(View {
            finalized: Some(Block {
                number: 1,
                hash: B256::ZERO,
                parent: B256::ZERO,
                time: 1,
            }),
            anchor: Anchor::GENESIS,
            entries: Vec::new(),
            acceptances: Default::default(),
            accepted: self.0.load(Ordering::SeqCst),
            end: Default::default(),
            healthy: true,
            stale_at: u64::MAX,
            standings: Vec::new(),
        })
    }

    fn is_sound(&self) -> bool {
        true
    }
}

/// The reads of an application that sees this root.
#[must_use]
pub fn served(app: Arc<App>, root: Arc<Root>) -> Served {
    let [registry, inbox, vault, root_chain] = [[1; 20], [2; 20], [3; 20], [4; 20]].map(Into::into);
    let facts = Facts {
        chain_id: app.deployment().chain_id.clone(),
        domain: app.deployment().domain,
        parameters: *app.parameters(),
        contracts: Contracts {
            registry,
            inbox,
            vault,
            root_chain,
        },
    };
    Served::new(app, root, facts)
}
