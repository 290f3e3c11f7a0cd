//! What is said before a transaction goes through the inbox.

use super::*;

#[test]
fn who_ends_or_moves_a_position_by_a_message_is_told_that_it_can_be_put_off() {
    let (position, amount) = (4, 5);
    let moved = StakeBody::Redelegate {
        position,
        amount,
        to: [8; 20],
        line: 3,
        max_commission: 300,
    };
    for body in [StakeBody::Undelegate { position, amount }, moved] {
        assert!(put_off(&body).contains("a third of the power can put off"));
    }
    assert_eq!(put_off(&StakeBody::Leave), "");
}
