//! One chain with all keys in one hand: blocks proposed, executed, committed, and every segment executed again.

use alloy_primitives::{Address, B256};
use ed25519_zebra::{SigningKey, VerificationKey};
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::proof::inbox::{self, Body, Deposit, Message};
use plasmid_bridge::proof::vote;
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_staking::{Member, epoch_of};

use super::commit::{Committed, commit};
use super::committed::{genesis_leaf, parameters};
use super::error::Error;
use super::evidence::Misbehavior;
use super::execute::{Block, ColdChecker, Deployment, Executed, execute};
use super::extension::{Brought, Extension};
use super::genesis::{Genesis, Operator, RootAnchor};
use super::propose::{Candidate, ExtendedVote, Listed, NodeView, Request, propose};
use super::reexecute::{SegmentInput, reexecute};
use super::tally::{CommitVote, Flag};
use super::transitions::JudgedSegment;
use super::tree::Tree;
use crate::ledger::leaf::{InboxLeaf, NATIVE, Value};
use crate::ledger::transaction::{Authentication, Body as Act, Header};
use crate::ledger::{Account, Parameters, Slot, Transaction};

pub const ALICE: u8 = 0x51;
pub const BOB: u8 = 0x52;

/// One chain with all keys in one hand.
pub struct World {
    pub keys: Vec<SigningKey>,
    pub deployment: Deployment,
    pub tree: Tree,
    pub height: u64,
    pub time: u64,
    pub inbox: Vec<Vec<u8>>,
    pub last: Vec<(CommitVote, Vec<u8>, Vec<u8>)>,
    pub users: Vec<Vec<u8>>,
    pub misbehavior: Vec<Misbehavior>,
}

impl NodeView for World {
    fn message(&self, index: u64) -> Option<Vec<u8>> {
        self.inbox
            .get(usize::try_from(index.checked_sub(1)?).ok()?)
            .cloned()
    }

    fn share_verifies(&self, _: &Member, _: u64, share: &[u8; 192]) -> bool {
        share[0] != 0xff
    }
}

/// A checkpoint as root accepted it.
pub fn accepted(checkpoint: Checkpoint) -> Acceptance {
    Acceptance {
        epoch: checkpoint.epoch,
        digest: checkpoint.digest(),
        carrier: Address::ZERO,
        checkpoint,
        signers: [7; 64],
        time: 1_800_000_100,
        block: 77,
        due_count: 3,
        tau: 1_800_000_090,
    }
}

/// Bytes that tell numbers apart.
fn word<const N: usize>(number: u16) -> [u8; N] {
    let [high, low] = number.to_be_bytes();
    let mut word = [low; N];
    word[0] ^= high;
    word
}

/// What the engine may report: the key of the fourth operator of a world signed two votes.
pub fn offence() -> Misbehavior {
    let key = SigningKey::from(word(4));
    Misbehavior {
        kind: 1,
        address: vote::address(&VerificationKey::from(&key).into()),
        height: 1,
        seconds: 5,
        nanos: 0,
        power: 1,
        total_power: 4,
    }
}

pub fn account(byte: u8) -> Account {
    Account::ed25519(&VerificationKey::from(&SigningKey::from([byte; 32])).into())
}

impl World {
    /// Four operators, or one for each seat when there are fewer than four seats.
    pub fn new(epoch_blocks: u32, seats: u16) -> Self {
        Self::with_operators(epoch_blocks, seats, seats.min(4))
    }

