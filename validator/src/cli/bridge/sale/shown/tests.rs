//! What a buyer and an owner are told, and what is refused before anything is sent.

use alloy_primitives::{B256, U256};
use plasmid_bridge::{
    client::exits::{Owned, TokenBacking},
    proof::checkpoint::Checkpoint,
    relay::acceptance::Acceptance,
};

use super::*;

const OWNER: Address = Address::repeat_byte(2);
const BUYER: Address = Address::repeat_byte(3);
const COIN: u128 = 1_000_000_000_000_000_000;

fn checkpoint() -> Checkpoint {
    Checkpoint {
        deployment: [1; 20],
        epoch: 4,
        last_block_time: 3,
        blocks_root: B256::repeat_byte(4),
        state_root: B256::repeat_byte(5),
        inbox_cursor: 6,
        inbox_link: B256::repeat_byte(7),
        next_set: B256::repeat_byte(8),
        relayer: [9; 20],
        previous: B256::repeat_byte(10),
    }
}

fn shown(owned: Owned, standing: VoidRisk) -> SaleShown {
    SaleShown {
        proven: ProvenWithdrawal {
            checkpoint: checkpoint(),
            leaf_count: 30,
            withdrawal: IVault::Withdrawal {
                index: 12,
                number: 7,
                recipient: Address::repeat_byte(1),
                token: Address::ZERO,
                amount: 3 * COIN,
                next: B256::repeat_byte(11),
            },
            siblings: vec![B256::repeat_byte(6); 32],
        },
        acceptance: IRootChain::Acceptance {
            signers: [B256::repeat_byte(1), B256::ZERO],
            time: 90,
            blockNumber: 8,
            dueCount: 2,
        },
        owned,
        backing: None,
        standing,
        open_until: (standing == VoidRisk::Open).then_some(160),
        now: 100,
    }
}

/// It pays a token, and the Vault owes 5 of that.
fn of_token(standing: VoidRisk, holds: Option<u64>) -> SaleShown {
    let mut one = shown(FOR_SALE, standing);
    one.proven.withdrawal.token = Address::repeat_byte(0x70);
    one.backing = Some(TokenBacking {
        owes: U256::from(5),
        holds: holds.map(U256::from),
    });
    one
}

const FOR_SALE: Owned = Owned {
    payee: OWNER,
    price: 2 * COIN,
    deadline: 100,
    is_paid: false,
};

