// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Accusing} from "./Accusing.sol";
import {EcdsaLoop} from "./rivals/EcdsaLoop.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title Gas of checkpoints and reports by the size of the set, under today's prices and where calldata costs at least 64 gas a byte
/// @dev The deployment has four operators; the set behind them is one that a checkpoint named. All that is measured is prepared in setUp, which
/// forge commits, with rings that are warm. "A third missing": of the members, those with the least power.
abstract contract GasBySet is Accusing {
    uint256 private constant DOUBLE_VOTE_LIMIT = 500_000;
    /// @dev Bytes of a transaction that nodes of root pass on.
    uint256 private constant PASSED_ON = 128 * 1024;

    Operator[] private _others;
    EcdsaLoop private _loop;
    mapping(string => bytes) private _calls;
    TestToken private _token;

    function size() internal pure virtual returns (uint256);

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 1000 ether);
        for (uint256 i; i < 1032; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        for (uint256 i = 4; i < size(); ++i) {
            _others.push(_operator(i));
        }
        for (uint256 i; i <= SLOTS; ++i) {
            _accept(1, UNBONDING / 4);
        }
        IRootChain.Checkpoint memory content = _checkpoint();
        _enlarge();
        content.nextSet = _commitment(_set());
        while (operators.length > 4) {
            operators.pop();
        }
        _submit(_submission(content, _none()));
        _pass(10);
        _enlarge();
        // The next checkpoint was accepted without a third, the two behind it with all: each names the set of an epoch that is reported.
        _submit(_submission(_checkpoint(), _third()));
        _pass(10);
        _accept(2, 10);
        // The members behind the four have no entries in the Registry; for showing the set they are taken as registered.
        vm.mockCall(address(registry), abi.encodeWithSelector(registry.hasKeys.selector), abi.encode(true));
        _showSet();
        vm.clearMockedCalls();
        _prepareShow();
        _prepareReports();
        _prepareCheckpoints();
        _prepareLoop();
        _token = new TestToken("Test", "TST", 18);
        _token.mint(address(this), 1e18);
        _token.mint(address(0xa11ce), 1);
    }

    function _enlarge() private {
        for (uint256 i; i < _others.length; ++i) {
            operators.push(_others[i]);
        }
    }

    /// @dev The lowest of the members, a third of them.
    function _third() private pure returns (uint16[] memory absent) {
        absent = new uint16[](size() / 3);
        for (uint16 i; i < absent.length; ++i) {
            absent[i] = i;
        }
    }

    function _prepareCheckpoints() private {
        IRootChain.Checkpoint memory content = _checkpoint();
        _calls["checkpoint"] = abi.encodeCall(rootChain.submit, (_submission(content, _none())));
        _calls["checkpoint, a third missing"] = abi.encodeCall(rootChain.submit, (_submission(content, _third())));
    }

    /// @dev The first four of another set of the same size.
    function _prepareShow() private {
        _mark = 1 << 15;
        (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(_four());
        _calls["show four members of a set"] = abi.encodeCall(court.showSet, (_set(), members, siblings));
        _mark = 0;
    }

    function _four() private pure returns (uint16[] memory numbers) {
        numbers = new uint16[](4);
        (numbers[1], numbers[2], numbers[3]) = (1, 2, 3);
    }

    /// @dev By operator 3, which is registered: of an epoch whose set was named, and whose statements were signed, by all, and of one without a third.
    function _prepareReports() private {
        uint64 epoch = rootChain.head().accepted;
        _prepareReportsOf(epoch, _none(), "");
        _prepareReportsOf(epoch - 1, _thirdButThree(), ", a third missing");
        _blocks(2);
    }

    function _prepareReportsOf(uint64 epoch, uint16[] memory absent, string memory suffix) private {
        ICourt.Claim memory claim = _claim(REPORTER, "by size", 0);
        ICourt.Kept memory none;
        ICourt.Accused memory accused = _accused(3, epoch);
        ICourt.DoubleVote memory votes = _doubleVote(3, epoch);
        ICourt.DoubleCheckpoint memory shares = _doubleCheckpoint(3, epoch - 1);
        ICourt.DoubleCertificate memory both = _certificates(epoch - 1, absent, absent);
        _commit(abi.encode(votes), claim);
        _commit(abi.encode(shares), claim);
        _commit(abi.encode(both), claim);
        _calls[string.concat("double vote", suffix)] = abi.encodeCall(court.revealVotes, (votes, accused, claim));
        _calls[string.concat("double checkpoint", suffix)] =
            abi.encodeCall(court.revealCheckpoints, (shares, accused, claim));
        _calls[string.concat("two certificates", suffix)] =
            abi.encodeCall(court.revealCertificates, (both, accused, none, claim));
        both.first = checkpoints[epoch - 1];
        delete both.firstCertificate;
        _commit(abi.encode(both), claim);
        _calls[string.concat("a certificate beside the accepted one", suffix)] =
            abi.encodeCall(court.revealCertificates, (both, accused, _kept(epoch - 1), claim));
    }

    /// @dev As many as a third, without the accused.
    function _thirdButThree() private pure returns (uint16[] memory absent) {
        absent = new uint16[](size() / 3);
        for (uint16 i; i < absent.length; ++i) {
            absent[i] = i < 3 ? i : i + 1;
        }
    }

    function _prepareLoop() private {
        (address[] memory members, uint256[] memory secrets) = _sorted();
        uint256[] memory powers = new uint256[](size());
        for (uint256 i; i < powers.length; ++i) {
            powers[i] = 100 + i;
        }
        _loop = new EcdsaLoop(members, powers);
        bytes32 digest = keccak256("a checkpoint");
        for (uint256 i; i < 16; ++i) {
            _loop.submit(i, keccak256("before"), _signed(secrets, 0, keccak256("before")));
        }
        _calls["ECDSA loop"] = abi.encodeCall(_loop.submit, (3, digest, _signed(secrets, 0, digest)));
        _calls["ECDSA loop, a third missing"] =
            abi.encodeCall(_loop.submit, (3, digest, _signed(secrets, size() / 3, digest)));
    }

    function _sorted() private pure returns (address[] memory members, uint256[] memory secrets) {
        (members, secrets) = (new address[](size()), new uint256[](size()));
        for (uint256 i; i < members.length; ++i) {
            uint256 secret = uint256(keccak256(abi.encode("ECDSA", i))) >> 1;
            address member = vm.addr(secret);
            uint256 place = i;
            for (; place != 0 && members[place - 1] > member; --place) {
                (members[place], secrets[place]) = (members[place - 1], secrets[place - 1]);
            }
            (members[place], secrets[place]) = (member, secret);
        }
    }

    function _signed(uint256[] memory secrets, uint256 from, bytes32 digest) private pure returns (bytes memory signatures) {
        for (uint256 i = from; i < secrets.length; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(secrets[i], digest);
            signatures = bytes.concat(signatures, abi.encodePacked(r, s, v));
        }
    }

    function test_gasOfACheckpoint() external {
        _measure("checkpoint", address(rootChain));
    }

    function test_gasOfACheckpointWithAThirdMissing() external {
        _measure("checkpoint, a third missing", address(rootChain));
    }

    function test_gasOfADoubleVote() external {
        vm.assertLe(_measure("double vote", address(court)), DOUBLE_VOTE_LIMIT);
    }

    function test_gasOfADoubleVoteWithAThirdMissing() external {
        vm.assertLe(_measure("double vote, a third missing", address(court)), DOUBLE_VOTE_LIMIT);
    }

    function test_gasOfADoubleCheckpoint() external {
        _measure("double checkpoint", address(court));
    }

    function test_gasOfADoubleCheckpointWithAThirdMissing() external {
        _measure("double checkpoint, a third missing", address(court));
    }

    function test_gasOfTwoCertificates() external {
        _measure("two certificates", address(court));
    }

    /// Of 500 members, in 228 bytes more than nodes pass on: both lists of who is absent are in it.
    function test_gasOfTwoCertificatesWithAThirdMissing() external {
        string memory name = "two certificates, a third missing";
        vm.assertEq(_calls[name].length > PASSED_ON, size() == 500);
        _record(name, address(court));
    }

    function test_gasOfACertificateBesideTheAcceptedOne() external {
        _measure("a certificate beside the accepted one", address(court));
    }

    function test_gasOfACertificateBesideTheAcceptedOneWithAThirdMissing() external {
        _measure("a certificate beside the accepted one, a third missing", address(court));
    }

    function test_gasOfShowingFourOfASet() external {
        _measure("show four members of a set", address(court));
    }

    function test_gasOfTheEcdsaLoop() external {
        _measure("ECDSA loop", address(_loop));
    }

    function test_gasOfTheEcdsaLoopWithAThirdMissing() external {
        _measure("ECDSA loop, a third missing", address(_loop));
    }

    function test_gasOfAPaymentOnRoot() external {
        _calls["token payment on root"] = abi.encodeCall(_token.transfer, (address(0xa11ce), 1));
        vm.cool(address(_token));
        _measure("token payment on root", address(_token));
    }

    function _measure(string memory name, address to) private returns (uint256 today) {
        vm.assertLe(_calls[name].length, PASSED_ON, "what nodes pass on");
        return _record(name, to);
    }

    function _record(string memory name, address to) private returns (uint256 today) {
        bytes memory data = _calls[name];
        vm.assertGt(data.length, 0);
        uint256 dear;
        (today, dear) = _priced(to, data);
        name = string.concat("by set: ", name, ", ", vm.toString(size()), " members");
        vm.snapshotValue("operations", string.concat(name, " (tx)"), today);
        vm.snapshotValue("operations", string.concat(name, ", calldata at 64 (tx)"), dear);
    }
}

contract GasOfFourTest is GasBySet {
    function size() internal pure override returns (uint256) {
        return 4;
    }
}

contract GasOfTwentyOneTest is GasBySet {
    function size() internal pure override returns (uint256) {
        return 21;
    }
}

contract GasOfAHundredTest is GasBySet {
    function size() internal pure override returns (uint256) {
        return 100;
    }
}

contract GasOfFiveHundredTest is GasBySet {
    function size() internal pure override returns (uint256) {
        return 500;
    }
}