    pub fn with_operators(epoch_blocks: u32, seats: u16, operators: u16) -> Self {
        let keys: Vec<SigningKey> = (1..=operators)
            .map(|number| SigningKey::from(word(number)))
            .collect();
        let operators = keys
            .iter()
            .zip(1u16..)
            .map(|(key, number)| Operator {
                operator: word(number),
                registration: u64::from(number),
                consensus_key: VerificationKey::from(key).into(),
                checkpoint_key: plasmid_bridge::proof::bls::SecretKey::from_entropy(&word::<32>(
                    number,
                ))
                .expect("entropy")
                .public_key(),
                stake: 1_000_000_000_000_000_000,
                opening: Default::default(),
                profile: None,
            })
            .collect();
        let mut balances = vec![(account(ALICE), 1u128 << 80), (account(BOB), 1u128 << 80)];
        balances.sort();
        let parameters = Parameters {
            epoch_blocks,
            seats,
            ring: 18,
            jail_divisor: 16,
            epoch_max_secs: 60,
            inbox_interval_ms: 1_000,
            registry: [9; 20].into(),
            ..Parameters::local()
        };
        let genesis = Genesis {
            parameters,
            operators,
            balances,
            delegations: Vec::new(),
        };
        let root = RootAnchor {
            root_chain: [9; 20],
            parent_block_hash: B256::repeat_byte(8),
            time: 1_800_000_000,
        };
        let built = genesis.build().expect("a sound genesis");
        Self {
            keys,
            deployment: built.deployment(&genesis, &root),
            tree: built.tree,
            height: 0,
            time: 1_800_000_000_000_000_000,
            inbox: Vec::new(),
            last: Vec::new(),
            users: Vec::new(),
            misbehavior: Vec::new(),
        }
    }

    pub fn leaf<T: Value>(&self, slot: Slot) -> T {
        genesis_leaf(&self.tree, &slot).expect("the leaf stands")
    }

    /// The next message of root.
    pub fn send(&mut self, body: Body) {
        let index = self.inbox.len() as u64 + 1;
        let message = Message {
            index,
            arrival: 1,
            root_height: 1,
            due: 1,
            body,
        };
        self.inbox.push(message.encode());
    }

    pub fn deposit(&mut self, amount: u128) {
        let recipient = account(0x61 + self.inbox.len() as u8).bytes();
        self.send(Body::Deposit(Deposit {
            token: [0; 20],
            amount,
            native: 0,
            recipient,
            refund: [7; 20],
            depositor: [7; 20],
            decimals: 18,
            symbol_length: 0,
            symbol: [0; 32],
        }));
    }

    pub fn transfer(&mut self, from: u8, sequence: u64, amount: u128) {
        let bytes = self.signed(from, sequence, amount, |_| {});
        self.users.push(bytes);
    }

    /// A transfer whose header is edited before it is signed.
    pub fn signed(
        &self,
        from: u8,
        sequence: u64,
        amount: u128,
        edit: impl FnOnce(&mut Header),
    ) -> Vec<u8> {
        let body = Act::Transfer {
            to: account(sequence as u8),
            token: NATIVE,
            amount,
        };
        self.signed_as(from, sequence, body, edit)
    }

    /// Any transaction whose header is edited before it is signed.
    pub fn signed_as(
        &self,
        from: u8,
        sequence: u64,
        body: Act,
        edit: impl FnOnce(&mut Header),
    ) -> Vec<u8> {
        let key = SigningKey::from([from; 32]);
        let public: [u8; 32] = VerificationKey::from(&key).into();
        let mut transaction = Transaction {
            header: Header {
                sender: account(from),
                lane: 0,
                sequence,
                fee: 1 << 60,
                fee_payer: Account::NONE,
                valid_until: 1_000_000,
                memo: [0; 32],
            },
            body,
            authentication: Authentication::Ed25519 {
                key: public,
                signature: [0; 64],
            },
            fee_payer_authentication: None,
        };
        edit(&mut transaction.header);
        let digest = transaction.digest(&self.deployment.domain);
        transaction.authentication = Authentication::Ed25519 {
            key: public,
            signature: key.sign(digest.as_slice()).into(),
        };
        transaction.encode()
    }

    /// Votes of all members on the tip, reporting the whole inbox, with shares where the epoch signs.
    pub fn vote(&mut self) {
        let parameters = parameters(&self.tree).expect("parameters");
        let mut link = (0, B256::ZERO);
        let held: InboxLeaf = self.leaf(Slot::Inbox);
        let within = held.cursor as usize + usize::from(parameters.inbox_batch);
        for message in self.inbox.iter().take(within) {
            link = (
                link.0 + 1,
                inbox::link(link.0 + 1, &link.1, &inbox::message_hash(message)),
            );
        }
        let signs = epoch_of(self.height, parameters.epoch_blocks).is_some_and(|epoch| epoch > 0);
        self.last = self
            .keys
            .iter()
            .map(|key| {
                let extension = Extension {
                    cursor: link.0,
                    link: link.1,
                    share: if signs {
                        Brought::Due([1; 192])
                    } else {
                        Brought::Nothing
                    },
                }
                .encode();
                let bytes = vote::extension_sign_bytes(
                    &extension,
                    self.height,
                    0,
                    &self.deployment.chain_id,
                );
                let signature: [u8; 64] = key.sign(&bytes).into();
                let vote = CommitVote {
                    address: vote::address(&VerificationKey::from(key).into()),
                    flag: Flag::Commit,
                };
                (vote, extension, signature.to_vec())
            })
            .collect();
    }

