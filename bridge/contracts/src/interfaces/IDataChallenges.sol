// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {StateTree} from "../libraries/StateTree.sol";
import {IFraudCourt} from "./IFraudCourt.sol";
import {IRootChain} from "./IRootChain.sol";

/// @title Who does not find what a checkpoint commits to asks for it here, and whoever has it answers
/// @notice A checkpoint says with hashes alone what is in it. Two challenges open all of it: one asks for a segment, and the answer opens the
/// block, the list of its segments, the segment and its bytes; the other one asks for the leaf at an index of the state. Whoever asks pays
/// in. An answer costs the challenger what it paid in, of which at most half pays the gas of the answer; the rest is burned. What nobody
/// answers makes the checkpoint and all behind it void, and the challenger gets all of it back.
///
/// ```text
///         challenge, within C of the acceptance            answer, by anyone, as long as nobody called `expire`
/// nothing ──────────────────────────────────▶ open ───────────────────────────────────────────────▶ answered
///                                              │ expire, behind the deadline: RootChain.void
///                                              └──▶ the epoch cannot be made void (it is, or nobody ever can) ──refund──▶ paid back
/// ```
/// C is W − A − P. No checkpoint is made final while a challenge at or below it is open, nor within P of an answer that came so late that W
/// would not leave as long (`RootChain.finalize`).
///
/// **Queue.** Deadlines are `slotSecs` apart (of leaves an eighth of it) and no earlier than A behind their challenge, so that one answer after
/// the other fits into root's blocks. What moves a deadline behind that is the backlog: the price doubles with each half of A of it, so
/// that no queue is ever full and a long one is dear. Only a challenge that nobody answers waits for its deadline: whatever is answered
/// delays nothing.
///
/// No key is known here, and what is burned stays here for ever.
interface IDataChallenges {
    /// @notice Fixed at genesis, part of what the operators agree on. C = `RootChain.Parameters.challengeSecs` − A − P is more than A, and
    /// `RootChain.Parameters.unbondingSecs` at least W + 6 A.
    /// @param answerSecs A: how long a challenge can be answered at least; one block of root at least (`RootChain.Parameters.rootBlockSecs`).
    /// @param proveSecs P: how long a fault can be proven in what was answered late; one block of root at least.
    /// @param slotSecs between two deadlines, at most A.
    /// @param floor the least that a challenge of a segment costs, in wei; 1 to 2^80. One of a leaf costs an eighth of what one of a segment costs.
    struct Parameters {
        uint64 answerSecs;
        uint64 proveSecs;
        uint64 slotSecs;
        uint128 floor;
    }

    /// @notice What is asked for.
    /// @param epoch of the checkpoint.
    /// @param kind 1: a segment; 2: a leaf of the state.
    /// @param place of a segment: the block's in the epoch, 0 to K − 1; of a leaf 0.
    /// @param number of the segment in the block, whether there is one or not; or index of the leaf.
    struct Target {
        uint64 epoch;
        uint8 kind;
        uint32 place;
        uint32 number;
    }

    /// @notice A challenge as it stands.
    /// @param challenger 0 where nobody asked. Whoever asked stands here for ever: nothing is asked for twice.
    /// @param deadline from when on, if nobody answered, it can make the checkpoint void, in seconds; 0 when it is answered or paid back.
    /// @param price what was paid in, in wei; 0 when it is answered or paid back.
    struct Challenge {
        address challenger;
        uint64 deadline;
        uint128 price;
    }

    /// @notice A leaf's value with its kind.
    struct Value {
        uint8 kind;
        bytes content;
    }

    /// @notice Somebody asks for `kind`, `place`, `number` of an epoch.
    event Challenged(
        uint64 indexed epoch,
        address indexed challenger,
        uint8 kind,
        uint32 place,
        uint32 number,
        uint256 price,
        uint64 deadline
    );
    /// @notice What was asked for was shown (`Shown`).
    /// @param paid what the answerer was paid; the rest of the price is burned.
    event Answered(
        uint64 indexed epoch, address indexed answerer, uint8 kind, uint32 place, uint32 number, uint256 paid
    );
    /// @notice The answer, for everybody, whoever gave it and by whatever way.
    /// @param call of `answerSegment`, `answerNoSegment`, `answerLeaf` or `answerNoLeaf`, encoded as Solidity encodes it: what was compared with the checkpoint.
    event Shown(uint64 indexed epoch, uint8 kind, uint32 place, uint32 number, bytes call);
    /// @notice Nobody answered: the checkpoint and all behind it are void.
    event Withheld(uint64 indexed epoch, uint8 kind, uint32 place, uint32 number);
    /// @notice The challenger was paid back.
    event PaidBack(
        uint64 indexed epoch, address indexed challenger, uint8 kind, uint32 place, uint32 number, uint256 amount
    );

