//! The services of the chain and of accounts, each answer beside the engine's, root's, or a proven leaf.

use alloy_primitives::{Address, B256, U256};
use plasmid::{
    ledger::{
        Account, Parameters, Slot, Value,
        leaf::{AccountLeaf, AssetLeaf, InboxLeaf, SetLeaf, TokenBalance},
    },
    wire,
};
use plasmid_bridge::{
    abi::{IInbox, IRegistry, IRootChain, IVault},
    proof::{commitment::BlockCommitment, set},
    relay::seen::Which,
};
use plasmid_proto::{
    chain::v1::{
        GetBlockRequest, GetBlockResponse, GetParametersRequest, GetSupplyRequest,
        ListValidatorsRequest,
    },
    ledger::v1::{GetAccountRequest, ListBalancesRequest, ListTokensRequest},
};
use plasmid_staking::Member;
use plasmid_tests::running::member;
use tonic::Code;

use super::net::{Net, refused};

pub async fn status(net: &Net) {
    let status = net.now().await;
    let engine = net.engine.status().await.expect("the engine answers");
    assert_eq!(status.chain_id, engine.node_info.network.as_str());
    assert_eq!(
        B256::from_slice(&status.app_hash),
        net.app_hash(status.height).await
    );
    assert!(status.durable_height <= status.height);
    assert_eq!(status.epoch, (status.height - 1) / 64);
    let root_chain = net.contract(&status.root_chain);
    let deployment = net.view(root_chain, IRootChain::deploymentCall {}).await;
    assert_eq!(status.deployment_id, deployment.to_vec());
    assert_eq!(
        status.root_chain_id,
        net.root.chain_id().await.expect("root")
    );
    let registry = net.contract(&status.registry);
    assert_eq!(
        net.view(registry, IRegistry::vaultCall {})
            .await
            .to_string(),
        status.vault
    );
    assert_eq!(
        net.view(registry, IRegistry::inboxCall {})
            .await
            .to_string(),
        status.inbox
    );
    let count = net
        .view(net.contract(&status.inbox), IInbox::countCall {})
        .await;
    assert!(status.inbox_cursor <= status.inbox_seen && status.inbox_seen <= count);
    let finalized = net.root.block(Which::Finalized).await.expect("root");
    assert!(status.root_height <= finalized.expect("a block").number);
    net.until("root is healthy", async || {
        net.now().await.root_healthy.then_some(())
    })
    .await;
    let (_, leaf) = net.proven(&Slot::Inbox.key(), 0).await;
    let inbox = InboxLeaf::decode(&leaf.expect("the inbox")).expect("an inbox");
    assert!(inbox.cursor >= status.inbox_cursor);
}

fn commitment(block: &GetBlockResponse) -> BlockCommitment {
    let hash = |bytes: &[u8]| B256::from_slice(bytes);
    BlockCommitment {
        rules: block.rules,
        height: block.height,
        time: block.time,
        block_hash: hash(&block.block_hash),
        witness_hash: hash(&block.witness_hash),
        before: hash(&block.state_root_before),
        after: hash(&block.state_root_after),
        segments_root: hash(&block.segments_root),
    }
}

/// Blocks from the first on; `GetBlock` for any of them, long after.
pub async fn blocks(net: &Net) {
    let tip = net.now().await.height;
    let mut before: Option<GetBlockResponse> = None;
    for height in [1, 2, tip / 2, tip / 2 + 1, tip] {
        let request = GetBlockRequest { height };
        let block = net.chain().get_block(request).await.expect("a block");
        let block = block.into_inner();
        let engine = net.engine.block(Some(height)).await.expect("the engine");
        assert_eq!(block.block_hash, engine.block_id.hash.as_bytes());
        let time = engine.block.header.time.unix_timestamp_nanos();
        assert_eq!(i128::from(block.time), time);
        assert_eq!(commitment(&block).hash().as_slice(), &block.app_hash[..]);
        assert_eq!(net.app_hash(height).await.as_slice(), &block.app_hash[..]);
        if let Some(before) = before.filter(|before| before.height + 1 == height) {
            assert_eq!(before.state_root_after, block.state_root_before);
        }
        before = Some(block);
    }
    let at_tip = net.chain().get_block(GetBlockRequest { height: 0 }).await;
    assert!(at_tip.expect("the tip").into_inner().height >= tip);
    let request = GetBlockRequest { height: 1 << 40 };
    let answer = net.chain().get_block(request).await;
    refused(answer, Code::NotFound, &["1099511627776", "the tip is"]);
}

