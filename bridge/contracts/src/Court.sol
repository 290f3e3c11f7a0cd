// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "./interfaces/ICourt.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {CanonicalVote} from "./court/CanonicalVote.sol";
import {DoubleCheckpoint as Checkpoints} from "./court/DoubleCheckpoint.sol";
import {DoubleVote as Votes} from "./court/DoubleVote.sol";
import {SetProof} from "./court/SetProof.sol";
import {Settlement} from "./court/Settlement.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Messages} from "./libraries/Messages.sol";

/// @title The court
contract Court is ICourt {
    using Settlement for Settlement.State;

    /// @dev A report is made at least this many blocks after its commitment, so that nobody commits to what it first saw in a reveal.
    uint256 private constant MIN_AGE = 2;
    /// @dev No more gas than this is paid for a report: what one takes, with room for another price of storage.
    uint256 private constant GAS_LIMIT = 1_000_000;
    /// @dev What a reveal takes outside of what it measures: the transaction, its calldata and the end of the call. Not by the length of the
    /// calldata, to which anybody can add zeros that cost less than they would be paid.
    uint256 private constant GAS_AROUND = 50_000;
    /// @dev The tip over the base fee that is paid back at most.
    uint256 private constant TIP_LIMIT = 2 gwei;

    address public immutable registry;
    address public immutable inbox;
    IRootChain public immutable rootChain;
    IEd25519Verifier private immutable VERIFIER;
    uint64 private immutable MIN_CUT;
    uint128 private immutable REWARD;
    uint64 private immutable EVIDENCE_SECS;
    uint64 private immutable EPOCH_BLOCKS;
    uint64 private immutable RECORD_SLOTS;
    uint64 private immutable REVEAL_BLOCKS;
    /// @dev R blocks in seconds, at the slowest rate that the deployment allows for.
    uint64 private immutable REVEAL_SECS;

    Settlement.State private _state;
    /// @dev Never 0, so that a reveal makes no slot for it.
    uint256 private _uncountedPlusOne = 1;
    mapping(bytes32 => Commitment) private _commitments;
    /// @dev Of a commitment that led and no longer does: the offence that it was the first report of, or led later.
    mapping(bytes32 => bytes32) private _overtaken;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        Parameters memory given = founding.genesis.court;
        _inRange("minCut", given.minCut, 1, SetProof.WHOLE);
        _inRange("reward", given.reward, 1, IRegistry(msg.sender).bond());
        registry = msg.sender;
        VERIFIER = IRegistry(msg.sender).verifier();
        inbox = founding.contracts[Manifest.INBOX];
        rootChain = IRootChain(Manifest.rootChain(founding.contracts));
        MIN_CUT = given.minCut;
        REWARD = given.reward;
        // RootChain's constructor checks these.
        IRootChain.Parameters memory root = founding.genesis.rootChain;
        EVIDENCE_SECS = root.evidenceSecs;
        EPOCH_BLOCKS = root.epochBlocks;
        RECORD_SLOTS = root.recordSlots;
        REVEAL_BLOCKS = root.revealBlocks;
        REVEAL_SECS = root.revealBlocks * root.rootBlockSecs;
    }

    /// @inheritdoc ICourt
    function commit(bytes32 commitment_) external {
        Commitment storage made = _commitments[commitment_];
        if (made.beneficiary != address(0)) revert CommitmentRevealed();
        uint256 until = uint256(made.madeAt) + REVEAL_BLOCKS;
        if (made.madeAt != 0 && block.number <= until) revert CommitmentStands(until);
        made.madeAt = uint40(block.number);
        made.timeOrGas = uint48(block.timestamp);
        emit Committed(commitment_);
    }

    /// @inheritdoc ICourt
    function revealVotes(DoubleVote calldata evidence, Accused calldata accused, Claim calldata claim) external {
        uint256 gas = gasleft();
        Votes.checkForm(evidence);
        uint64 epoch = (evidence.height - 1) / EPOCH_BLOCKS;
        (bytes32 own, uint32 share) = _admit(keccak256(abi.encode(evidence)), epoch, accused, claim);
        Votes.check(VERIFIER, rootChain.deployment(), accused.member.consensusKey, accused.xKey, evidence);
        _record(own, epoch, share, accused.member, claim, gas);
    }

    /// @inheritdoc ICourt
    function revealCheckpoints(DoubleCheckpoint calldata evidence, Accused calldata accused, Claim calldata claim)
        external
    {
        uint256 gas = gasleft();
        uint64 epoch = Checkpoints.epochOf(evidence);
        (bytes32 own, uint32 share) = _admit(keccak256(abi.encode(evidence)), epoch, accused, claim);
        Checkpoints.check(rootChain.deployment(), accused.member.checkpointKey, evidence);
        _record(own, epoch, share, accused.member, claim, gas);
    }

    /// @inheritdoc ICourt
    function count(address operator, uint64 epoch) external {
        if (_known(operator, epoch).counted) revert AlreadyCounted(operator, epoch);
        _count(operator, epoch);
    }

    /// @inheritdoc ICourt
    function collect(address operator, uint64 epoch, bytes32 commitment_) external {
        Offence memory known = _known(operator, epoch);
        uint256 until = uint256(known.revealedAt) + REVEAL_BLOCKS;
        if (block.number <= until) revert ContestOpen(until, block.number);
        Commitment memory own = _commitments[commitment_];
        bool leads = bytes13(commitment_) == known.leader;
        if (own.beneficiary == address(0) || (!leads && _overtaken[commitment_] != _offenceKey(operator, epoch))) {
            revert UnknownCommitment(commitment_);
        }
        if (!known.counted) _count(operator, epoch);
        delete _commitments[commitment_];
        // Nobody else leads: not even another commitment of the same thirteen bytes.
        if (leads) _state.offences[operator][epoch].leader = 0;
        uint256 gas = uint256(own.timeOrGas) * 1 gwei;
        uint256 reward = leads ? REWARD : 0;
        (uint256 paid, uint256 burned) =
            IRegistry(registry).debit(operator, known.registration, gas, reward, own.beneficiary);
        emit Collected(operator, epoch, commitment_, own.beneficiary, paid, burned);
    }

    /// @inheritdoc ICourt
    function settle(address operator, uint64 epoch, Kept calldata closing) external {
        Offence memory known = _known(operator, epoch);
        if (known.settled) revert AlreadySettled(operator, epoch);
        uint64 last = epoch + 2;
        uint64 accepted = rootChain.head().accepted;
        if (accepted <= last) revert CheckpointNotAccepted(last);
        // What the ring dropped was accepted longer ago than any window.
        if (accepted - last <= RECORD_SLOTS) {
            SetProof.requireKept(rootChain, last, closing);
            uint256 closedAt = _closesAt(closing) + REVEAL_SECS;
            if (block.timestamp <= closedAt) revert ReportsOpen(closedAt, block.timestamp);
        }
        if (uncounted() != 0) revert OffencesUncounted(uncounted());
        _state.offences[operator][epoch].settled = true;
        uint64 cut = fraction(epoch);
        emit Settled(operator, epoch, known.registration, cut);
        IInbox(inbox)
            .send(Messages.SETTLEMENT, abi.encodePacked(Messages.offence(operator, known.registration, epoch), cut));
    }

    /// @inheritdoc ICourt
    function commitmentOf(bytes32 evidence, address beneficiary, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encodePacked("PRPT", block.chainid, address(this), evidence, beneficiary, salt));
    }

    /// @inheritdoc ICourt
    function commitment(bytes32 commitment_) external view returns (Commitment memory) {
        return _commitments[commitment_];
    }

    /// @inheritdoc ICourt
    function offence(address operator, uint64 epoch) external view returns (Offence memory) {
        return _state.offences[operator][epoch];
    }

    /// @inheritdoc ICourt
    function fraction(uint64 epoch) public view returns (uint64) {
        return _state.fraction(epoch, MIN_CUT);
    }

    /// @inheritdoc ICourt
    function uncounted() public view returns (uint256) {
        return _uncountedPlusOne - 1;
    }

    /// @inheritdoc ICourt
    function signBytes(DoubleVote calldata evidence, Vote calldata vote) external view returns (bytes memory) {
        Votes.checkForm(evidence);
        bytes memory chain = CanonicalVote.chainId(rootChain.deployment());
        return CanonicalVote.signBytes(evidence.kind, evidence.height, evidence.round, vote, chain);
    }

    /// @inheritdoc ICourt
    function parameters() external view returns (Parameters memory) {
        return Parameters(MIN_CUT, REWARD);
    }

    /// @dev Everything but the signatures: the commitment's age, the time for reports, and that the accused was in the set.
    function _admit(bytes32 evidence, uint64 epoch, Accused calldata accused, Claim calldata claim)
        private
        view
        returns (bytes32 own, uint32 share)
    {
        if (claim.beneficiary == address(0)) revert BeneficiaryZero();
        own = commitmentOf(evidence, claim.beneficiary, claim.salt);
        Commitment memory made = _commitments[own];
        if (made.madeAt == 0) revert UnknownCommitment(own);
        if (made.beneficiary != address(0)) revert CommitmentRevealed();
        uint256 first = made.madeAt + MIN_AGE;
        uint256 last = uint256(made.madeAt) + REVEAL_BLOCKS;
        if (block.number < first || block.number > last) revert RevealOutOfTime(first, last, block.number);
        _requireOpen(epoch, made.timeOrGas, accused.closing);
        share = SetProof.share(rootChain, IRegistry(registry), epoch, accused);
    }

    /// @dev Before root accepted checkpoint e + 1, reports of e are open.
    function _requireOpen(uint64 epoch, uint256 madeTime, Kept calldata closing) private view {
        uint64 next = epoch + 1;
        uint64 accepted = rootChain.head().accepted;
        if (accepted <= next) return;
        if (accepted - next > RECORD_SLOTS) revert CheckpointNotKept(next);
        SetProof.requireKept(rootChain, next, closing);
        uint256 closedAt = _closesAt(closing);
        if (madeTime > closedAt) revert ReportsClosed(epoch, closedAt, madeTime);
        closedAt += REVEAL_SECS;
        if (block.timestamp > closedAt) revert ReportsClosed(epoch, closedAt, block.timestamp);
    }

    /// @dev Until when commitments for an epoch are made, by the acceptance of the checkpoint of the next one.
    function _closesAt(Kept calldata closing) private view returns (uint256) {
        return uint256(closing.acceptance.time) + EVIDENCE_SECS;
    }

    function _record(
        bytes32 own,
        uint64 epoch,
        uint32 share,
        IRootChain.SetMember calldata member,
        Claim calldata claim,
        uint256 gas
    ) private {
        address operator = member.operator;
        Offence storage known = _state.offences[operator][epoch];
        if (known.registration != 0) return _overtake(own, known, operator, epoch, claim);
        known.registration = member.registration;
        known.share = share;
        known.revealedAt = uint40(block.number);
        known.leader = bytes13(own);
        ++_uncountedPlusOne;
        emit Revealed(operator, epoch, member.registration, share, own, claim.beneficiary);
        IInbox(inbox).send(Messages.FREEZE, Messages.offence(operator, member.registration, epoch));
        // From here on little gas is used, and it is in what is added.
        gas = gas - gasleft() + GAS_AROUND;
        if (gas > GAS_LIMIT) gas = GAS_LIMIT;
        uint256 cap = block.basefee + TIP_LIMIT;
        uint256 cost = gas * (tx.gasprice < cap ? tx.gasprice : cap) / 1 gwei;
        _reveal(own, claim.beneficiary, cost < type(uint48).max ? uint48(cost) : type(uint48).max);
    }

    function _overtake(
        bytes32 own,
        Offence storage known,
        address operator,
        uint64 epoch,
        Claim calldata claim
    ) private {
        if (block.number > uint256(known.revealedAt) + REVEAL_BLOCKS) revert AlreadyRevealed(operator, epoch);
        // Thirteen bytes are easily made by whoever chooses the rest, but not by a commitment that was revealed.
        bool revealed = _commitments[claim.leader].beneficiary != address(0);
        if (!revealed || bytes13(claim.leader) != known.leader) revert NotLeader(claim.leader);
        if (_commitments[own].madeAt >= _commitments[claim.leader].madeAt) revert AlreadyRevealed(operator, epoch);
        _overtaken[claim.leader] = _offenceKey(operator, epoch);
        known.leader = bytes13(own);
        emit Overtaken(operator, epoch, own, claim.beneficiary);
        _reveal(own, claim.beneficiary, 0);
    }

    function _reveal(bytes32 own, address beneficiary, uint48 gasGwei) private {
        Commitment storage revealed = _commitments[own];
        revealed.beneficiary = beneficiary;
        revealed.timeOrGas = gasGwei;
    }

    function _count(address operator, uint64 epoch) private {
        --_uncountedPlusOne;
        _state.count(operator, epoch);
    }

    function _known(address operator, uint64 epoch) private view returns (Offence memory known) {
        known = _state.offences[operator][epoch];
        if (known.registration == 0) revert UnknownOffence(operator, epoch);
    }

    function _offenceKey(address operator, uint64 epoch) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(operator, epoch));
    }

    function _inRange(string memory name, uint256 value, uint256 low, uint256 high) private pure {
        if (value < low || value > high) revert ParameterOutOfRange(name, value);
    }
}