    /// @notice A number of the constructor's is out of its range.
    error ParameterOutOfRange(string name, uint256 value);
    /// @notice The challenge is about another epoch than the checkpoint.
    error OtherEpoch(uint64 epoch, uint64 given);
    /// @notice Only checkpoints that can be void are challenged and answered: epochs `from` to `until` − 1.
    error NotVoidable(uint64 epoch, uint64 from, uint64 until);
    /// @notice Challenges of this checkpoint ended at this time.
    error ChallengesOver(uint64 until, uint256 time);
    /// @notice Neither a segment of one of the epoch's blocks nor a leaf.
    error NoSuchTarget(uint8 kind, uint32 place);
    /// @notice Everything is asked for once.
    error AlreadyChallenged(address challenger);
    /// @notice Nobody asked for it.
    error NotChallenged();
    /// @notice It is answered or paid back.
    error Closed(address challenger);
    /// @notice Less was sent than the price.
    error PriceNotPaid(uint256 price, uint256 value);
    /// @notice What was sent too much, what an answer is paid or what is paid back was not taken.
    error MoneyNotTaken(address to, uint256 amount);
    /// @notice The block has such a segment, or the state such a leaf: it is to be shown.
    error Exists(uint32 number, uint32 count);
    /// @notice It can be answered until this time at least.
    error DeadlineOpen(uint64 deadline, uint256 time);
    /// @notice The checkpoint can still be void: the challenge is to be answered, or to expire.
    error StillVoidable(uint64 epoch);

    /// @notice Asks for a part of an accepted checkpoint, within C of its acceptance. What is sent over the price comes back.
    function challenge(IFraudCourt.Accused calldata accused, Target calldata target) external payable;

    /// @notice Answers with a segment and all that it stands in.
    function answerSegment(
        IFraudCourt.Accused calldata accused,
        IFraudCourt.Block calldata shown,
        IFraudCourt.Segments calldata segments,
        IFraudCourt.Segment calldata segment,
        bytes calldata content
    ) external;

    /// @notice Answers that the block has no segment of this number.
    function answerNoSegment(
        IFraudCourt.Accused calldata accused,
        IFraudCourt.Block calldata shown,
        IFraudCourt.Segments calldata segments,
        uint32 number
    ) external;

    /// @notice Answers with a leaf of the state.
    function answerLeaf(
        IFraudCourt.Accused calldata accused,
        Value calldata value,
        StateTree.Inclusion calldata leaf
    ) external;

    /// @notice Answers that the state has no leaf at this index.
    /// @param treeRoot, count what the state root hashes.
    function answerNoLeaf(IFraudCourt.Accused calldata accused, uint32 index, bytes32 treeRoot, uint32 count) external;

    /// @notice Behind its deadline, a challenge that nobody answered makes the checkpoint void. By anyone.
    function expire(Target calldata target) external;

    /// @notice Pays the challenger back what it paid in, where the checkpoint cannot be made void any more: it is already, it is final, or the one
    /// before has left RootChain's ring. By anyone.
    function refund(Target calldata target) external;

    /// @notice What the next challenge of this kind costs in wei, and the earliest that its deadline can be, if it came now.
    function price(uint8 kind) external view returns (uint256 price_, uint64 deadline);

    /// @notice The lowest epoch of `from` to `to` that must not be made final now; `to` + 1 where none is.
    function firstHeld(uint64 from, uint64 to) external view returns (uint64 epoch);

    function challenged(Target calldata target) external view returns (Challenge memory);
    function parameters() external view returns (Parameters memory);
    /// @notice C: challenges of a checkpoint are taken so long behind its acceptance, in seconds.
    function challengeSecs() external view returns (uint64);
    function rootChain() external view returns (IRootChain);
}
