// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {CourtModel} from "./CourtModel.sol";
import {InvariantTest} from "./Vm.sol";

/// @title Three operators that sign everything twice, one that never does, and anybody who calls the court in any order
contract Trial is CourtModel {
    mapping(bytes32 => bytes) private _evidence;
    address[2] private _people = [address(0x2001), address(0x2002)];

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < operators.length; ++i) {
            bonds[i] = BOND;
        }
        vm.deal(address(this), type(uint128).max);
        _showSet();
        _accept(1, 10);
    }

    /// @notice Before root's ring is full, and before root would close because of silence; mostly while reports of the epochs before are open.
    function checkpoint(uint32 secs) external {
        if (rootChain.head().accepted + 1 >= SLOTS) return;
        _pass(bound(secs, 1, secs % 4 == 0 ? TIMEOUT - 1 hours : 1 hours));
        _submit(_honest());
    }

    function pass(uint8 number) external {
        _blocks(bound(number, 1, REVEAL + 1));
    }

    function topUp(uint256 who, uint96 amount) external {
        who = bound(who, 0, 3);
        amount = uint96(bound(amount, 1, REWARD));
        registry.topUp{value: amount}(operators[who].owner, uint64(who + 1));
        bonds[who] += amount;
    }

    /// @notice A commitment to two votes, two shares or two certificates of an epoch that the court can judge now.
    function commit(uint8 kind, uint256 who, uint256 spared, uint64 epoch, uint256 salt) external {
        if (_reports.length >= 60) return;
        Report memory one;
        one.kind = kind % 4 < 2 ? kind % 4 : 2;
        one.operator = bound(who, 1, 3);
        // Two certificates are shown of an epoch whose checkpoint root accepted, which is the first of them. Mostly of the newest, so that reports meet.
        uint64 newest = rootChain.head().accepted + (one.kind == 2 ? 0 : 1);
        if (newest > EPOCHS) newest = EPOCHS;
        one.epoch = epoch % 4 == 0 ? uint64(bound(epoch / 4, 1, newest)) : newest;
        if (one.kind == 2) one.spared = bound(spared, 0, 3);
        // The accused is always one who signed both.
        if (one.spared == one.operator) one.spared = 1 + one.operator % 3;
        // Often two have found the same.
        if (salt % 5 < 2 && _reports.length != 0) {
            Report storage last = _reports[_reports.length - 1];
            (one.kind, one.operator, one.spared, one.epoch) = (last.kind, last.operator, last.spared, last.epoch);
        }
        one.salt = bytes32(salt);
        one.beneficiary = _people[salt % 2];
        one.commitment = court.commitmentOf(keccak256(_make(one)), one.beneficiary, one.salt);
        (bool taken,) = address(court).call(abi.encodeCall(court.commit, (one.commitment)));
        if (taken) _made(one);
        // Of two commitments the older one leads.
        if (salt % 4 != 0) _blocks(1);
    }

    /// @notice One of the last commitments, mostly one that can be revealed, and when it is old enough.
    function reveal(uint256 which, bool early) external {
        if (_reports.length == 0) return;
        which = _lastOnes(which);
        Report memory one = _reports[which];
        if (!early && block.number < one.madeAt + 2) _blocks(one.madeAt + 2 - block.number);
        uint256 known = _knownOf[one.operator][one.epoch];
        bytes32 leader = known == 0 ? bytes32(0) : _leaderOf(known - 1);
        if (one.kind == 2) leader = bytes32(_lastOf[one.epoch]);
        bytes memory evidence = _make(one);
        ICourt.Accused memory accused = _accused(one.operator, one.epoch);
        ICourt.Claim memory claim = _claim(one.beneficiary, one.salt, leader);
        ICourt.Kept memory none;
        bytes memory data = one.kind == 0
            ? abi.encodeCall(court.revealVotes, (abi.decode(evidence, (ICourt.DoubleVote)), accused, claim))
            : one.kind == 1
                ? abi.encodeCall(court.revealCheckpoints, (abi.decode(evidence, (ICourt.DoubleCheckpoint)), accused, claim))
                : abi.encodeCall(
                    court.revealCertificates, (abi.decode(evidence, (ICourt.DoubleCertificate)), accused, none, claim)
                );
        bool due = _isDue(which);
        (bool taken,) = address(court).call(data);
        require(taken == due, "a reveal is taken if it is in time and says something new");
        if (taken) _revealed(which);
    }

    /// @dev Of the last four, from the newest as often as not, the first one that was not revealed and is not over, if there is one.
    function _lastOnes(uint256 start) private view returns (uint256 which) {
        uint256 number = _reports.length < 4 ? _reports.length : 4;
        if (start % 2 == 0) start = 0;
        for (uint256 i; i < number; ++i) {
            which = _reports.length - 1 - (start % number + i) % number;
            if (!_reports[which].revealed && block.number <= _reports[which].madeAt + REVEAL) return which;
        }
    }

    /// @notice The honest one is accused of what the others signed, while reports of that epoch are open and whatever is known of it.
    function accuse(uint64 epoch, uint256 way) external {
        uint64 accepted = rootChain.head().accepted;
        epoch = uint64(bound(epoch, 1, accepted < EPOCHS ? accepted : EPOCHS));
        if (accepted > epoch + 1 && block.timestamp > acceptances[epoch + 1].time + EVIDENCE) return;
        _accuseBesideAccepted(HONEST, epoch, bound(way, 0, WAYS - 1));
    }

    /// @notice Any of the set, one or more.
    function freeze(uint256 number, uint256 members) external {
        if (_overlaps.length == 0) return;
        _freeze(uint64(bound(number, 1, _overlaps.length)), bound(members, 1, 15));
    }

    function count(uint256 which) external {
        if (_known.length == 0) return;
        _count(bound(which, 0, _known.length - 1));
    }

    function collect(uint256 report, uint256 which) external {
        if (_known.length == 0) return;
        which = bound(which, 0, _known.length - 1);
        // As often as not the one that leads.
        bytes32 leader = _leaderOf(which);
        _collect(which, report % 2 == 0 ? _reportOf[leader] - 1 : bound(report, 0, _reports.length - 1));
    }

    function settle(uint256 which) external {
        if (_known.length == 0) return;
        _settleOne(bound(which, 0, _known.length - 1));
    }

    // At the end of a game.

    /// @notice Of the honest one, every pair of what it signed is reported, while reports are open: none is taken.
    function accuseTheHonest() external {
        _accuseOfAll(HONEST);
    }

    /// @notice All that was revealed is frozen, counted, collected and settled, whatever came before.
    function finish() external {
        for (uint256 i; i < _overlaps.length; ++i) {
            for (uint256 who; who < 4; ++who) {
                _freeze(uint64(i + 1), 1 << who);
            }
        }
        while (rootChain.head().accepted <= EPOCHS + 2) {
            _pass(1);
            _submit(_honest());
        }
        _pass(EVIDENCE + REVEAL_SECS + 1);
        _blocks(REVEAL);
        // What is not counted yet is refused first.
        for (uint256 i; i < _known.length; ++i) {
            _settleOne(i);
        }
        for (uint256 i; i < _known.length; ++i) {
            _count(i);
        }
        _collectAll();
        for (uint256 i; i < _known.length; ++i) {
            _settleOne(i);
            require(_known[i].settled, "an offence is never settled");
        }
    }

    /// @notice All that root keeps, sends and holds is what it should be.
    function check() external {
        checkBonds();
        require(_people[0].balance + _people[1].balance == paid, "beneficiaries hold something else than they were paid");
        checkOffences();
        checkOverlaps();
        checkMessages();
        checkCuts();
    }

    /// @dev Of two certificates the first is over what root accepted, which the honest one signed; the second is over another state, without it.
    function _make(Report memory one) private returns (bytes memory evidence) {
        bytes32 place = keccak256(abi.encode(one.kind, one.kind == 2 ? one.spared : one.operator, one.epoch));
        evidence = _evidence[place];
        if (evidence.length != 0) return evidence;
        if (one.kind == 0) evidence = abi.encode(_doubleVote(one.operator, one.epoch));
        if (one.kind == 1) evidence = abi.encode(_doubleCheckpoint(one.operator, one.epoch - 1));
        if (one.kind == 2) {
            ICourt.DoubleCertificate memory both = _againstAccepted(one.epoch - 1, _one(uint16(HONEST)));
            both.firstCertificate =
                _certificate(both.first, one.spared == HONEST ? _none() : _one(uint16(one.spared)));
            evidence = abi.encode(both);
        }
        _evidence[place] = evidence;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.runs = 24
/// forge-config: default.invariant.depth = 80
contract CourtInvariantsTest is InvariantTest {
    Trial private trial;

    function setUp() external {
        trial = new Trial();
        trial.setUp();
        // What all else waits for comes more often.
        bytes4[22] memory chosen = [
            Trial.checkpoint.selector, Trial.checkpoint.selector, Trial.pass.selector, Trial.topUp.selector,
            Trial.commit.selector, Trial.commit.selector, Trial.commit.selector, Trial.commit.selector,
            Trial.commit.selector, Trial.reveal.selector, Trial.reveal.selector, Trial.reveal.selector,
            Trial.reveal.selector, Trial.reveal.selector, Trial.accuse.selector, Trial.freeze.selector,
            Trial.freeze.selector, Trial.count.selector, Trial.collect.selector, Trial.collect.selector,
            Trial.collect.selector, Trial.settle.selector
        ];
        bytes4[] memory selectors = new bytes4[](chosen.length);
        for (uint256 i; i < chosen.length; ++i) {
            selectors[i] = chosen[i];
        }
        targetContract(address(trial));
        targetSelectors(address(trial), selectors);
    }

    function invariant_bondsRewardsAndOffencesAgree() external {
        trial.check();
    }

    function afterInvariant() external {
        trial.accuseTheHonest();
        trial.check();
        trial.finish();
        trial.check();
    }
}
