//! What holds after every story: equal app hashes at each height, and for every asset credited = deposited, withdrawn ≥ paid, and claims = credited − withdrawn.

use alloy_primitives::Address;
use plasmid_bridge::abi::IVault;
use plasmid_proto::chain::v1::{GetBlockRequest, GetSupplyRequest, Supply};

use super::{Running, View};

impl Running {
    /// Every process runs; every node has the same app hash at every height that was not compared before, up to where the first one is
    /// now; what the Vault holds is what the child owes.
    ///
    /// # Panics
    /// When one of these does not hold.
    pub async fn agree(&mut self) {
        self.all_run();
        let nodes = self.network.nodes.len();
        let view = self.view();
        let height = view.status(0).await.height;
        for node in 0..nodes {
            self.reaches(node, height).await;
        }
        for at in self.compared + 1..=height {
            let expected = app_hash(&view, 0, at).await;
            for node in 1..nodes {
                let seen = app_hash(&view, node, at).await;
                assert_eq!(seen, expected, "app hash of node {node} at height {at}");
            }
        }
        self.compared = height;
        for node in 0..nodes {
            self.conserves(node).await;
        }
        println!("{nodes} nodes agree up to height {height}");
    }

    /// What nodes have of blocks up to `height` is not compared any more: one of them begins behind it.
    pub fn compares_behind(&mut self, height: u64) {
        self.compared = self.compared.max(height);
    }

    /// Waits until a node is at `height`.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn reaches(&mut self, node: usize, height: u64) {
        self.until(&format!("node {node} is at {height}"), |view| async move {
            let status = view.try_status(node).await?;
            (status.height >= height).then_some(())
        })
        .await;
    }

    /// Waits until node 0 has made `blocks` more; gives its height then.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn goes_on(&mut self, blocks: u64) -> u64 {
        let height = self.view().status(0).await.height + blocks;
        self.reaches(0, height).await;
        height
    }

    /// Nothing is on its way when this is called, or soon will not be.
    async fn conserves(&mut self, node: usize) {
        let what = format!("node {node} credited all deposits");
        let sums = self
            .until(&what, |view| async move {
                let sums = view.sums(node).await;
                let all = sums.iter().all(|sum| sum.credited == sum.deposited);
                (all && !sums.is_empty()).then_some(sums)
            })
            .await;
        for sum in sums {
            assert!(sum.withdrawn >= sum.paid, "node {node}: {sum:?}");
            assert_eq!(
                sum.claims,
                sum.credited - sum.withdrawn,
                "node {node}: {sum:?}"
            );
        }
    }
}

/// One asset on both chains.
#[derive(Clone, Debug)]
struct Sum {
    deposited: u128,
    paid: u128,
    credited: u128,
    withdrawn: u128,
    claims: u128,
}

impl View {
    async fn sums(&self, node: usize) -> Vec<Sum> {
        let request = GetSupplyRequest::default();
        let supply = self.chain(node).get_supply(request).await;
        let supply = supply.expect("the node answers").into_inner();
        assert!(supply.next_page_token.is_empty(), "all assets on one page");
        let mut sums = Vec::new();
        for asset in supply.assets {
            let token: Address = asset.token.parse().expect("a token");
            let on_root = self.read(self.vault, IVault::totalsCall { token }).await;
            sums.push(Sum {
                deposited: on_root.deposited,
                paid: on_root.paid,
                credited: amount(&asset.credited),
                withdrawn: amount(&asset.withdrawn),
                claims: claims(&asset),
            });
        }
        sums
    }
}

fn claims(asset: &Supply) -> u128 {
    amount(&asset.balances) + amount(&asset.stakes) + amount(&asset.pools)
}

fn amount(text: &str) -> u128 {
    text.parse().expect("an amount")
}

async fn app_hash(view: &View, node: usize, height: u64) -> Vec<u8> {
    let block = view.chain(node).get_block(GetBlockRequest { height }).await;
    block.expect("the block").into_inner().app_hash
}
