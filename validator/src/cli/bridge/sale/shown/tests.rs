//! What a buyer and an owner are told, and what is refused before anything is sent.

use alloy_primitives::B256;
use plasmid_bridge::{client::exits::Owned, proof::checkpoint::Checkpoint};

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
        standing,
        now: 100,
    }
}

const FOR_SALE: Owned = Owned {
    payee: OWNER,
    price: 2 * COIN,
    deadline: 100,
    is_paid: false,
};

#[test]
fn a_buyer_sees_what_he_buys_from_whom_and_what_can_become_of_it() {
    let one = shown(FOR_SALE, VoidRisk::Open(160));
    assert_eq!(
        one.object(),
        json!({
            "number": 7, "recipient": Address::repeat_byte(1).to_string(), "token": Address::ZERO.to_string(),
            "amount": "3000000000000000000", "leaf_index": 12, "payee": OWNER.to_string(), "paid": false,
            "price": "2000000000000000000", "deadline": 100, "for_sale": true, "epoch": 4, "checkpoint": "open",
            "open_until": 160, "root_time": 100,
        })
    );
    let said = one.sentence();
    for words in [
        "withdrawal 7 (3 coins, made for 0x0101",
        "is paid to 0x0202",
        "for sale for 2 coins until root time 100",
        "epoch 4, is accepted and not final: until root time 160 at least, 60 s from now",
        "no price is given back",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    for (standing, words, is_lost) in [
        (VoidRisk::Final, "nothing makes it void any more", false),
        (VoidRisk::Ripe, "the next claim makes it final", true),
        (VoidRisk::Held, "Until it is final it can become void", true),
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
    let open = VoidRisk::Open(160);
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
        (late, BUYER, agreed, "until root time 99, which is over"),
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
    assert_eq!(
        waiting(&accepted(90), (100, 60), false),
        VoidRisk::Open(150)
    );
    assert_eq!(waiting(&accepted(40), (100, 60), false), VoidRisk::Held);
    assert_eq!(waiting(&accepted(40), (100, 60), true), VoidRisk::Ripe);
    // A time that an endpoint invents does not wrap.
    assert_eq!(
        waiting(&accepted(u64::MAX), (100, 60), false),
        VoidRisk::Open(u64::MAX)
    );
}
