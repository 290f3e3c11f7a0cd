// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {Challenging} from "./Challenging.sol";

/// @title Gas of challenges and of their answers as transactions, under today's prices and where calldata costs at least 64 gas a byte
/// @dev All is prepared in setUp, which forge commits, so that slots and contracts are cold. The epoch has 64 blocks.
abstract contract ChallengeGas is Challenging {
    /// @dev What stands in a call with a value beside the call: the value.
    uint256 private constant VALUE = 9_000 - 2_300;

    bytes internal _call;
    uint256 internal _value;

    function setUp() public override {
        super.setUp();
        _filled(_data(32_768));
        vm.deal(address(this), 1 ether);
        vm.txGasPrice(2 gwei);
        _prepare();
    }

    function _prepare() internal virtual;

    function _asked(IDataChallenges.Target memory target) internal {
        _call = abi.encodeCall(IDataChallenges.challenge, (_accusedOf(0), target));
        (_value,) = dataChallenges.price(target.kind);
    }

    function _measure(string memory name, uint256 most) internal {
        (uint256 today, uint256 dear) = _priced(address(dataChallenges), _value, _call);
        // A transaction pays nothing for its value, as a call does.
        if (_value != 0) (today, dear) = (today - VALUE, dear - VALUE);
        vm.snapshotValue("operations", string.concat("challenge: ", name, " (tx)"), today);
        vm.snapshotValue("operations", string.concat("challenge: ", name, ", calldata at 64 (tx)"), dear);
        vm.assertLe(today, most);
        vm.assertLe(_call.length, 128 * 1024, "what nodes pass on");
    }
}

contract AskGasTest is ChallengeGas {
    function _prepare() internal override {
        _ask(_target(SEGMENT, 0, 0));
        _asked(_filledTarget());
    }

    function test_gasOfAChallenge() external {
        _measure("of a segment", 110_000);
        vm.assertNotEq(_stateOf(_filledTarget()).challenger, address(0));
    }
}

contract AskFirstGasTest is ChallengeGas {
    function _prepare() internal override {
        _asked(_filledTarget());
    }

    function test_gasOfTheFirstChallenge() external {
        _measure("of a segment, the first of its epoch", 150_000);
        vm.assertNotEq(_stateOf(_filledTarget()).challenger, address(0));
    }
}

contract AnswerSegmentGasTest is ChallengeGas {
    function _prepare() internal override {
        _ask(_filledTarget());
        _call = _answerFilled();
    }

    function test_gasOfAnAnswerWithAFullSegment() external {
        _measure("answer with a segment of 32 KB", 1_500_000);
        vm.assertEq(_stateOf(_filledTarget()).deadline, 0);
    }
}

contract AnswerLeafGasTest is ChallengeGas {
    function _prepare() internal override {
        _ask(_target(LEAF, 0, 3));
        _call = _answerLeaf(3);
    }

    function test_gasOfAnAnswerWithALeaf() external {
        _measure("answer with a leaf", 150_000);
        vm.assertEq(_stateOf(_target(LEAF, 0, 3)).deadline, 0);
    }
}
