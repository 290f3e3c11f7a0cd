//! Tokens as public reports describe them, deposited from the command line; and money that would be lost, refused.

use std::{path::Path, sync::Arc};

use alloy_primitives::{Address, Bytes, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_bridge::{
    abi::IToken,
    client::{
        ceremony::creation_code,
        follower::view_call,
        rpc::{At, Call, Limits, Rpc},
        wallet::{FeePolicy, Key, Wallet},
    },
};
use serde_json::Value;

use super::{output_of_failure, refused, run, said, words};

const CODE: &str = include_str!("../../../../bridge/contracts/artifacts/ApprovalToken.json");
/// A symbol that clears the terminal and turns the writing direction.
const SYMBOL: &str = "\u{1b}[2J\u{202e}SWT";

/// The token, and alice on root.
struct Switch {
    wallet: Wallet,
    token: Address,
    vault: Address,
}

impl Switch {
    async fn deploy(description: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let rpc = Rpc::new(&text(&description["root"]), Limits::default()).expect("a URL");
        let accounts = description["accounts"].as_array().expect("accounts");
        let alice = accounts.iter().find(|account| account["name"] == "alice");
        let secret = text(&alice.expect("alice")["secret"]);
        let secret = <[u8; 32]>::try_from(hex::decode(secret).expect("hex")).expect("32 bytes");
        let key = Key::from_bytes(&secret).expect("a key");
        let wallet = Wallet::open(Arc::new(rpc), key, 31_337, FeePolicy::default()).await;
        let wallet = wallet.expect("a wallet");
        let code: Bytes = creation_code("ApprovalToken", CODE).expect("the artifact");
        let call = Call {
            data: code,
            ..Call::default()
        };
        let token = wallet.execute(call).await.expect("deployed").contract;
        let vault = text(&description["contracts"]["vault"]).parse();
        let switch = Self {
            wallet,
            token: token.expect("its address"),
            vault: vault.expect("an address"),
        };
        let to = switch.wallet.address();
        let value = U256::from(100_000_000);
        switch
            .call(IToken::mintCall { to, value }.abi_encode())
            .await;
        switch
    }

    async fn call(&self, data: Vec<u8>) {
        let sent = self.wallet.execute(Call::to(self.token, data)).await;
        sent.expect("the token takes it");
    }

    async fn set(&self, fee_bps: u64, no_zero: bool, no_change: bool) {
        let arguments = (
            U256::from(fee_bps),
            no_zero,
            no_change,
            Bytes::from(SYMBOL.as_bytes()),
        );
        let mut data = keccak256("set(uint256,bool,bool,bytes)")[..4].to_vec();
        data.extend(arguments.abi_encode_params());
        self.call(data).await;
    }

    async fn approve(&self, value: u64) {
        let (spender, value) = (self.vault, U256::from(value));
        self.call(IToken::approveCall { spender, value }.abi_encode())
            .await;
    }

    async fn left(&self) -> u64 {
        let (owner, spender) = (self.wallet.address(), self.vault);
        let call = IToken::allowanceCall { owner, spender };
        let left = view_call(self.wallet.rpc(), self.token, call, At::Latest).await;
        left.expect("an allowance").to::<u64>()
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(future)
}

fn deposit(folder: &Path, token: Address, base: u64) -> Value {
    let line = format!("bridge deposit --from alice --token {token} --amount {base}base");
    let answer = run(folder, &words(&line));
    assert_eq!(answer["code"], 0, "{line}: {answer}");
    assert_eq!(answer["asked"], base.to_string(), "{answer}");
    answer
}

/// Allowances that are left, tokens that refuse to change them, and tokens that keep a part of what is moved.
pub fn odd(folder: &Path, description: &Value) {
    let switch = block_on(Switch::deploy(description));
    let token = switch.token;
    block_on(switch.set(0, false, false));
    deposit(folder, token, 1_000_000);
    for line in ["query tokens", "query balances alice"] {
        let text = said(folder, &words(line));
        assert!(text.contains("\\u{1b}[2J\\u{202e}SWT"), "{line}: {text}");
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(steers), "{line}: {text:?}");
    }

    // What an earlier approval left is enough, so a token that refuses zero is not asked for another one.
    block_on(switch.approve(500_000));
    block_on(switch.set(0, true, false));
    deposit(folder, token, 400_000);
    assert_eq!(block_on(switch.left()), 100_000);
    // It is not enough, and the token takes a new value directly.
    deposit(folder, token, 300_000);
    assert_eq!(block_on(switch.left()), 0);
    // One that changes an allowance by way of zero only.
    block_on(switch.set(0, false, true));
    block_on(switch.approve(100_000));
    deposit(folder, token, 200_000);
    // One that refuses both is explained, and what is left can be used up as the sentence says.
    block_on(switch.approve(100_000));
    block_on(switch.set(0, true, true));
    let line = format!("bridge deposit --from alice --token {token} --amount 200000base");
    let why = refused(folder, &line);
    assert!(why.contains("deposit 100000 base units first"), "{why}");
    assert!(
        why.contains("zero approval") && why.contains("from zero only"),
        "{why}"
    );
    deposit(folder, token, 100_000);
    assert_eq!(block_on(switch.left()), 0);

    block_on(switch.set(100, false, false));
    let answer = deposit(folder, token, 1_000_000);
    assert_eq!(answer["amount"], "990000", "{answer}");
    let balances = run(folder, &words("query balances alice"));
    assert_eq!(balances["next_page"], "", "all are on one page: {balances}");
    let rows = balances["balances"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["token"] == token.to_string());
    let row = row.expect("the token is there");
    assert_eq!(row["symbol"], SYMBOL, "programs read it as it is");
    assert_eq!(row["base_units"], "2990000", "{row}");
    let line = format!("bridge deposit --from alice --token {token} --amount 100base");
    let text = said(folder, &words(&line));
    assert!(
        text.contains("100 base units were sent and 99 arrived"),
        "{text}"
    );
}

/// No token is named by an empty text, and nobody is paid where nobody can take it.
pub fn lost(folder: &Path, description: &Value) {
    for line in [
        "tx transfer --from alice --to bob --amount 1 --token",
        "tx withdraw --from alice --amount 1 --token",
        "bridge deposit --from alice --amount 1 --token",
    ] {
        for empty in ["", " "] {
            let mut words = words(line);
            words.push(empty.to_owned());
            let why = super::refused_words(folder, &words);
            assert!(why.contains("--token is empty"), "{line}: {why}");
        }
    }
    let contracts = description["contracts"].as_object().expect("contracts");
    let token = contracts["test_token"].as_str().expect("an address");
    for (name, address) in contracts.iter().filter(|(name, _)| *name != "test_token") {
        let address = address.as_str().expect("an address");
        for line in [
            format!("tx withdraw --from alice --amount 0.01 --to {address}"),
            format!("tx transfer --from alice --amount 0.01 --to {address}"),
            format!("tx set-payout {address} --from bob"),
            format!("bridge deposit --from alice --amount 0.01 --to {address}"),
            format!("bridge deposit --from alice --amount 0.01 --refund {address}"),
            format!("bridge force withdraw --from alice --amount 0.01 --to {address}"),
            format!("bridge force set-payout {address} --from bob --carrier alice"),
        ] {
            let why = refused(folder, &line);
            assert!(
                why.contains("nobody could ever move"),
                "{name}: {line}: {why}"
            );
        }
    }
    for line in [
        format!("tx withdraw --from alice --amount 1 --token {token} --to {token}"),
        format!("bridge deposit --from alice --amount 1 --token {token} --refund {token}"),
    ] {
        let why = refused(folder, &line);
        assert!(why.contains("the token's own contract"), "{line}: {why}");
    }
    // What begins as an address is none of the symbols that anybody may choose.
    let near = format!("{}0", &token[..token.len() - 1]);
    let why = output_of_failure(
        folder,
        &format!("tx transfer --from alice --to bob --amount 1 --token {near}x"),
    );
    assert!(why.contains("41 characters"), "{why}");
}
