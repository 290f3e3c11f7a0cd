//! All messages of a deployment, read page by page from the newest one back, of which none is held: an account of the base is named by a message that the base had consumed, however
//! old that is.

use alloy_primitives::B256;

use super::{
    At, Backwards, Contracts, ExitsError, Heard, IInbox, MESSAGE, Rpc, Sent, Which, events, inbox,
    view_call,
};

/// The part of the messages that was read: each is checked by the next older one, and the newest one by the link that the Inbox keeps.
#[derive(Debug)]
struct MessageWalk {
    /// The number that the next message must have.
    next: u64,
    /// The link that the newest one must have.
    kept: B256,
    /// The oldest one that was read, with its block.
    oldest: Option<(u64, Sent)>,
}

impl MessageWalk {
    /// Takes the next older message. Gives the one behind it, which is checked by now.
    fn take(&mut self, block: u64, one: Sent) -> Result<Option<inbox::Message>, String> {
        if one.index != self.next {
            return Err(format!(
                "message {} stands where {} belongs",
                one.index, self.next
            ));
        }
        if self.oldest.is_none() && one.link != self.kept {
            return Err(format!(
                "message {} has link {} in its contract",
                one.index, self.kept
            ));
        }
        let behind = self.check(&one.link)?;
        self.next = self.next.saturating_sub(1);
        self.oldest = Some((block, one));
        Ok(behind)
    }

    /// The oldest one, if it comes behind a message with that link.
    fn check(&mut self, before: &B256) -> Result<Option<inbox::Message>, String> {
        let Some((block, one)) = self.oldest.take() else {
            return Ok(None);
        };
        one.extend(before, block)?;
        one.message(block).map(Some)
    }

    /// Nothing comes before the oldest one, which is given.
    fn end(mut self) -> Result<Option<inbox::Message>, String> {
        if self.next != 0 {
            return Err(format!("message {} is missing", self.next));
        }
        self.check(&B256::ZERO)
    }
}

/// Gives all messages, the newest first, read from the Inbox's events in blocks `from` to `to` and compared with the link that it keeps. After each page `tell` hears how many are left.
///
/// # Errors
/// [`ExitsError`]; then what was given is not to be used.
pub async fn walk(
    rpc: &Rpc,
    contracts: &Contracts,
    (from, to): (u64, u64),
    mut visit: impl FnMut(&inbox::Message),
    mut tell: impl FnMut(u64),
) -> Result<(), ExitsError> {
    let at = match rpc.block(Which::Number(to)).await? {
        Some(block) => At::Hash(block.hash),
        None => At::Latest,
    };
    let inbox = contracts.inbox;
    let count = view_call(rpc, inbox, IInbox::countCall {}, at).await?;
    if count == 0 {
        return Ok(());
    }
    let kept = view_call(rpc, inbox, IInbox::linkCall { index: count }, at).await?;
    let mut history = MessageWalk {
        next: count,
        kept: kept.link,
        oldest: None,
    };
    let addresses = [inbox];
    let mut search = Backwards::new(rpc, &addresses, &[MESSAGE], (from, to));
    while history.next > 0 {
        let Some(logs) = search.look().await? else {
            break;
        };
        for log in logs.iter().rev().filter(|log| log.address == inbox) {
            if let Heard::Message(one) =
                events::decode(log, &[0; 20]).map_err(ExitsError::Events)?
            {
                let checked = history.take(log.block, one).map_err(ExitsError::Events)?;
                checked.iter().for_each(&mut visit);
            }
        }
        tell(history.next);
    }
    let last = history.end().map_err(ExitsError::Events)?;
    last.iter().for_each(&mut visit);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::chain;
    use super::*;

    /// The numbers of the messages that a history gives, of which these are read.
    fn read(sent: Vec<(u64, Sent)>, count: u64, kept: B256) -> Result<Vec<u64>, String> {
        let mut history = MessageWalk {
            next: count,
            kept,
            oldest: None,
        };
        let mut told = Vec::new();
        for (block, one) in sent.into_iter().rev() {
            told.extend(history.take(block, one)?.map(|message| message.index));
        }
        told.extend(history.end()?.map(|message| message.index));
        Ok(told)
    }

    #[test]
    fn all_messages_are_given_the_newest_first_and_none_that_does_not_fit() {
        let all = chain(40);
        let kept = all[39].1.link;
        let told = read(all.clone(), 40, kept).expect("they fit");
        assert_eq!(told, (1..=40).rev().collect::<Vec<_>>());
        assert_eq!(read(Vec::new(), 0, B256::ZERO), Ok(Vec::new()));
        let without = |place: usize| {
            let mut some = all.clone();
            some.remove(place);
            some
        };
        let mut forged = all.clone();
        forged[20].1.bytes = forged[21].1.bytes.clone();
        for wrong in [without(0), without(20), without(39), forged, Vec::new()] {
            assert!(read(wrong, 40, kept).is_err());
        }
        assert!(read(all.clone(), 40, all[38].1.link).is_err());
        assert!(read(all, 39, kept).is_err());
    }
}
