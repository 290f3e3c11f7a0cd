//! Steps 3, 6 and 9: everybody leaves under the base, carried by one of them, with commands that anybody can type.

use std::{fs::File, io::BufReader};

use alloy_primitives::{Address, U256};
use plasmid_bridge::{
    abi::{IExits, IToken},
    client::whole,
};
use serde_json::Value;

use super::{
    robbed::{escrow, thieves_account},
    scene::{FraudScene, HONEST, nobody, purse},
};
use crate::{
    chain::tree::Tree,
    cli::{
        CliError,
        demo::{
            observe::{EscrowSeen, LeftSeen, Moved},
            people::{NATIVE, operator, person, until},
            steps::money::moved,
        },
    },
    ledger::{
        Account, Slot, Value as _,
        leaf::{AccountLeaf, AssetLeaf, TokenBalance},
    },
    localnet::Local,
    store::image,
};

/// Who pays the gas for all.
const CARRIER: [&str; 3] = ["--from", "relayer", "--yes"];

/// Who has money from the genesis on.
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

/// Money of somebody, and where it goes on root.
pub struct Owed {
    /// Whose, and of what.
    pub what: &'static str,
    /// Where it is paid.
    pub to: Address,
    /// The token; zero is the native coin.
    pub token: Address,
    /// How much.
    pub amount: u128,
    /// Whether it is a deposit that was never consumed, and not a leaf of the base.
    pub is_refund: bool,
}

impl Owed {
    /// Coins on the child.
    pub fn coins(what: &'static str, to: Address, amount: u128) -> Self {
        Self {
            what,
            to,
            token: Address::ZERO,
            amount,
            is_refund: false,
        }
    }
}

/// Where bob, whose account belongs to a key, is paid.
pub fn bobs_payout() -> Address {
    nobody("bob")
}

/// What everybody has on the child who has something from the genesis on.
pub async fn balances(scene: &FraudScene) -> Result<Vec<Owed>, CliError> {
    let world = &scene.world;
    let mut all = Vec::new();
    let coins = ["alice's coins", "bob's coins", "carol's coins"];
    for (name, what) in PEOPLE.into_iter().zip(coins) {
        let account = person(name)?.account;
        let to = match account.kind {
            Account::ETHEREUM => account.id.into(),
            _ => bobs_payout(),
        };
        let coins = world.balance(&account, &NATIVE).await?;
        all.push(Owed::coins(what, to, coins));
    }
    Ok(all)
}

async fn held(scene: &FraudScene, owed: &Owed) -> Result<u128, CliError> {
    let held: U256 = match owed.token.is_zero() {
        true => scene.world.rpc.balance(owed.to).await?,
        false => {
            let call = IToken::balanceOfCall { owner: owed.to };
            scene.world.read(owed.token, call).await?
        }
    };
    u128::try_from(held).map_err(|error| CliError::new(error.to_string()))
}

/// The state of the base, from the folder of the honest validator, which has ended.
async fn base(scene: &mut FraudScene) -> Result<(u64, String, Tree), CliError> {
    let mut why = String::new();
    let opened = until("the base is fixed", async || {
        let mut words = vec!["exit", "open"];
        words.extend(CARRIER);
        scene.typed(&words, &mut why)
    });
    let opened = opened.await;
    opened.map_err(|error| CliError::new(format!("{error}: {why}")))?;
    let base = scene.world.read(scene.contracts.exits, IExits::baseCall {});
    let epochs = base.await?.epochs;
    let last = epochs.checked_sub(1);
    let last = last.ok_or_else(|| CliError::new("the base is the genesis"))?;
    if let Some(mut node) = scene.network.nodes.get_mut(HONEST).and_then(Option::take) {
        node.engine.process().kill()?;
        node.app.kill()?;
    }
    let home = Local::home(&scene.network.folder, HONEST);
    let file = scene.network.folder.join("base.state");
    let (file, home) = (
        file.display().to_string(),
        home.path().display().to_string(),
    );
    scene.done(&[
        "export",
        &file,
        "--home",
        &home,
        "--epoch",
        &last.to_string(),
    ])?;
    let read = image::read(BufReader::new(File::open(&file)?));
    let (_, tree) = read.map_err(|error| CliError::new(error.to_string()))?;
    Ok((epochs, file, tree))
}

/// What stakes and pools hold of an asset: all that claims it, but for what accounts have.
fn stakes_and_pools(tree: &Tree, token: Address) -> Result<u128, CliError> {
    let broken = |error: &dyn std::fmt::Display| CliError::new(error.to_string());
    let asset = tree.get(&Slot::Asset(token.into_array()).key());
    let (_, _, asset) = asset.ok_or_else(|| CliError::new("the base has no such asset"))?;
    let asset = AssetLeaf::decode(asset).map_err(|error| broken(&error))?;
    let mut left = asset.credited.saturating_sub(asset.withdrawn);
    for leaf in tree.iter() {
        if token.is_zero() && leaf.kind == AccountLeaf::KIND {
            let account = AccountLeaf::decode(leaf.value).map_err(|error| broken(&error))?;
            left = left.saturating_sub(account.balance);
        }
        // One token is in use.
        if !token.is_zero() && leaf.kind == TokenBalance::KIND {
            let balance = TokenBalance::decode(leaf.value).map_err(|error| broken(&error))?;
            left = left.saturating_sub(balance.amount);
        }
    }
    Ok(left)
}