#[test]
fn a_buyer_sees_what_he_buys_from_whom_and_what_can_become_of_it() {
    let one = shown(FOR_SALE, VoidRisk::Open);
    assert_eq!(
        one.object(),
        json!({
            "number": 7, "recipient": Address::repeat_byte(1).to_string(), "token": Address::ZERO.to_string(),
            "amount": "3000000000000000000", "leaf_index": 12, "payee": OWNER.to_string(), "paid": false,
            "price": "2000000000000000000", "deadline": 100, "for_sale": true, "epoch": 4, "checkpoint": "open",
            "open_until": 160, "held_from": null, "vault_owes": null, "vault_holds": null, "root_time": 100,
        })
    );
    let said = one.sentence();
    for words in [
        "withdrawal 7 (3 coins, made for 0x0101",
        "is paid to 0x0202",
        "for sale for 2 coins until root time 100 (1970-01-01 00:01:40 UTC). Its",
        "epoch 4, is accepted and not final: until root time 160 (1970-01-01 00:02:40 UTC) at least, 60 s from now",
        "no price is given back",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    for (standing, words, is_lost) in [
        (VoidRisk::Final, "nothing makes it void any more", false),
        (VoidRisk::Ripe, "the next claim makes it final", true),
        (
            VoidRisk::Held(None),
            "one before it is not, or the child skips a message. Until it is final it can become void",
            true,
        ),
        (
            VoidRisk::Held(Some(3)),
            "Data of epoch 3 is asked for on root now",
            true,
        ),
    ] {
        let said = shown(FOR_SALE, standing).risk();
        assert!(said.contains(words), "{said}");
        assert_eq!(said.contains("worth nothing"), is_lost, "{said}");
    }
    let call = one.buying(BUYER);
    assert_eq!(call.to, BUYER);
    assert_eq!(call.shown.checkpoint.content([1; 20]), checkpoint());
    assert_eq!(
        (call.shown.acceptance.dueCount, call.shown.leafCount),
        (2, 30)
    );
    assert_eq!((call.withdrawal.index, call.siblings.len()), (12, 32));
}

#[test]
fn nothing_is_sent_for_another_price_or_too_late_or_for_what_is_paid_or_ones_own() {
    let open = VoidRisk::Open;
    let agreed = 2 * COIN;
    assert!(shown(FOR_SALE, open).is_for_sale());
    assert!(shown(FOR_SALE, open).require_sale(BUYER, agreed).is_ok());
    let (none, late, paid) = (
        Owned {
            price: 0,
            ..FOR_SALE
        },
        Owned {
            deadline: 99,
            ..FOR_SALE
        },
        Owned {
            is_paid: true,
            ..FOR_SALE
        },
    );
    for (owned, buyer, price, words) in [
        (none, BUYER, 0, "is not for sale"),
        (
            late,
            BUYER,
            agreed,
            "until root time 99 (1970-01-01 00:01:39 UTC), which is over",
        ),
        (
            FOR_SALE,
            BUYER,
            agreed + 1,
            "costs 2 coins, and --price is 2.000000000000000001",
        ),
        (
            FOR_SALE,
            BUYER,
            agreed - 1,
            "costs 2 coins, and --price is 1.999999999999999999",
        ),
        (FOR_SALE, OWNER, agreed, "is yours already"),
        (paid, BUYER, agreed, "was paid already"),
    ] {
        let one = shown(owned, open);
        let refused = one.require_sale(buyer, price).expect_err(words).to_string();
        assert!(refused.contains(words), "{refused}");
        assert_eq!(one.is_for_sale(), owned == FOR_SALE);
    }
    assert!(shown(FOR_SALE, open).require_owner(OWNER).is_ok());
    let other = shown(FOR_SALE, open)
        .require_owner(BUYER)
        .expect_err("it is not his");
    assert!(other.to_string().contains(&format!("is paid to {OWNER}")));
    let other = shown(paid, open)
        .require_owner(OWNER)
        .expect_err("it is paid");
    assert!(other.to_string().contains("was paid already"));
}

#[test]
fn until_when_a_checkpoint_can_become_void_follows_from_roots_clock_and_word() {
    let accepted = |time| Acceptance {
        epoch: 4,
        digest: B256::ZERO,
        carrier: Address::ZERO,
        checkpoint: checkpoint(),
        signers: [0; 64],
        time,
        block: 1,
        due_count: 0,
        tau: 0,
    };
    let ends = |time| open_until(&accepted(time), (100, 60));
    assert_eq!(ends(90), Some(150));
    assert_eq!(ends(40), None);
    // A time that an endpoint invents does not wrap.
    assert_eq!(ends(u64::MAX), Some(u64::MAX));
    let of = (4, None);
    assert_eq!(waiting(of, Some(150), false), VoidRisk::Open);
    assert_eq!(waiting(of, None, false), VoidRisk::Held(None));
    assert_eq!(waiting(of, None, true), VoidRisk::Ripe);
}

#[test]
fn a_buyer_hears_of_data_that_is_asked_for_while_the_checkpoint_can_be_challenged_and_behind() {
    for until in [Some(160), None] {
        for held in [3, 4] {
            let standing = waiting((4, Some(held)), until, false);
            assert_eq!(standing, VoidRisk::Held(Some(held)));
            let mut one = shown(FOR_SALE, standing);
            one.open_until = until;
            let said = one.sentence();
            let words = format!(
                "Data of epoch {held} is asked for on root now, or was answered and is still judged (`plasmid challenge list`): if nobody shows it, or what was shown is false, the checkpoint of epoch {held} is void"
            );
            assert!(said.contains(&words), "{said}");
            assert!(said.contains("what you bought pays nothing"), "{said}");
            let object = one.object();
            assert_eq!(object["checkpoint"], "held");
            assert_eq!(object["held_from"], held);
            assert_eq!(object["open_until"], json!(until));
        }
        // What is asked of a later one makes this one no less final, and root says itself whether it is ripe.
        let later = waiting((4, Some(5)), until, until.is_none());
        let expected = match until {
            Some(_) => VoidRisk::Open,
            None => VoidRisk::Ripe,
        };
        assert_eq!(later, expected);
        assert_eq!(waiting((4, Some(4)), until, true), VoidRisk::Held(Some(4)));
    }
}

#[test]
fn an_offer_ends_when_the_checkpoint_can_be_final_unless_its_seller_says_more_and_hears_it() {
    let mut one = shown(FOR_SALE, VoidRisk::Open);
    assert_eq!(one.usual_secs(), 60);
    let bears = "When its checkpoint becomes void, the buyer bears that and not you.";
    assert_eq!(one.sold_until(160), bears);
    assert_eq!(
        one.sold_until(161),
        format!(
            "{bears} It can be final from root time 160 (1970-01-01 00:02:40 UTC) on, and stays for sale for 1 s in which it can be: whoever buys it then waits for nothing."
        )
    );
    one.open_until = Some(100 + DAY + 1);
    assert_eq!(one.usual_secs(), DAY);
    // A question does not lengthen the time in which nobody can know it to be final.
    one.standing = VoidRisk::Held(Some(4));
    one.open_until = Some(130);
    assert_eq!(one.usual_secs(), 30);
    for over in [VoidRisk::Ripe, VoidRisk::Held(None)] {
        let one = shown(FOR_SALE, over);
        assert_eq!(one.usual_secs(), DAY);
        let said = one.sold_until(400);
        let words = "from root time 100 (1970-01-01 00:01:40 UTC) on, and stays for sale for 300 s";
        assert!(said.contains(words), "{said}");
    }
    let last = shown(FOR_SALE, VoidRisk::Final);
    assert_eq!(last.usual_secs(), DAY);
    assert_eq!(
        last.sold_until(400),
        "It is final, so `plasmid bridge claim` pays all of it now."
    );
    assert_eq!(
        of_token(VoidRisk::Final, Some(5)).sold_until(400),
        "It is final, so `plasmid bridge claim` pays it now if the token's contract lets the Vault send it."
    );
}

#[test]
fn nobody_is_promised_what_a_token_decides() {
    let coins = shown(FOR_SALE, VoidRisk::Final).risk();
    assert!(
        coins.ends_with("`plasmid bridge claim` pays all of it now"),
        "{coins}"
    );
    for (holds, words) in [
        (Some(5), "and the token says that it holds 5"),
        (
            Some(4),
            "the token says that it holds 4: whoever claims last is not paid",
        ),
        (None, "the token does not say what the Vault holds of it"),
    ] {
        for standing in [VoidRisk::Final, VoidRisk::Open] {
            let one = of_token(standing, holds);
            let said = one.risk();
            assert!(said.ends_with(words), "{said}");
            assert!(said.contains("The Vault owes 5 of the smallest unit of that token"));
            assert!(!said.contains("all of it now"), "{said}");
            let object = one.object();
            assert_eq!(object["vault_owes"], "5");
            assert_eq!(
                object["vault_holds"],
                json!(holds.map(|holds| holds.to_string()))
            );
        }
    }
    let said = of_token(VoidRisk::Final, Some(5)).risk();
    let words = "pays it now if the token's contract lets the Vault send it. The Vault owes";
    assert!(said.contains(words), "{said}");
}