pub async fn validators(net: &Net) {
    let request = ListValidatorsRequest { epoch: Some(0) };
    let list = net.chain().list_validators(request).await.expect("a set");
    let list = list.into_inner();
    let engine = net.engine.validators(1).await.expect("the engine");
    assert_eq!(list.validators.len(), engine.len());
    for (ours, theirs) in list.validators.iter().zip(&engine) {
        assert_eq!(ours.consensus_key, theirs.pub_key.to_bytes());
        assert_eq!(ours.consensus_address, theirs.address.as_bytes());
        assert_eq!(ours.power, theirs.power.value());
    }
    let members: Vec<Member> = list.validators.iter().map(member).collect();
    let commitment = set::commit(&members).expect("a set").commitment;
    assert_eq!(commitment.as_slice(), &list.commitment[..]);
    let root_chain = net.contract(&net.status.root_chain);
    let sets = net.view(root_chain, IRootChain::genesisSetsCall {}).await;
    assert_eq!(sets.set0, commitment);
    assert_eq!(
        list.total_power,
        members.iter().map(|member| member.power).sum::<u64>()
    );

    let current = net
        .chain()
        .list_validators(ListValidatorsRequest::default())
        .await;
    let current = current.expect("a set").into_inner();
    let place = (current.epoch % 512) as u32;
    let (_, leaf) = net.proven(&Slot::Set { place }.key(), 0).await;
    let leaf = SetLeaf::decode(&leaf.expect("the set")).expect("a set");
    assert_eq!(leaf.commitment[..], current.commitment[..]);
    let request = ListValidatorsRequest { epoch: Some(9_999) };
    let answer = net.chain().list_validators(request).await;
    refused(answer, Code::NotFound, &["9999", "the tip is in epoch"]);
}

pub async fn parameters(net: &Net) {
    let answer = net.chain().get_parameters(GetParametersRequest {}).await;
    let told = answer.expect("parameters").into_inner().parameters;
    let (_, leaf) = net.proven(&Slot::Parameters.key(), 0).await;
    let proven = Parameters::decode(&leaf.expect("parameters")).expect("parameters");
    assert_eq!(told, wire::parameters(&proven));
    assert_eq!(told.len(), 51);
    let root_chain = net.contract(&net.status.root_chain);
    let on_root = net.view(root_chain, IRootChain::parametersCall {}).await;
    let value = |name: &str| {
        let found = told.iter().find(|parameter| parameter.name == name);
        found.expect(name).value.clone()
    };
    assert_eq!(value("epoch_blocks"), on_root.epochBlocks.to_string());
    assert_eq!(value("challenge_secs"), on_root.challengeSecs.to_string());
    assert_eq!(value("unit"), on_root.unit.to_string());
}

/// Once the inbox is consumed, what the child says it was credited is what the vault took in.
pub async fn supply(net: &Net) {
    let inbox = net.contract(&net.status.inbox);
    let count = net.view(inbox, IInbox::countCall {}).await;
    net.wait_message(count).await;
    let answer = net.chain().get_supply(GetSupplyRequest::default()).await;
    let answer = answer.expect("the sums").into_inner();
    assert!(answer.next_page_token.is_empty(), "all are on one page");
    let assets = answer.assets;
    assert!(assets.len() >= 2, "the native coin and a token: {assets:?}");
    let vault = net.contract(&net.status.vault);
    for asset in assets {
        let sum = |text: &str| text.parse::<u128>().expect("a sum");
        let token = net.contract(&asset.token);
        let totals = net.view(vault, IVault::totalsCall { token }).await;
        assert_eq!(sum(&asset.credited), totals.deposited, "{asset:?}");
        assert!(sum(&asset.withdrawn) >= totals.paid);
        let escrow = net.view(vault, IVault::escrowCall { token }).await;
        assert_eq!(escrow, U256::from(totals.deposited - totals.paid));
        let claims = sum(&asset.balances) + sum(&asset.stakes) + sum(&asset.pools);
        assert_eq!(claims, sum(&asset.credited) - sum(&asset.withdrawn));
    }
}