    pub fn propose(&self) -> Vec<Vec<u8>> {
        let votes: Vec<ExtendedVote<'_>> = self
            .last
            .iter()
            .map(|(vote, extension, signature)| ExtendedVote {
                vote: *vote,
                extension,
                signature,
            })
            .collect();
        let request = Request {
            height: self.height + 1,
            time: self.time,
            proposer: [1; 20],
            round: 0,
            votes: &votes,
            misbehavior: &self.misbehavior,
            max_bytes: 1 << 20,
        };
        let users: Vec<&[u8]> = self.users.iter().map(Vec::as_slice).collect();
        let verdicts = crate::ledger::check_batch(&users, &self.deployment.domain);
        let candidates: Vec<Candidate<'_>> = users
            .iter()
            .zip(&verdicts)
            .filter_map(|(bytes, verdict)| Some((*bytes, verdict.as_ref().ok()?)))
            .collect();
        propose(
            &self.tree,
            &self.deployment,
            &request,
            self,
            &mut Listed(candidates.into_iter()),
        )
        .expect("a proposal")
    }

    pub fn execute(
        &self,
        transactions: &[Vec<u8>],
    ) -> Result<Executed, Error<std::convert::Infallible>> {
        let votes: Vec<CommitVote> = self.last.iter().map(|(vote, _, _)| *vote).collect();
        let slices: Vec<&[u8]> = transactions.iter().map(Vec::as_slice).collect();
        let block = Block {
            height: self.height + 1,
            time: self.time,
            proposer: [1; 20],
            round: 0,
            votes: &votes,
            misbehavior: &self.misbehavior,
            transactions: &slices,
        };
        execute(&self.tree, &self.deployment, &block, &ColdChecker)
    }

    /// Proposes, executes, commits and executes every segment again.
    pub fn step(&mut self) -> (Executed, Committed) {
        if self.height > 0 {
            self.vote();
        }
        self.time += 1_000_000_000;
        let transactions = self.propose();
        let executed = self
            .execute(&transactions)
            .expect("an honest proposal is valid");
        assert_eq!(executed.receipts.len(), transactions.len());
        let mut twin = self.tree.twin();
        let committed =
            commit(&mut self.tree, &executed, 1, B256::ZERO, true).expect("it fits the tree");
        let together = commit(&mut twin, &executed, 1, B256::ZERO, false).expect("it fits too");
        assert_eq!(together.segments, committed.segments);
        assert_eq!(together.block, committed.block);
        self.reexecute(&executed, &committed);
        self.height += 1;
        self.users.clear();
        self.misbehavior.clear();
        (executed, committed)
    }

    pub fn reexecute(&self, executed: &Executed, committed: &Committed) {
        let mut at = committed.block.before;
        let witnesses = committed.witnesses.iter().cloned();
        for ((segment, record), witness) in executed
            .segments
            .iter()
            .zip(&committed.segments)
            .zip(witnesses)
        {
            assert_eq!(record.before, at);
            assert_eq!(
                witness.leaves.len() + witness.appends as usize,
                segment.touched.len()
            );
            let (moment, domain) = (executed.moment(), &self.deployment.domain);
            let judged = JudgedSegment::of(segment, record, moment, domain);
            assert_eq!(
                judged.objection(&witness),
                None,
                "{:?} at {}",
                segment.kind,
                executed.height
            );
            let input = SegmentInput::of(segment, moment, domain);
            at = reexecute(witness, &record.before, &input, &ColdChecker)
                .expect("it executes again");
            assert_eq!(
                at, record.after,
                "{:?} at {}",
                segment.kind, executed.height
            );
        }
        assert_eq!(at, committed.block.after);
    }
}