/// Of an answer's list of leaves or refunds, what was paid of a token.
fn paid(rows: &Value, token: Address) -> Vec<String> {
    let name = token.to_string();
    let rows = rows.as_array().into_iter().flatten();
    let of_token = rows.filter(|row| row["token"] == name.as_str());
    of_token
        .filter_map(|row| row["amount"].as_str().map(str::to_owned))
        .collect()
}

/// The assets of an answer's refunds, one after the other.
fn refunded(answer: &Value) -> Value {
    let refunds = answer["refunds"].as_array().into_iter().flatten();
    let assets = refunds.filter_map(|one| one["assets"].as_array());
    assets.flatten().cloned().collect()
}

/// A file with the accounts of people and operators: a leaf does not say whose it is.
fn known(scene: &FraudScene) -> Result<String, CliError> {
    let mut accounts = vec![thieves_account()];
    for name in PEOPLE {
        accounts.push(person(name)?.account);
    }
    for number in 0..scene.network.nodes.len() {
        accounts.push(operator(number)?.account);
    }
    let lines: Vec<String> = accounts.iter().map(Account::to_string).collect();
    let file = scene.network.folder.join("known");
    whole::replace(&file, lines.join("\n").as_bytes(), whole::READABLE)?;
    Ok(file.display().to_string())
}

/// Everybody leaves; `owed` is what each had.
pub async fn everybody(
    scene: &mut FraudScene,
    owed: &[Owed],
    had: Option<String>,
) -> Result<LeftSeen, CliError> {
    // Nobody else pays with the relayer's key any more.
    scene.network.relayer = None;
    scene.network.watcher = None;
    let (epochs, file, tree) = base(scene).await?;
    let payout = bobs_payout().to_string();
    scene.done(
        &[
            &["exit", "name", "--key", "bob", "--payout", &payout],
            &CARRIER[..],
        ]
        .concat(),
    )?;
    let mut assets = vec![Address::ZERO];
    if owed.iter().any(|one| !one.token.is_zero()) {
        assets.push(scene.world.token);
    }
    let mut escrows = Vec::new();
    for token in &assets {
        escrows.push(EscrowSeen {
            token: token.to_string(),
            before: escrow(scene, *token).await?.to_string(),
            stakes_and_pools: stakes_and_pools(&tree, *token)?.to_string(),
            ..EscrowSeen::default()
        });
    }
    let thieves = Owed::coins("the thieves' coins", purse(), 0);
    let range = format!("0..{}", tree.count());
    let known = known(scene)?;
    let leave = [
        "exit", "leave", "--state", &file, "--range", &range, "--known", &known,
    ];
    let leave = [&leave[..], &CARRIER[..]].concat();
    let refund = [&["exit", "refund"][..], &CARRIER[..]].concat();
    let mut before = Vec::new();
    for one in owed {
        before.push(held(scene, one).await?);
    }
    let thieves_before = held(scene, &thieves).await?;
    let answer = scene.done(&leave)?;
    let mut after = Vec::new();
    for one in owed {
        after.push(held(scene, one).await?);
    }
    let back = scene.done(&refund)?;
    let mut left = LeftSeen {
        base: epochs,
        unknown: answer["unknown"].as_array().map_or(usize::MAX, Vec::len),
        ..LeftSeen::default()
    };
    for ((one, before), middle) in owed.iter().zip(before).zip(after) {
        let (before, after) = match one.is_refund {
            true => (middle, held(scene, one).await?),
            false => (before, middle),
        };
        left.paid.push(moved(one.what, before, after, one.amount));
    }
    if let Some(had) = had {
        let now = held(scene, &thieves).await?;
        left.purse = Some(Moved {
            what: thieves.what.to_owned(),
            before: thieves_before.to_string(),
            after: now.to_string(),
            expected: had,
        });
    }
    for (seen, token) in escrows.iter_mut().zip(&assets) {
        seen.after = escrow(scene, *token).await?.to_string();
        seen.paid = paid(&answer["leaves"], *token);
        seen.paid.extend(paid(&refunded(&back), *token));
    }
    left.escrow = escrows;
    let (again, back) = (scene.done(&leave)?, scene.done(&refund)?);
    let count = |rows: &Value| rows.as_array().map_or(usize::MAX, Vec::len);
    left.twice = count(&again["leaves"]).saturating_add(count(&back["refunds"]));
    Ok(left)
}
