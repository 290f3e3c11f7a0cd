//! The escrow's equation from root's side: what the child says was credited is what genesis gave, and what the messages that it has consumed
//! brought. The other side, what claims it, is `invariants::money`.

use std::collections::BTreeMap;

use plasmid::app::App;
use plasmid::chain::committed::leaf;
use plasmid::ledger::Slot;
use plasmid::ledger::leaf::{AssetLeaf, InboxLeaf, NATIVE};
use plasmid_bridge::proof::inbox::{Body, Message};

use super::inbox::Inbox;
use super::people::TOKENS;

/// What root's contracts have taken for the child, by token, up to a message.
pub struct Escrow {
    taken: BTreeMap<[u8; 20], u128>,
    cursor: u64,
}

/// Everything that is deposited here.
fn tokens() -> impl Iterator<Item = [u8; 20]> {
    [NATIVE].into_iter().chain(TOKENS)
}

fn credited(app: &App, token: [u8; 20]) -> u128 {
    let asset: Option<AssetLeaf> =
        leaf(&app.state().tree, &Slot::Asset(token)).expect("the state reads");
    asset.map_or(0, |asset| asset.credited)
}

impl Escrow {
    /// What genesis gave, of a node that has executed no block.
    pub fn of_genesis(app: &App) -> Self {
        assert_eq!(app.state().tip.height, 0, "no block was executed");
        Self {
            taken: tokens()
                .map(|token| (token, credited(app, token)))
                .collect(),
            cursor: 0,
        }
    }

    /// Behind a block: takes what the messages brought that it consumed, from root's own list, and compares. A deposit that is refunded is
    /// credited and withdrawn; nobody here deposits what can be neither.
    pub fn check(&mut self, app: &App, inbox: &Inbox) {
        let consumed: Option<InboxLeaf> =
            leaf(&app.state().tree, &Slot::Inbox).expect("the state reads");
        let consumed = consumed.expect("genesis makes it");
        for index in self.cursor + 1..=consumed.cursor {
            let (bytes, link) = inbox.get(index).expect("root has sent it");
            if index == consumed.cursor {
                assert_eq!(consumed.link, link.0, "the link of message {index}");
            }
            let message = Message::decode(&bytes).expect("root sends what decodes");
            match message.body {
                Body::Deposit(deposit) => {
                    self.take(deposit.token, deposit.amount);
                    self.take(NATIVE, deposit.native);
                }
                Body::RewardFunding { amount, .. } => self.take(NATIVE, amount),
                _ => {}
            }
        }
        self.cursor = consumed.cursor;
        let child: BTreeMap<[u8; 20], u128> = tokens()
            .map(|token| (token, credited(app, token)))
            .collect();
        let height = app.state().tip.height;
        assert_eq!(child, self.taken, "credited at height {height}");
    }

    fn take(&mut self, token: [u8; 20], amount: u128) {
        let taken = self.taken.get_mut(&token).expect("a token of the harness");
        *taken += amount;
    }
}
