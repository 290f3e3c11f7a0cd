// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {HonestStatements} from "./HonestStatements.sol";
import {InvariantTest} from "./Vm.sol";

/// @title Three operators that sign everything twice, one that never does, and anybody who calls the court in any order
/// @dev What should be is kept beside the contracts from the calls that they took, and from their messages.
contract Trial is HonestStatements {
    uint256 public constant HONEST = 0;
    uint64 public constant EPOCHS = 4;

    struct Report {
        uint8 kind;
        uint256 operator;
        uint64 epoch;
        bytes32 salt;
        bytes32 commitment;
        address beneficiary;
        bool revealed;
    }

    struct Known {
        uint256 operator;
        uint64 epoch;
        bool settled;
    }

    Report[] private _reports;
    Known[] private _known;
    /// @dev By number of the overlap: how many members are not frozen.
    uint256[] private _pending;
    mapping(bytes32 => bytes) private _evidence;
    mapping(uint256 => uint256) public bonds; // by operator
    mapping(uint256 => uint256) public debited;
    mapping(uint256 => mapping(uint64 => uint256)) public rewards; // paid for an offence
    uint256 public burned;
    uint256 public paid;
    uint256 public taken; // what beneficiaries have
    uint256[16] public sent; // messages by kind
    uint256 private _heard;
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

    function checkpoint(uint32 secs) external {
        if (rootChain.head().accepted >= SLOTS) return;
        _pass(bound(secs, 1, 3 days));
        _submit(_honest());
    }

    function pass(uint8 number) external {
        _blocks(bound(number, 1, 2 * REVEAL));
    }

    function topUp(uint256 who, uint96 amount) external {
        who = bound(who, 0, 3);
        amount = uint96(bound(amount, 1, 10 ether));
        registry.topUp{value: amount}(operators[who].owner, uint64(who + 1));
        bonds[who] += amount;
    }

    /// @notice A commitment to two votes, two shares or two certificates of an epoch that the court can judge now.
    function commit(uint8 kind, uint256 who, uint64 epoch, uint256 salt) external {
        if (_reports.length >= 60) return;
        Report memory one;
        one.kind = kind % 3;
        one.operator = bound(who, 1, 3);
        one.epoch = uint64(bound(epoch, 1, EPOCHS));
        if (one.epoch > rootChain.head().accepted + 1) one.epoch = 1;
        one.salt = bytes32(salt);
        one.beneficiary = _people[salt % 2];
        one.commitment =
            court.commitmentOf(keccak256(_make(one.kind, one.operator, one.epoch)), one.beneficiary, one.salt);
        try court.commit(one.commitment) {
            _reports.push(one);
        } catch {}
    }

    /// @notice One of the last commitments, mostly when it is old enough.
    function reveal(uint256 which, bool early) external {
        if (_reports.length == 0) return;
        uint256 last = _reports.length;
        Report storage one = _reports[bound(which, last < 4 ? 0 : last - 4, last - 1)];
        uint256 first = court.commitment(one.commitment).madeAt + 2;
        if (!early && block.number < first) _blocks(first - block.number);
        bool known = court.offence(operators[one.operator].owner, one.epoch).registration != 0;
        bytes32 leader = known ? _leaderOf(one.operator, one.epoch) : bytes32(0);
        uint64 before = court.overlaps();
        if (one.kind == 2) leader = bytes32(uint256(court.lastOverlap(one.epoch)));
        if (!this.tryReveal(one, leader)) return;
        require(!one.revealed, "a commitment was revealed twice");
        one.revealed = true;
        if (one.kind == 2) {
            if (court.overlaps() != before) _pending.push(3);
        } else if (!known) {
            _known.push(Known(one.operator, one.epoch, false));
        }
    }

    function tryReveal(Report calldata one, bytes32 leader) external returns (bool) {
        bytes memory evidence = _make(one.kind, one.operator, one.epoch);
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
        (bool ok,) = address(court).call(data);
        return ok;
    }

    function freeze(uint256 number, uint256 who) external {
        if (_pending.length == 0) return;
        number = bound(number, 1, _pending.length);
        _freeze(uint64(number), who % 8 == 0 ? HONEST : 1 + who % 3);
    }

    function count(uint256 which) external {
        if (_known.length == 0) return;
        Known memory one = _known[bound(which, 0, _known.length - 1)];
        try court.count(operators[one.operator].owner, one.epoch) {} catch {}
    }

    function collect(uint256 which, uint256 offence) external {
        if (_known.length == 0 || _reports.length == 0) return;
        Known memory one = _known[bound(offence, 0, _known.length - 1)];
        bytes32 commitment = _reports[bound(which, 0, _reports.length - 1)].commitment;
        // As often as not the one that leads.
        if (which % 2 == 0) commitment = _leaderOf(one.operator, one.epoch);
        _collect(one.operator, one.epoch, commitment);
    }

    function settle(uint256 which) external {
        if (_known.length == 0) return;
        _trySettle(bound(which, 0, _known.length - 1));
    }

    // At the end of a game, nothing is stranded.

    /// @notice Of the honest one, every pair of what it signed is reported, while reports are open: none is taken.
    function accuseTheHonest() external {
        _accuseOfAll(HONEST);
    }

    /// @notice All that was revealed is frozen, counted, collected and settled, whatever came before.
    function finish() external returns (bool) {
        for (uint256 number = 1; number <= _pending.length; ++number) {
            for (uint256 who; who < 4; ++who) {
                _freeze(uint64(number), who);
            }
            if (_pending[number - 1] != 0) return false;
        }
        for (uint256 i; i < _known.length; ++i) {
            try court.count(operators[_known[i].operator].owner, _known[i].epoch) {} catch {}
        }
        for (uint64 epoch; epoch <= EPOCHS + 1; ++epoch) {
            if (court.uncounted(epoch) != 0) return false;
        }
        _blocks(REVEAL + 1);
        if (!_collectAll()) return false;
        while (rootChain.head().accepted <= EPOCHS + 2) {
            _pass(1);
            _submit(_honest());
        }
        _pass(EVIDENCE + REVEAL_SECS + 1);
        for (uint256 i; i < _known.length; ++i) {
            if (!_known[i].settled) _trySettle(i);
            if (!_known[i].settled) return false;
        }
        return true;
    }

    /// @dev Every commitment is collected for every offence until nothing moves. Then each offence has cost its reward, or has found an empty bond; and
    /// the gas of each that was revealed was paid, or has found empty bonds too.
    function _collectAll() private returns (bool) {
        uint256 held;
        do {
            held = _held();
            for (uint256 i; i < _known.length; ++i) {
                for (uint256 j; j < _reports.length; ++j) {
                    if (_reports[j].revealed) _collect(_known[i].operator, _known[i].epoch, _reports[j].commitment);
                }
            }
        } while (_held() != held);
        for (uint256 i; i < _known.length; ++i) {
            (uint256 operator, uint64 epoch) = (_known[i].operator, _known[i].epoch);
            if (rewards[operator][epoch] < REWARD && this.bondOf(operator) != 1) return false;
        }
        for (uint256 i; i < _reports.length; ++i) {
            Report memory one = _reports[i];
            if (!one.revealed || court.commitment(one.commitment).timeOrGas == 0) continue;
            if (one.kind != 2 && this.bondOf(one.operator) != 1) return false;
            // Of two certificates whoever they convicted would pay: nobody, where all were convicted by reports of their own before.
            for (uint256 who = 1; one.kind == 2 && who < 4; ++who) {
                bool byThem = court.offence(operators[who].owner, one.epoch).revealedAt == 0;
                if (byThem && this.bondOf(who) != 1) return false;
            }
        }
        return true;
    }

    function _collect(uint256 operator, uint64 epoch, bytes32 commitment) private {
        address owner = operators[operator].owner;
        uint256 held = _held();
        uint256 bond = this.bondOf(operator);
        try court.collect(owner, epoch, commitment) {
            uint256 got = _held() - held;
            uint256 cost = bond - this.bondOf(operator);
            paid += got;
            burned += cost - got;
            debited[operator] += cost;
            if (cost > got) rewards[operator][epoch] += 2 * (cost - got);
        } catch {}
    }

    function _trySettle(uint256 which) private {
        Known storage one = _known[which];
        ICourt.Kept memory closing = _kept(one.epoch + 2);
        try court.settle(operators[one.operator].owner, one.epoch, closing) {
            require(!one.settled, "an offence was settled twice");
            one.settled = true;
        } catch {}
    }

    function _freeze(uint64 number, uint256 who) private {
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_one(uint16(who)));
        uint64 epoch = court.overlap(number).epoch;
        bool known = court.offence(operators[who].owner, epoch).registration != 0;
        try court.freeze(number, members, siblings) {
            require(_pending[number - 1]-- != 0, "more were frozen than signed both");
            if (!known) _known.push(Known(who, epoch, false));
        } catch {}
    }

    /// @dev Certificates: all but the honest one signed both.
    function _make(uint8 kind, uint256 operator, uint64 epoch) private returns (bytes memory evidence) {
        bytes32 place = keccak256(abi.encode(kind, kind == 2 ? 0 : operator, epoch));
        evidence = _evidence[place];
        if (evidence.length != 0) return evidence;
        if (kind == 0) evidence = abi.encode(_doubleVote(operator, epoch));
        if (kind == 1) evidence = abi.encode(_doubleCheckpoint(operator, epoch - 1));
        if (kind == 2) evidence = abi.encode(_certificates(epoch - 1, _one(uint16(HONEST)), _none()));
        _evidence[place] = evidence;
    }

    function _leaderOf(uint256 operator, uint64 epoch) private view returns (bytes32) {
        ICourt.Offence memory known = court.offence(operators[operator].owner, epoch);
        bytes13 leader = known.leader;
        if (known.revealedAt == 0) leader = bytes13(court.overlap(uint64(uint104(leader))).leader);
        for (uint256 i; i < _reports.length; ++i) {
            if (bytes13(_reports[i].commitment) == leader) return _reports[i].commitment;
        }
        return 0;
    }

    function _held() private view returns (uint256) {
        return _people[0].balance + _people[1].balance;
    }

    // What the invariants read.

    function registryHolds() external view returns (uint256 held, uint256 owed) {
        for (uint256 i; i < 4; ++i) {
            owed += registry.registrationOf(operators[i].owner, uint64(i + 1)).bond;
        }
        return (address(registry).balance, owed);
    }

    function bondOf(uint256 who) external view returns (uint256) {
        return registry.registrationOf(operators[who].owner, uint64(who + 1)).bond;
    }

    function beneficiariesHold() external view returns (uint256) {
        return _held();
    }

    function reward() external pure returns (uint256) {
        return REWARD;
    }

    function honestIsKnown() external view returns (bool) {
        for (uint64 epoch; epoch < 16; ++epoch) {
            if (court.offence(operators[HONEST].owner, epoch).registration != 0) return true;
        }
        return false;
    }

    /// @notice The messages that were sent, by kind, against what is known: one freeze an offence, one settlement a settled one, one epoch freeze an
    /// overlap, one release an overlap that is done.
    function messagesAgree() external returns (bool) {
        _sync();
        for (; _heard < model.count(); ++_heard) {
            ++sent[uint8(model.message(uint64(_heard + 1))[32])];
        }
        uint256 settled;
        for (uint256 i; i < _known.length; ++i) {
            if (_known[i].settled) ++settled;
        }
        uint256 done;
        for (uint256 i; i < _pending.length; ++i) {
            if (_pending[i] == 0) ++done;
        }
        return sent[3] == _known.length && sent[4] == settled && sent[9] == _pending.length && sent[10] == done;
    }

    function uncountedAgrees() external view returns (bool) {
        for (uint64 epoch; epoch <= EPOCHS + 2; ++epoch) {
            uint256 number;
            for (uint256 i; i < _known.length; ++i) {
                (uint64 reported, address operator) = (_known[i].epoch, operators[_known[i].operator].owner);
                bool around = reported <= epoch + 1 && epoch <= reported + 1;
                if (around && !court.offence(operator, reported).counted) ++number;
            }
            if (number != court.uncounted(epoch)) return false;
        }
        return true;
    }

    function noOffenceIsPaidTwice() external view returns (bool) {
        for (uint256 i; i < _known.length; ++i) {
            if (rewards[_known[i].operator][_known[i].epoch] > REWARD + 1) return false;
        }
        return true;
    }

    /// @notice The cut of each epoch by the words of the rule, from what was counted.
    function cutsAgree() external view returns (bool) {
        for (uint64 epoch; epoch < EPOCHS + 3; ++epoch) {
            if (court.fraction(epoch) != _defined(epoch)) return false;
        }
        return true;
    }

    function _defined(uint64 epoch) private view returns (uint256) {
        uint256[4] memory largest;
        for (uint256 i; i < _pending.length; ++i) {
            uint64 shown = court.overlap(uint64(i + 1)).epoch;
            if (shown <= epoch + 1 && epoch <= shown + 1) return 1e9;
        }
        for (uint256 i; i < _known.length; ++i) {
            if (_known[i].epoch > epoch + 1 || epoch > _known[i].epoch + 1) continue;
            ICourt.Offence memory known = court.offence(operators[_known[i].operator].owner, _known[i].epoch);
            if (known.counted && known.share > largest[_known[i].operator]) largest[_known[i].operator] = known.share;
        }
        uint256 sum = largest[0] + largest[1] + largest[2] + largest[3];
        uint256 cut = (9 * sum * sum + 1e9 - 1) / 1e9;
        if (cut < 1_000_000) cut = 1_000_000;
        return cut > 1e9 ? 1e9 : cut;
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
        bytes4[18] memory chosen = [
            Trial.checkpoint.selector, Trial.checkpoint.selector, Trial.checkpoint.selector, Trial.pass.selector,
            Trial.topUp.selector, Trial.commit.selector, Trial.commit.selector, Trial.commit.selector,
            Trial.reveal.selector, Trial.reveal.selector, Trial.reveal.selector, Trial.freeze.selector,
            Trial.freeze.selector, Trial.count.selector, Trial.collect.selector, Trial.collect.selector,
            Trial.settle.selector, Trial.settle.selector
        ];
        bytes4[] memory selectors = new bytes4[](18);
        for (uint256 i; i < 18; ++i) {
            selectors[i] = chosen[i];
        }
        targetContract(address(trial));
        targetSelectors(address(trial), selectors);
    }

    function invariant_bondsRewardsAndOffencesAgree() external {
        (uint256 held, uint256 owed) = trial.registryHolds();
        vm.assertEq(held, owed + trial.burned(), "the Registry holds its bonds, and what is burned");
        vm.assertEq(trial.beneficiariesHold(), trial.paid());
        for (uint256 who; who < 4; ++who) {
            vm.assertEq(trial.bondOf(who) + trial.debited(who), trial.bonds(who), "a bond is what was paid in, less what was taken");
            vm.assertGe(trial.bondOf(who), 1);
        }
        vm.assertEq(trial.debited(trial.HONEST()), 0);
        vm.assertFalse(trial.honestIsKnown());
        vm.assertTrue(trial.messagesAgree());
        vm.assertTrue(trial.uncountedAgrees());
        vm.assertTrue(trial.noOffenceIsPaidTwice());
        vm.assertTrue(trial.cutsAgree());
    }

    function afterInvariant() external {
        trial.accuseTheHonest();
        vm.assertFalse(trial.honestIsKnown());
        vm.assertTrue(trial.finish(), "something is stranded");
        vm.assertTrue(trial.messagesAgree());
        (uint256 held, uint256 owed) = trial.registryHolds();
        vm.assertEq(held, owed + trial.burned());
        vm.assertEq(trial.beneficiariesHold(), trial.paid());
        vm.assertTrue(trial.noOffenceIsPaidTwice());
        vm.assertEq(trial.debited(trial.HONEST()), 0);
        vm.assertFalse(trial.honestIsKnown());
    }
}
