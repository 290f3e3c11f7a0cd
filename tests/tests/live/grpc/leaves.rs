//! The state at the end of an accepted epoch, leaf by leaf: each page stands under the root that root keeps, and all of them make the state again.

use alloy_primitives::B256;
use plasmid::chain::tree::{Change, Tree};
use plasmid_bridge::proof::tree::{Multiproof, leaf, value_hash};
use plasmid_proto::bridge::v1::GetLeavesRequest;
use tonic::Code;

use super::bridge::accepted;
use super::net::{Net, refused};

fn word(bytes: &[u8]) -> B256 {
    B256::from_slice(bytes)
}

pub async fn leaves(net: &Net, epoch: u64) {
    let events = accepted(net).await;
    let event = events.into_iter().find(|event| event.epoch == epoch);
    let root = event.expect("root accepted it").checkpoint.stateRoot;
    let ask = |first| async move {
        let request = GetLeavesRequest { epoch, first };
        net.bridge().get_leaves(request).await
    };
    let mut tree = Tree::new();
    let mut first = 0;
    let count = loop {
        let page = ask(first).await.expect("leaves").into_inner();
        let numbered = (first..).zip(&page.leaves);
        let hashes = numbered.map(|(index, one)| {
            let value = value_hash(u8::try_from(one.kind).expect("a kind"), &one.value);
            (index, leaf(&word(&one.key), &word(&one.next_key), &value))
        });
        let hashes: Vec<(u32, B256)> = hashes.collect();
        let siblings = page.siblings.iter().map(|one| word(one)).collect();
        let proof = Multiproof { siblings };
        let shown = proof.verify(&hashes, page.leaf_count, &root);
        shown.expect("it stands under the root");
        let known = usize::from(first == 0);
        let changes = page.leaves.iter().skip(known).map(|one| Change {
            key: word(&one.key),
            kind: u8::try_from(one.kind).expect("a kind"),
            value: one.value.clone(),
        });
        tree.apply(&changes.collect::<Vec<_>>()).expect("it fits");
        first += u32::try_from(page.leaves.len()).expect("a page");
        if first == page.leaf_count {
            break page.leaf_count;
        }
    };
    assert_eq!(tree.root(), root);
    let page = ask(count - 1).await.expect("the last leaf").into_inner();
    assert_eq!(page.leaves.len(), 1);
    refused(
        ask(count).await,
        Code::InvalidArgument,
        &[&format!("{count} leaves")],
    );
    let request = GetLeavesRequest {
        epoch: 1 << 40,
        first: 0,
    };
    refused(
        net.bridge().get_leaves(request).await,
        Code::NotFound,
        &["1099511627776"],
    );
}
