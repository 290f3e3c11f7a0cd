// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Messages} from "../src/libraries/Messages.sol";
import {HonestStatements} from "./HonestStatements.sol";

/// @title What should be of the court: kept beside it from what it was asked, and compared with what it says, sends and pays
/// @dev Members are bits by their number: a certificate has those of this set in the first byte.
abstract contract CourtModel is HonestStatements {
    uint256 public constant HONEST = 0;
    uint64 public constant EPOCHS = 4;
    /// @dev Who signs everything twice.
    uint256 internal constant GUILTY = 0xe;
    uint256 private constant WHOLE = 1e9;

    /// @param kind two votes, two shares, or two certificates.
    /// @param operator who is shown as the accused.
    /// @param spared of two certificates: who did not sign the first, or `HONEST` where all did.
    /// @param gas what is to be paid of it yet.
    /// @param gone whether root forgot it, because it was collected.
    struct Report {
        uint8 kind;
        uint256 operator;
        uint256 spared;
        uint64 epoch;
        bytes32 salt;
        bytes32 commitment;
        address beneficiary;
        uint256 madeAt;
        uint256 madeTime;
        bool revealed;
        uint256 gas;
        bool gone;
    }

    /// @param overlap that convicted it; zero for a report of its own.
    /// @param revealedAt block of that report.
    struct Known {
        uint256 operator;
        uint64 epoch;
        uint64 overlap;
        uint256 revealedAt;
        bool counted;
        bool paid;
        bool settled;
    }

    /// @param signers whom no overlap of that epoch held before.
    /// @param pending those of them who are not frozen.
    struct SignedBoth {
        uint64 epoch;
        uint256 revealedAt;
        uint256 signers;
        uint256 pending;
    }

    Report[] internal _reports;
    Known[] internal _known;
    SignedBoth[] internal _overlaps;
    /// @dev By commitment, by operator and epoch, and by epoch: the place in these lists and one more, or zero. Of an epoch the last overlap.
    mapping(bytes32 => uint256) internal _reportOf;
    mapping(uint256 => mapping(uint64 => uint256)) internal _knownOf;
    mapping(uint64 => uint256) internal _lastOf;
    /// @dev By epoch: who is in an overlap of it.
    mapping(uint64 => uint256) private _shownIn;
    /// @dev By contest: the report that leads it and one more, and whether a report does or did.
    mapping(bytes32 => uint256) private _leader;
    mapping(bytes32 => mapping(uint256 => bool)) private _led;
    /// @dev Hashes of the messages that root must send, in their order, and how many of them it sent.
    bytes32[] private _expected;
    uint256 private _sent;
    uint64 private _heard;
    mapping(uint256 => uint256) public bonds; // by operator: what was paid in
    mapping(uint256 => uint256) public debited;
    uint256 public burned;
    uint256 public paid;

    // What the court took.

    function _made(Report memory one) internal {
        uint256 place = _reportOf[one.commitment];
        if (place == 0) {
            _reports.push(one);
            place = _reports.length;
            _reportOf[one.commitment] = place;
        }
        (_reports[place - 1].madeAt, _reports[place - 1].madeTime) = (block.number, block.timestamp);
    }

    /// @notice Whether the court must take a reveal now: in its time, while reports of its epoch are open, and because it says what root does not know
    /// or takes the lead of what root knows.
    function _isDue(uint256 report) internal view returns (bool) {
        Report storage one = _reports[report];
        if (one.revealed || block.number < one.madeAt + 2 || block.number > one.madeAt + REVEAL) return false;
        if (rootChain.head().accepted > one.epoch + 1) {
            uint256 closedAt = acceptances[one.epoch + 1].time + EVIDENCE;
            if (one.madeTime > closedAt || block.timestamp > closedAt + REVEAL_SECS) return false;
        }
        if (one.kind == 2) return _fresh(report) != 0 || _overtakes(report);
        uint256 place = _knownOf[one.operator][one.epoch];
        if (place == 0) return _shownIn[one.epoch] >> one.operator & 1 == 0;
        Known storage known = _known[place - 1];
        return known.overlap == 0 && _isOlder(_contest(place - 1), known.revealedAt, report);
    }

    function _revealed(uint256 report) internal {
        Report storage one = _reports[report];
        one.revealed = true;
        bool first = one.kind == 2 ? _showed(report) : _reported(report);
        // Whoever brings nothing new leads, and has no gas paid.
        one.gas = uint256(court.commitment(one.commitment).timeOrGas) * 1 gwei;
        require((one.gas != 0) == first, "only a first reveal's gas is paid");
        require(one.gas <= 1_000_000 * 2 gwei, "more gas is to be paid than a report takes");
    }

    /// @dev A report of its own. Gives whether it is the first.
    function _reported(uint256 report) private returns (bool first) {
        Report storage one = _reports[report];
        first = _knownOf[one.operator][one.epoch] == 0;
        if (first) _convict(one.operator, one.epoch, 0);
        _lead(_contest(_knownOf[one.operator][one.epoch] - 1), report);
    }

    /// @dev Two certificates. Gives whether they make an overlap.
    function _showed(uint256 report) private returns (bool first) {
        uint64 epoch = _reports[report].epoch;
        if (_overtakes(report)) _lead(bytes32(_lastOf[epoch]), report);
        uint256 signers = _fresh(report);
        first = signers != 0;
        if (!first) return first;
        _shownIn[epoch] |= signers;
        _overlaps.push(SignedBoth(epoch, block.number, signers, signers));
        _lastOf[epoch] = _overlaps.length;
        _lead(bytes32(_overlaps.length), report);
        _expect(Messages.EPOCH_FREEZE, abi.encodePacked(epoch));
    }

    function _signersOf(uint256 report) private view returns (uint256) {
        uint256 spared = _reports[report].spared;
        return spared == HONEST ? GUILTY : GUILTY ^ 1 << spared;
    }

    /// @dev Whom two certificates show and no overlap of that epoch holds.
    function _fresh(uint256 report) private view returns (uint256) {
        return _signersOf(report) & ~_shownIn[_reports[report].epoch];
    }

    /// @dev Whether two certificates take the lead of the last overlap: that holds one of whom they show.
    function _overtakes(uint256 report) private view returns (bool) {
        uint256 last = _lastOf[_reports[report].epoch];
        if (last == 0 || _overlaps[last - 1].signers & _signersOf(report) == 0) return false;
        return _isOlder(bytes32(last), _overlaps[last - 1].revealedAt, report);
    }

    function _isOlder(bytes32 contest, uint256 since, uint256 report) private view returns (bool) {
        return _reports[report].madeAt < _reports[_leader[contest] - 1].madeAt && block.number <= since + REVEAL;
    }

    function _lead(bytes32 contest, uint256 report) private {
        _leader[contest] = report + 1;
        _led[contest][report] = true;
    }

    function _convict(uint256 operator, uint64 epoch, uint64 overlap) private {
        _known.push(Known(operator, epoch, overlap, block.number, overlap != 0, false, false));
        _knownOf[operator][epoch] = _known.length;
        _expect(Messages.FREEZE, abi.encodePacked(operators[operator].owner, uint64(operator + 1), epoch));
    }

    // Calls that the court must take, or must not.

    /// @param members as bits.
    function _freeze(uint64 number, uint256 members) internal {
        SignedBoth storage one = _overlaps[number - 1];
        uint256 fresh = one.pending & members;
        uint16[] memory numbers = new uint16[](_countOf(members));
        uint256 next;
        for (uint16 i; i < 4; ++i) {
            if (members >> i & 1 == 1) numbers[next++] = i;
        }
        (bool taken,) = address(court).call(_freezing(number, numbers));
        require(taken == (fresh != 0), "a batch is taken if one of it is not frozen");
        for (uint256 i; i < 4; ++i) {
            if (fresh >> i & 1 == 1 && _knownOf[i][one.epoch] == 0) _convict(i, one.epoch, number);
        }
        one.pending ^= fresh;
        if (taken && one.pending == 0) _expect(Messages.EPOCH_RELEASE, abi.encodePacked(one.epoch));
    }

    function _countOf(uint256 members) private pure returns (uint256 number) {
        for (; members != 0; members &= members - 1) {
            ++number;
        }
    }

    function _freezing(uint64 number, uint16[] memory numbers) private view returns (bytes memory) {
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(numbers);
        return abi.encodeCall(court.freeze, (number, members, siblings));
    }

    function _count(uint256 which) internal {
        Known storage one = _known[which];
        (bool taken,) = address(court).call(abi.encodeCall(court.count, (operators[one.operator].owner, one.epoch)));
        require(taken == !one.counted, "an offence is counted once");
        one.counted = true;
    }

    /// @notice Tries to collect a report for an offence, and says whether something was due.
    function _collect(uint256 which, uint256 report) internal returns (bool taken) {
        Known storage known = _known[which];
        Report storage one = _reports[report];
        bytes32 contest = _contest(which);
        bool leads = _leader[contest] == report + 1;
        // Of a report of its own root forgets the commitment with its collection; of an overlap it keeps it, and who leads is paid once an offence.
        bool due = one.revealed && !one.gone && _led[contest][report] && !(leads && known.paid);
        uint256 since = known.overlap == 0 ? known.revealedAt : _overlaps[known.overlap - 1].revealedAt;
        uint256 held = one.beneficiary.balance;
        uint256 bond = bondOf(known.operator);
        (taken,) = address(court).call(
            abi.encodeCall(court.collect, (operators[known.operator].owner, known.epoch, one.commitment))
        );
        require(taken == (due && block.number > since + REVEAL), "what is due is collected, when its contest is over");
        if (!taken) return false;
        uint256 gas = one.gas < bond - 1 ? one.gas : bond - 1;
        uint256 reward = leads ? REWARD : 0;
        if (reward > bond - 1 - gas) reward = bond - 1 - gas;
        require(bond - bondOf(known.operator) == gas + reward, "the bond paid the gas and the reward, as far as it reaches");
        require(one.beneficiary.balance - held == gas + reward / 2, "the beneficiary has the gas and half of the reward");
        (debited[known.operator], paid, burned) =
            (debited[known.operator] + gas + reward, paid + gas + reward / 2, burned + reward - reward / 2);
        known.counted = true;
        if (leads) known.paid = true;
        one.gone = known.overlap == 0;
        // Kept in gwei.
        one.gas = one.gone ? 0 : (one.gas - gas) / 1 gwei * 1 gwei;
    }

    function _settleOne(uint256 which) internal {
        Known storage one = _known[which];
        ICourt.Kept memory closing = _kept(one.epoch + 2);
        (bool taken,) =
            address(court).call(abi.encodeCall(court.settle, (operators[one.operator].owner, one.epoch, closing)));
        uint256 closedAt = closing.acceptance.time + EVIDENCE + REVEAL_SECS;
        bool closed = closing.digest != 0 && block.timestamp > closedAt;
        require(taken == (closed && !one.settled && _uncounted(one.epoch) == 0), "an offence is settled once, when all is counted");
        if (!taken) return;
        one.settled = true;
        bytes memory offence = abi.encodePacked(operators[one.operator].owner, uint64(one.operator + 1), one.epoch);
        _expect(Messages.SETTLEMENT, abi.encodePacked(offence, uint64(_cut(one.epoch))));
    }

    // At the end of a game, nothing is stranded.

    /// @dev Every commitment is collected for every offence until nothing moves. Then each offence has paid its reward, and the gas of each that was
    /// revealed is paid, as far as the bonds reach of those whom it convicted: `_collect` compares with what they had.
    function _collectAll() internal {
        bool moved;
        do {
            moved = false;
            for (uint256 i; i < _known.length; ++i) {
                for (uint256 j; j < _reports.length; ++j) {
                    uint256 before = paid;
                    if (_reports[j].revealed && _collect(i, j) && paid != before) moved = true;
                }
            }
        } while (moved);
        for (uint256 i; i < _known.length; ++i) {
            require(_known[i].paid, "a reward is stranded");
        }
        for (uint256 j; j < _reports.length; ++j) {
            if (_reports[j].gas == 0) continue;
            require(_reports[j].kind == 2, "the gas of a report is stranded");
            for (uint256 i; i < _known.length; ++i) {
                bool byIt = _known[i].overlap != 0 && _led[_contest(i)][j];
                require(!byIt || bondOf(_known[i].operator) == 1, "the gas of an overlap is stranded");
            }
        }
    }

    // What the invariants compare.

    /// @notice The messages that were sent: each that must be, in its order, and none else of the court's.
    function checkMessages() public {
        _sync();
        for (; _heard < model.count(); ++_heard) {
            bytes memory message = model.message(_heard + 1);
            uint8 kind = uint8(message[32]);
            bool ours = kind == Messages.FREEZE || kind == Messages.SETTLEMENT || kind == Messages.EPOCH_FREEZE
                || kind == Messages.EPOCH_RELEASE;
            if (!ours) continue;
            bytes memory content = new bytes(message.length - 32);
            for (uint256 i; i < content.length; ++i) {
                content[i] = message[32 + i];
            }
            require(_sent < _expected.length && keccak256(content) == _expected[_sent], "another message was sent");
            ++_sent;
        }
        require(_sent == _expected.length, "a message was not sent");
    }

    /// @notice Who is in each overlap, who of them is not frozen yet, and who leads.
    function checkOverlaps() public view {
        require(court.overlaps() == _overlaps.length, "another number of overlaps");
        for (uint256 i; i < _overlaps.length; ++i) {
            SignedBoth memory one = _overlaps[i];
            ICourt.Overlap memory kept = court.overlap(uint64(i + 1));
            require(kept.epoch == one.epoch && kept.revealedAt == one.revealedAt, "an overlap of another epoch or block");
            require(kept.signers[0] == one.signers << 248 && kept.signers[1] == 0, "other members in an overlap");
            require(kept.pending[0] == one.pending << 248 && kept.pending[1] == 0, "other members wait to be frozen");
            Report memory leader = _reports[_leader[bytes32(i + 1)] - 1];
            require(kept.leader == leader.commitment && kept.madeAt == leader.madeAt, "another leads an overlap");
        }
        for (uint64 epoch; epoch <= EPOCHS + 1; ++epoch) {
            require(court.lastOverlap(epoch) == _lastOf[epoch], "another overlap is the last one");
        }
    }

    /// @notice Who is known, of which epoch, and by what: nobody else, and never the honest one.
    function checkOffences() public view {
        for (uint256 operator; operator < 4; ++operator) {
            for (uint64 epoch; epoch < 16; ++epoch) {
                ICourt.Offence memory kept = court.offence(operators[operator].owner, epoch);
                uint256 place = _knownOf[operator][epoch];
                require((kept.registration != 0) == (place != 0), "others are known than were reported");
                if (place == 0) continue;
                require(operator != HONEST, "the honest one is known");
                Known memory known = _known[place - 1];
                require(kept.registration == operator + 1 && kept.share == _share(operator), "another share is known");
                require(kept.revealedAt == (known.overlap == 0 ? known.revealedAt : 0), "known by something else");
                require(kept.counted == known.counted && kept.settled == known.settled, "an offence that went further");
                if (known.overlap != 0) {
                    require(uint64(uint104(kept.leader)) == known.overlap, "known by another overlap");
                } else {
                    bytes32 leader = _reports[_leader[_contest(place - 1)] - 1].commitment;
                    require(kept.leader == (known.paid ? bytes13(0) : bytes13(leader)), "another leads an offence");
                }
            }
        }
    }

    /// @notice What is not counted, and the cut of each epoch by the words of the rule.
    function checkCuts() public view {
        for (uint64 epoch; epoch <= EPOCHS + 2; ++epoch) {
            require(court.uncounted(epoch) == _uncounted(epoch), "another number is not counted");
            require(court.fraction(epoch) == _cut(epoch), "another cut");
        }
    }

    /// @notice The Registry holds its bonds and what is burned; a bond is what was paid in, less what was taken.
    function checkBonds() public view {
        uint256 held = burned;
        for (uint256 who; who < 4; ++who) {
            require(bondOf(who) + debited[who] == bonds[who] && bondOf(who) != 0, "another bond");
            held += bondOf(who);
        }
        require(address(registry).balance == held, "the Registry holds something else than its bonds, and what is burned");
        require(debited[HONEST] == 0, "the honest one has paid");
    }

    function bondOf(uint256 who) public view returns (uint256) {
        return registry.registrationOf(operators[who].owner, uint64(who + 1)).bond;
    }

    /// @dev The commitment that a report of an offence has to overtake.
    function _leaderOf(uint256 which) internal view returns (bytes32) {
        return _reports[_leader[_contest(which)] - 1].commitment;
    }

    /// @dev What reports contend for: an offence, or an overlap by its number.
    function _contest(uint256 which) private view returns (bytes32) {
        Known storage one = _known[which];
        return one.overlap == 0 ? keccak256(abi.encode(one.operator, one.epoch)) : bytes32(uint256(one.overlap));
    }

    function _expect(uint8 kind, bytes memory body) private {
        _expected.push(keccak256(bytes.concat(bytes1(kind), body)));
    }

    function _isAround(uint64 a, uint64 b) private pure returns (bool) {
        return a <= b + 1 && b <= a + 1;
    }

    function _uncounted(uint64 epoch) private view returns (uint256 number) {
        for (uint256 i; i < _known.length; ++i) {
            if (_isAround(_known[i].epoch, epoch) && !_known[i].counted) ++number;
        }
    }

    function _share(uint256 operator) private view returns (uint256) {
        uint256 total = _set().totalPower;
        return (stakeOf(operator) / UNIT * WHOLE + total - 1) / total;
    }

    function _cut(uint64 epoch) private view returns (uint256 cut) {
        for (uint256 i; i < _overlaps.length; ++i) {
            if (_isAround(_overlaps[i].epoch, epoch)) return WHOLE;
        }
        // The shares of an epoch are those of the set, which is always the same.
        uint256 counted;
        uint256 sum;
        for (uint256 i; i < _known.length; ++i) {
            Known memory one = _known[i];
            if (!_isAround(one.epoch, epoch) || !one.counted || counted >> one.operator & 1 == 1) continue;
            counted |= 1 << one.operator;
            sum += _share(one.operator);
        }
        cut = (9 * sum * sum + WHOLE - 1) / WHOLE;
        if (cut < 1_000_000) cut = 1_000_000;
        if (cut > WHOLE) cut = WHOLE;
    }
}