pub async fn accounts(net: &Net) {
    let account = net.alice.account;
    let request = |text: &str| GetAccountRequest {
        account: text.to_owned(),
    };
    let told = net
        .accounts()
        .get_account(request(&account.to_string()))
        .await;
    let told = told.expect("an account").into_inner();
    let (_, leaf) = net.proven(&Slot::Account(account).key(), 0).await;
    let leaf = AccountLeaf::decode(&leaf.expect("a leaf")).expect("an account");
    assert_eq!(told.balance, leaf.balance.to_string());
    assert_eq!((told.sequence, told.exists), (leaf.sequence, true));
    let lower = account.to_string().to_lowercase();
    let answer = net.accounts().get_account(request(&lower)).await;
    assert_eq!(
        answer.expect("lower case is fine").into_inner().account,
        told.account
    );

    let nobody = Account::ethereum([0x5e; 20]);
    let told = net
        .accounts()
        .get_account(request(&nobody.to_string()))
        .await;
    let told = told.expect("zeros").into_inner();
    assert_eq!(
        (told.balance.as_str(), told.sequence, told.exists),
        ("0", 0, false)
    );
    let (_, leaf) = net.proven(&Slot::Account(nobody).key(), 0).await;
    assert_eq!(leaf, None);
    for bad in ["", "alice", "0x12", "plasmid1qqqq"] {
        let answer = net.accounts().get_account(request(bad)).await;
        refused(answer, Code::InvalidArgument, &[&format!("{bad:?}")]);
    }
    let mut wrong = account.to_string();
    let letter = wrong
        .rfind(|c: char| c.is_ascii_lowercase())
        .expect("a letter");
    let upper = wrong[letter..=letter].to_uppercase();
    wrong.replace_range(letter..=letter, &upper);
    let answer = net.accounts().get_account(request(&wrong)).await;
    refused(answer, Code::InvalidArgument, &[&wrong]);
}

/// Balances and the token registry, page by page. Somebody has deposited the token for `holder`.
pub async fn balances(net: &Net, holder: &Account) {
    let mut told = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListBalancesRequest {
            account: holder.to_string(),
            page_size: 1,
            page_token,
        };
        let page = net.accounts().list_balances(request).await.expect("a page");
        let page = page.into_inner();
        assert!(page.balances.len() <= 1);
        told.extend(page.balances);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0].token, Address::ZERO.to_string());
    assert_eq!(told[1].token, net.token.to_string());
    let slot = Slot::TokenBalance(*holder, net.token.into_array());
    let (_, leaf) = net.proven(&slot.key(), 0).await;
    let leaf = TokenBalance::decode(&leaf.expect("a leaf")).expect("a balance");
    assert_eq!(told[1].amount, leaf.amount.to_string());

    let request = ListTokensRequest::default();
    let tokens = net.accounts().list_tokens(request).await.expect("tokens");
    let tokens = tokens.into_inner();
    assert!(tokens.next_page_token.is_empty(), "all are on one page");
    let tokens = tokens.tokens;
    assert_eq!(tokens.len(), 2);
    let (_, leaf) = net
        .proven(&Slot::Asset(net.token.into_array()).key(), 0)
        .await;
    let leaf = AssetLeaf::decode(&leaf.expect("a leaf")).expect("an asset");
    let token = &tokens[1];
    assert_eq!(token.credited, leaf.credited.to_string());
    assert_eq!(
        (token.decimals, &token.symbol),
        (leaf.decimals.into(), &leaf.symbol_text())
    );
    assert_eq!(
        (told[1].decimals, &told[1].symbol),
        (token.decimals, &token.symbol)
    );
    let request = ListTokensRequest {
        page_size: 5,
        page_token: "yesterday".into(),
    };
    let answer = net.accounts().list_tokens(request).await;
    refused(answer, Code::InvalidArgument, &["yesterday"]);
    let request = ListBalancesRequest {
        account: "nobody".into(),
        ..ListBalancesRequest::default()
    };
    let answer = net.accounts().list_balances(request).await;
    refused(answer, Code::InvalidArgument, &["nobody"]);
}
