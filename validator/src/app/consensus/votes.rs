//! Vote extensions: what this node reports and signs, and which frames of others it takes.

use alloy_primitives::B256;
use plasmid_staking::epoch_of;
use tendermint_proto::v0_38::abci::{
    RequestExtendVote, RequestVerifyVoteExtension, ResponseExtendVote, ResponseVerifyVoteExtension,
    response_verify_vote_extension::VerifyStatus,
};

use super::expect_next;
use crate::app::ports::Signer;
use crate::app::state::State;
use crate::app::unread::Unread;
use crate::app::{App, convert};
use crate::chain::bitmap::Bitmap;
use crate::chain::committed::genesis_leaf;
use crate::chain::epoch::participation;
use crate::chain::epoch::set::set_at;
use crate::chain::extension::{Brought, Extension};
use crate::chain::overlay::Overlay;
use crate::engine::abci::{Fault, Outcome};
use crate::ledger::Slot;
use crate::ledger::leaf::InboxLeaf;

impl App {
    pub(in crate::app) fn on_extend_vote(
        &self,
        request: &RequestExtendVote,
    ) -> Outcome<ResponseExtendVote> {
        let state = self.state();
        let height = convert::height(request.height)?;
        expect_next(&state, height)?;
        let inbox: InboxLeaf = genesis_leaf(&state.tree, &Slot::Inbox).map_err(Fault::new)?;
        let held = (inbox.cursor, B256::from(inbox.link));
        let limit = u64::from(self.parameters.inbox_batch);
        let report = self.surroundings.outlook.report(held.0, held.1, limit);
        let (cursor, link) = report.unwrap_or(held);
        let due = match &self.surroundings.signer {
            Some(signer) => self.share(&state, height, signer.as_ref())?,
            None => None,
        };
        let late = || self.late_share(&state, height).map(Brought::Late);
        let share = due.map(Brought::Due).or_else(late);
        let share = share.unwrap_or(Brought::Nothing);
        let extension = Extension {
            cursor,
            link,
            share,
        };
        Ok(ResponseExtendVote {
            vote_extension: extension.encode().into(),
        })
    }

    pub(in crate::app) fn on_verify_vote_extension(
        &self,
        request: &RequestVerifyVoteExtension,
    ) -> Outcome<ResponseVerifyVoteExtension> {
        let status = match Extension::decode(&request.vote_extension) {
            Ok(_) => VerifyStatus::Accept,
            Err(why) => {
                tracing::warn!(height = request.height, %why, "vote extension refused");
                VerifyStatus::Reject
            }
        };
        Ok(ResponseVerifyVoteExtension {
            status: status.into(),
        })
    }

    /// Our share over the checkpoint that this epoch's set signs, until our bit stands.
    fn share(
        &self,
        state: &State,
        height: u64,
        signer: &dyn Signer,
    ) -> Result<Option<[u8; 192]>, Fault> {
        let signed = epoch_of(height, self.parameters.epoch_blocks).and_then(|e| e.checked_sub(1));
        let Some(checkpoint) = signed.and_then(|epoch| state.checkpoints.get(&epoch)) else {
            return Ok(None);
        };
        if self.is_from_file(checkpoint.epoch) {
            return Ok(None);
        }
        let key = signer.key();
        let members = set_at(&state.tree, height).map_err(Fault::new)?;
        let place = members
            .iter()
            .position(|member| member.checkpoint_key == key);
        let Some(number) = place.and_then(|place| u16::try_from(place).ok()) else {
            return Ok(None);
        };
        let mut overlay = Overlay::new(&state.tree);
        let carrier = height.saturating_add(1);
        let bits = participation::share_bits(&mut overlay, carrier, &self.parameters)
            .map_err(Fault::new)?;
        if Bitmap(bits.bitmap).has(number) {
            return Ok(None);
        }
        match self.keeps_links_at(state, checkpoint) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            // The duty makes the share when the store reads again.
            Err(Unread::Passing(why)) => {
                tracing::warn!(
                    epoch = checkpoint.epoch,
                    why,
                    "no share of this checkpoint can be made yet"
                );
                return Ok(None);
            }
            Err(Unread::Fault(fault)) => return Err(fault),
        }
        let digest = checkpoint.digest();
        Ok(signer.share(checkpoint.epoch, &digest, state.accepted).ok())
    }
}
