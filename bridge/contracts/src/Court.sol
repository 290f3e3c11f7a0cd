// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "./interfaces/ICourt.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {CanonicalVote} from "./court/CanonicalVote.sol";
import {CheckpointJudge} from "./court/CheckpointJudge.sol";
import {DoubleCheckpoint as Checkpoints} from "./court/DoubleCheckpoint.sol";
import {DoubleVote as Votes} from "./court/DoubleVote.sol";
import {Overlaps} from "./court/Overlaps.sol";
import {SetProof} from "./court/SetProof.sol";
import {Settlement} from "./court/Settlement.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Messages} from "./libraries/Messages.sol";

/// @title The court
contract Court is ICourt {
    using Overlaps for ICourt.Overlap;
    using Overlaps for Overlaps.State;
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
    /// @dev In the place of the leader, of an offence that two certificates showed: it is paid.
    uint104 private constant PAID = 1 << 103;

    address public immutable registry;
    address public immutable inbox;
    IRootChain public immutable rootChain;
    IEd25519Verifier private immutable VERIFIER;
    CheckpointJudge private immutable JUDGE;
    uint64 private immutable MIN_CUT;
    uint128 private immutable REWARD;
    uint64 private immutable EVIDENCE_SECS;
    uint64 private immutable EPOCH_BLOCKS;
    uint64 private immutable RECORD_SLOTS;
    uint64 private immutable REVEAL_BLOCKS;
    /// @dev R blocks in seconds, at the slowest rate that the deployment allows for.
    uint64 private immutable REVEAL_SECS;

    Settlement.State private _state;
    mapping(bytes32 => Commitment) private _commitments;
    /// @dev For a commitment that led and no longer does: the offence or overlap that it was the first report of, or led later.
    mapping(bytes32 => bytes32) private _overtaken;
    Overlaps.State private _overlaps;

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        Parameters memory given = founding.genesis.court;
        _inRange("minCut", given.minCut, 1, SetProof.WHOLE);
        // A bond covers three.
        _inRange("reward", given.reward, 1, IRegistry(msg.sender).bond() / 3);
        registry = msg.sender;
        VERIFIER = IRegistry(msg.sender).verifier();
        JUDGE = new CheckpointJudge(IRegistry(msg.sender));
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
        bytes32 own = _admit(keccak256(abi.encode(evidence)), epoch, accused.closing, claim);
        _requireNews(own, epoch, accused.member, claim);
        uint32 share = SetProof.share(rootChain, IRegistry(registry), epoch, accused);
        Votes.check(VERIFIER, rootChain.deployment(), accused.member.consensusKey, accused.xKey, evidence);
        _record(own, epoch, share, accused.member, claim, gas);
    }

    /// @inheritdoc ICourt
    function revealCheckpoints(DoubleCheckpoint calldata evidence, Accused calldata accused, Claim calldata claim)
        external
    {
        uint256 gas = gasleft();
        uint64 epoch = Checkpoints.epochOf(evidence.first, evidence.second);
        bytes32 own = _admit(keccak256(abi.encode(evidence)), epoch, accused.closing, claim);
        _requireNews(own, epoch, accused.member, claim);
        uint32 share = SetProof.share(rootChain, IRegistry(registry), epoch, accused);
        JUDGE.requireShares(rootChain.deployment(), accused.member.checkpointKey, evidence);
        _record(own, epoch, share, accused.member, claim, gas);
    }

    /// @inheritdoc ICourt
    function revealCertificates(
        DoubleCertificate calldata evidence,
        Accused calldata accused,
        Kept calldata accepted,
        Claim calldata claim
    ) external {
        uint256 gas = gasleft();
        uint64 epoch = Checkpoints.epochOf(evidence.first, evidence.second);
        bytes32 own = _admit(keccak256(abi.encode(evidence)), epoch, accused.closing, claim);
        uint64 last = _overlaps.last[epoch];
        if (uint256(claim.leader) != last) revert NotLeader(claim.leader);
        SetProof.share(rootChain, IRegistry(registry), epoch, accused);
        uint256[2] memory both = JUDGE.overlap(rootChain, accused.set, accepted, evidence);
        if (!Overlaps.has(both, accused.member.number)) revert NotPending(accused.member.number);
        uint40 madeAt = _commitments[own].madeAt;
        bytes32 before = last == 0 ? bytes32(0) : _overlaps.overlaps[last].overtake(both, own, madeAt, REVEAL_BLOCKS);
        if (before != 0) {
            _overtaken[before] = claim.leader;
            emit OverlapOvertaken(epoch, last, own, claim.beneficiary);
        }
        uint64 number = _overlaps.add(epoch, accused.set, both, own, madeAt);
        if (number == 0) {
            if (before == 0) revert OverlapKnown(epoch);
            return _reveal(own, claim.beneficiary, 0);
        }
        _state.convict(epoch);
        emit Overlapped(epoch, number, _overlaps.overlaps[number].signers, own, claim.beneficiary);
        IInbox(inbox).send(Messages.EPOCH_FREEZE, abi.encodePacked(epoch));
        _reveal(own, claim.beneficiary, _costSince(gas));
    }

    /// @inheritdoc ICourt
    function showSet(
        IRootChain.Set calldata set,
        IRootChain.SetMember[] calldata members,
        bytes32[] calldata siblings
    ) external returns (uint16) {
        return JUDGE.showSet(set, members, siblings);
    }

    /// @inheritdoc ICourt
    function freeze(uint64 overlap_, IRootChain.SetMember[] calldata members, bytes32[] calldata siblings) external {
        Overlap storage one = _overlaps.get(overlap_);
        (uint64 epoch, uint64 total) = (one.epoch, one.totalPower);
        uint256[2] memory pending = one.pending;
        bool any;
        // That these members are of the set is shown behind the loop: who comes too late for all of them pays for no proof.
        for (uint256 i; i < members.length; ++i) {
            IRootChain.SetMember calldata member = members[i];
            // Others may have frozen some of a batch before it arrived.
            if (!Overlaps.take(pending, member.number)) continue;
            any = true;
            // Of a set that was forged: who has nothing to be cut must not keep the epoch frozen, so it is passed over.
            if (!SetProof.isAtRisk(member)) continue;
            Offence storage known = _state.offences[member.operator][epoch];
            if (known.registration != 0) continue;
            uint32 share = SetProof.shareOf(member.power, total);
            // Not in the sums: the rule takes all for this epoch and its neighbours, however much is counted.
            known.registration = member.registration;
            known.share = share;
            known.leader = bytes13(uint104(overlap_));
            known.counted = true;
            emit Convicted(member.operator, epoch, member.registration, share, overlap_);
            IInbox(inbox).send(Messages.FREEZE, Messages.offence(member.operator, member.registration, epoch));
        }
        if (!any && members.length != 0) revert NotPending(members[0].number);
        SetProof.requireMembers(one.membersRoot, one.count, members, siblings);
        one.pending = pending;
        if (pending[0] | pending[1] == 0) IInbox(inbox).send(Messages.EPOCH_RELEASE, abi.encodePacked(epoch));
    }

    /// @inheritdoc ICourt
    function count(address operator, uint64 epoch) external {
        if (_known(operator, epoch).counted) revert AlreadyCounted(operator, epoch);
        _state.count(operator, epoch);
    }

    /// @inheritdoc ICourt
    function collect(address operator, uint64 epoch, bytes32 commitment_) external {
        Offence memory known = _known(operator, epoch);
        (bytes32 offence_, uint256 since, bool leads) = _contest(operator, epoch, known, commitment_);
        uint256 until = since + REVEAL_BLOCKS;
        if (block.number <= until) revert ContestOpen(until, block.number);
        Commitment memory own = _commitments[commitment_];
        if (own.beneficiary == address(0) || (!leads && _overtaken[commitment_] != offence_)) {
            revert UnknownCommitment(commitment_);
        }
        if (!known.counted) _state.count(operator, epoch);
        uint256 gas = uint256(own.timeOrGas) * 1 gwei;
        uint256 reward = leads ? REWARD : 0;
        uint256 paid;
        if (known.revealedAt == 0) {
            // One commitment is paid a reward for each who signed both certificates, and its gas once: by whichever bonds reach.
            _commitments[commitment_].timeOrGas = 0;
            if (leads) _state.offences[operator][epoch].leader |= bytes13(PAID);
            if (gas != 0) {
                (paid,) = IRegistry(registry).debit(operator, known.registration, gas, 0, own.beneficiary);
                _commitments[commitment_].timeOrGas = uint48((gas - paid) / 1 gwei);
                gas = 0;
            }
        } else {
            delete _commitments[commitment_];
            // Nobody else leads: not even another commitment of the same thirteen bytes.
            if (leads) _state.offences[operator][epoch].leader = 0;
        }
        (uint256 more, uint256 burned) =
            IRegistry(registry).debit(operator, known.registration, gas, reward, own.beneficiary);
        paid += more;
        emit Collected(operator, epoch, commitment_, own.beneficiary, paid, burned);
    }

    /// @inheritdoc ICourt
    function settle(address operator, uint64 epoch, Kept calldata closing) external {
        Offence memory known = _known(operator, epoch);
        if (known.settled) revert AlreadySettled(operator, epoch);
        uint64 last = epoch + 2;
        IRootChain.Head memory head = rootChain.head();
        // What the ring dropped was accepted longer ago than any window.
        uint256 closedAt;
        if (head.accepted <= last) {
            if (head.exitAt == 0) revert CheckpointNotAccepted(last);
            closedAt = head.exitAt;
        } else if (head.accepted - last <= RECORD_SLOTS) {
            SetProof.requireKept(rootChain, last, closing);
            closedAt = closing.acceptance.time;
        }
        closedAt += EVIDENCE_SECS + REVEAL_SECS;
        if (block.timestamp <= closedAt) revert ReportsOpen(closedAt, block.timestamp);
        uint256 waiting = uncounted(epoch);
        if (waiting != 0) revert OffencesUncounted(waiting);
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
    function shown(bytes32 setCommitment) external view returns (uint16 count_, bool sound) {
        return JUDGE.shown(setCommitment);
    }

    /// @inheritdoc ICourt
    function lastOverlap(uint64 epoch) external view returns (uint64 number) {
        return _overlaps.last[epoch];
    }

    /// @inheritdoc ICourt
    function overlap(uint64 number) external view returns (Overlap memory) {
        return _overlaps.overlaps[number];
    }

    /// @inheritdoc ICourt
    function overlaps() external view returns (uint64 number) {
        return _overlaps.number;
    }

    /// @inheritdoc ICourt
    function fraction(uint64 epoch) public view returns (uint64) {
        return _state.fraction(epoch, MIN_CUT);
    }

    /// @inheritdoc ICourt
    function uncounted(uint64 epoch) public view returns (uint256) {
        return _state.uncounted(epoch);
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

    /// @dev Everything that is not about who signed what: the commitment's age, and the time for reports.
    function _admit(bytes32 evidence, uint64 epoch, Kept calldata closing, Claim calldata claim)
        private
        view
        returns (bytes32 own)
    {
        if (claim.beneficiary == address(0)) revert BeneficiaryZero();
        own = commitmentOf(evidence, claim.beneficiary, claim.salt);
        Commitment memory made = _commitments[own];
        if (made.madeAt == 0) revert UnknownCommitment(own);
        if (made.beneficiary != address(0)) revert CommitmentRevealed();
        uint256 first = made.madeAt + MIN_AGE;
        uint256 last = uint256(made.madeAt) + REVEAL_BLOCKS;
        if (block.number < first || block.number > last) revert RevealOutOfTime(first, last, block.number);
        _requireOpen(epoch, made.timeOrGas, closing);
    }

    /// @dev Before root accepted checkpoint e + 1, reports of e are open; when none is accepted any more, they close as if it had been
    /// accepted last.
    function _requireOpen(uint64 epoch, uint256 madeTime, Kept calldata closing) private view {
        uint64 next = epoch + 1;
        IRootChain.Head memory head = rootChain.head();
        uint256 closedAt;
        if (head.accepted > next) {
            if (head.accepted - next > RECORD_SLOTS) revert CheckpointNotKept(next);
            SetProof.requireKept(rootChain, next, closing);
            closedAt = closing.acceptance.time;
        } else {
            if (head.exitAt == 0) return;
            closedAt = head.exitAt;
        }
        closedAt += EVIDENCE_SECS;
        if (madeTime > closedAt) revert ReportsClosed(epoch, closedAt, madeTime);
        closedAt += REVEAL_SECS;
        if (block.timestamp > closedAt) revert ReportsClosed(epoch, closedAt, block.timestamp);
    }

    /// @dev Whether the report says what root does not know yet, or leads what it knows. It stands before everything dear, because of two
    /// watchers that report at once one is always late: a late one pays for its calldata and these looks. What `member` says is not proven
    /// here, so nothing is allowed by it.
    function _requireNews(
        bytes32 own,
        uint64 epoch,
        IRootChain.SetMember calldata member,
        Claim calldata claim
    ) private view {
        address operator = member.operator;
        Offence storage known = _state.offences[operator][epoch];
        if (known.registration == 0) {
            if (_overlaps.knows(epoch, member.number)) revert InOverlap(epoch, member.number);
            return;
        }
        if (block.number > uint256(known.revealedAt) + REVEAL_BLOCKS) revert AlreadyRevealed(operator, epoch);
        // Thirteen bytes are easily made by whoever chooses the rest, but not by a commitment that was revealed.
        bool revealed = _commitments[claim.leader].beneficiary != address(0);
        if (!revealed || bytes13(claim.leader) != known.leader) revert NotLeader(claim.leader);
        if (_commitments[own].madeAt >= _commitments[claim.leader].madeAt) revert AlreadyRevealed(operator, epoch);
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
        _state.reveal(epoch);
        emit Revealed(operator, epoch, member.registration, share, own, claim.beneficiary);
        IInbox(inbox).send(Messages.FREEZE, Messages.offence(operator, member.registration, epoch));
        _reveal(own, claim.beneficiary, _costSince(gas));
    }

    /// @dev What was used until now and what little follows, in gwei.
    function _costSince(uint256 gas) private view returns (uint48) {
        gas = gas - gasleft() + GAS_AROUND;
        if (gas > GAS_LIMIT) gas = GAS_LIMIT;
        uint256 cap = block.basefee + TIP_LIMIT;
        uint256 cost = gas * (tx.gasprice < cap ? tx.gasprice : cap) / 1 gwei;
        return cost < type(uint48).max ? uint48(cost) : type(uint48).max;
    }

    function _overtake(
        bytes32 own,
        Offence storage known,
        address operator,
        uint64 epoch,
        Claim calldata claim
    ) private {
        _overtaken[claim.leader] = _offenceKey(operator, epoch);
        known.leader = bytes13(own);
        emit Overtaken(operator, epoch, own, claim.beneficiary);
        _reveal(own, claim.beneficiary, 0);
    }

    /// @dev What a commitment is collected for, since when it could be contested, and whether the reward is its own.
    function _contest(address operator, uint64 epoch, Offence memory known, bytes32 commitment_)
        private
        view
        returns (bytes32 offence_, uint256 since, bool leads)
    {
        if (known.revealedAt != 0) {
            return (_offenceKey(operator, epoch), known.revealedAt, bytes13(commitment_) == known.leader);
        }
        uint104 number = uint104(known.leader) & ~PAID;
        Overlap storage one = _overlaps.get(uint64(number));
        leads = commitment_ == one.leader && number == uint104(known.leader);
        return (bytes32(uint256(number)), one.revealedAt, leads);
    }

    function _reveal(bytes32 own, address beneficiary, uint48 gasGwei) private {
        Commitment storage revealed = _commitments[own];
        revealed.beneficiary = beneficiary;
        revealed.timeOrGas = gasGwei;
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
