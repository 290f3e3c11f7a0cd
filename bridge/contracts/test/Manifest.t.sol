// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Deployed} from "./Deployed.sol";

/// @title A manifest of sixteen contracts: the Inbox, the Vault, the Court, Exits, the FraudCourt, DataChallenges, nine that a later protocol may have, and RootChain
contract ManifestTest is Deployed {
    uint256 private constant ALL = 16;
    uint256 private constant LAST = 15;

    /// @dev What is listed in a place instead of what stands there else.
    mapping(uint256 => bytes) private _instead;

    function _steps() internal pure override returns (uint256) {
        return ALL;
    }

    function _code(uint256 step) internal view override returns (bytes memory) {
        if (_instead[step].length != 0) return _instead[step];
        if (step < STEPS - 1) return super._code(step);
        if (step == LAST) return super._code(STEPS - 1);
        // Returns one byte, the step, as the contract's code.
        return bytes.concat(hex"60", bytes1(uint8(step)), hex"5f526001601ff3");
    }

    function test_sixteenStepsCreateAllOfThemAndTheLastOneOpensEverything() external {
        _ready();
        address[] memory contracts = registry.contracts();
        uint256 held = address(registry).balance;
        for (uint256 step; step < ALL; ++step) {
            vm.assertFalse(registry.created());
            vm.assertEq(address(registry).balance, held);
            vm.assertEq(contracts[step].code.length, 0);
            vm.assertEq(contracts[step], vm.computeCreateAddress(address(registry), step + 1));
            if (step > 0) {
                vm.deal(address(this), 1 ether);
                vm.expectRevert(IInbox.NotOpen.selector);
                IInbox(contracts[0]).force{value: 1 ether}("early");
            }
            _step(step);
            vm.assertGt(contracts[step].code.length, 0);
            if (step >= STEPS - 1 && step < LAST) vm.assertEq(contracts[step].code, abi.encodePacked(uint8(step)));
        }
        vm.assertTrue(registry.created());
        _read();
        vm.assertEq(inbox.rootChain(), contracts[LAST]);
        vm.assertEq(address(vault.rootChain()), contracts[LAST]);
        vm.assertEq(address(rootChain), contracts[LAST]);
        vm.assertEq(address(vault).balance, _sigma());
        vm.assertEq(address(registry).balance, 4 * BOND);
        vm.deal(address(this), 1 ether);
        inbox.force{value: 1 ether}("open");
        _submit(_honest());
        vm.assertEq(rootChain.head().accepted, 1);
    }

    /// Each is told where every other one is or will be, and sees the code of those that stand, and of no other.
    function test_everyConstructorKnowsEveryAddress() external {
        _list(3, type(Curious).creationCode);
        _again();
        _ready();
        for (uint256 step; step < 4; ++step) {
            _step(step);
        }
        Curious curious = Curious(registry.contracts()[3]);
        vm.assertEq(curious.creator(), address(registry));
        vm.assertEq(curious.founding(), keccak256(abi.encode(IRegistry.Founding(registry.contracts(), _genesis()))));
        for (uint256 i; i < ALL; ++i) {
            vm.assertEq(curious.stood(i), i < 3);
        }
    }

    /// It asks a contract that does not stand yet: nobody answers, so its own step fails, as often as it is taken.
    function test_aConstructorThatNeedsALaterContractCostsNobodyAStake() external {
        for (uint256 place; place < LAST; ++place) {
            uint256 before = vm.snapshotState();
            _list(place, type(Hasty).creationCode);
            _again();
            _stopsAt(place, IRegistry.CreationFailed.selector);
            vm.revertToState(before);
        }
    }

    function test_aHashWithoutKnownCodeStopsAtItsStepAndCostsNobodyAStake() external {
        for (uint256 place; place < ALL; ++place) {
            uint256 before = vm.snapshotState();
            bytes memory code = _code(place);
            _list(place, "nobody has this code");
            _again();
            _instead[place] = code;
            _stopsAt(place, IRegistry.CodeMismatch.selector);
            vm.revertToState(before);
        }
    }

    function test_noStepIsTakenTwiceOrBeforeItsTurn() external {
        _ready();
        for (uint256 step; step < ALL; ++step) {
            for (uint256 other; other < ALL + 2; ++other) {
                if (other == step) continue;
                uint256 value = other == LAST ? BALANCES : 0;
                bytes memory code = other < ALL ? _code(other) : bytes("");
                bytes memory reason = abi.encodeWithSelector(IRegistry.NotNextStep.selector, step, other);
                _refuses(other, code, value, reason);
            }
            _step(step);
        }
        for (uint256 step; step < ALL; ++step) {
            _refuses(step, _code(step), 0, abi.encodeWithSelector(IRegistry.AlreadyCreated.selector));
        }
    }

    /// With the code of any other step, and with its own and a byte more.
    function test_aStrangerTakesAStepWithItsOwnCodeOrNotAtAll() external {
        _ready();
        for (uint256 step; step < ALL; ++step) {
            uint256 value = step == LAST ? BALANCES : 0;
            bytes32 expected = keccak256(_code(step));
            for (uint256 other; other <= ALL; ++other) {
                if (other == step) continue;
                bytes memory code = other == ALL ? bytes.concat(_code(step), hex"00") : _code(other);
                bytes memory reason =
                    abi.encodeWithSelector(IRegistry.CodeMismatch.selector, step, expected, keccak256(code));
                _refuses(step, code, value, reason);
            }
            IRegistry.Genesis memory genesis = _genesis();
            bytes memory own = _code(step);
            address stranger = address(uint160(0xbad0 + step));
            vm.deal(stranger, value);
            vm.prank(stranger);
            registry.create{value: value}(step, genesis, own);
        }
        vm.assertTrue(registry.created());
    }

    function test_stakesReturnAfterAnyNumberOfSteps() external {
        _ready();
        for (uint256 taken; taken < ALL; ++taken) {
            uint256 before = vm.snapshotState();
            _allReturns();
            vm.revertToState(before);
            _step(taken);
        }
    }

    function test_gasOfSixteenSteps() external {
        _ready();
        for (uint256 step; step < ALL; ++step) {
            bytes memory data = abi.encodeCall(registry.create, (step, _genesis(), _code(step)));
            uint256 value = step == LAST ? BALANCES : 0;
            vm.deal(address(this), value);
            uint256 gas = _gasOf(address(registry), value, data) + 21_000 + 16 * data.length;
            vm.assertLt(gas, 1 << 24);
            string memory name =
                string.concat("create, step ", vm.toString(step + 1), " of 16, 4 operators (tx, at most)");
            vm.snapshotValue("operations", name, gas);
        }
        vm.assertTrue(registry.created());
    }

    function _list(uint256 place, bytes memory code) private {
        _instead[place] = code;
    }

    /// @dev A Registry with what is listed now.
    function _again() private {
        registry = _registry(keccak256("again"));
    }

    function _ready() private {
        for (uint256 i; i < 4; ++i) {
            _register(i);
        }
        for (uint256 i; i < 4; ++i) {
            _agree(i);
        }
    }

    /// @dev Every step before this place is taken, this one never, and every stake and bond returns.
    function _stopsAt(uint256 place, bytes4 reason) private {
        _ready();
        for (uint256 step; step < place; ++step) {
            _step(step);
        }
        IRegistry.Genesis memory genesis = _genesis();
        bytes memory code = _code(place);
        uint256 value = place == LAST ? BALANCES : 0;
        vm.deal(address(this), value);
        vm.expectPartialRevert(reason);
        registry.create{value: value}(place, genesis, code);
        _allReturns();
    }

    function _allReturns() private {
        _pass(LOCK);
        for (uint256 i; i < 4; ++i) {
            uint256 held = operators[i].owner.balance;
            vm.prank(operators[i].owner);
            registry.refund();
            vm.assertEq(operators[i].owner.balance, held + BOND + stakeOf(i));
        }
        vm.assertEq(address(registry).balance, 0);
    }

    function _refuses(uint256 step, bytes memory code, uint256 value, bytes memory reason) private {
        IRegistry.Genesis memory genesis = _genesis();
        vm.deal(address(this), value);
        vm.expectRevert(reason);
        registry.create{value: value}(step, genesis, code);
    }
}

/// @notice Keeps what its constructor was told and saw.
contract Curious {
    address public creator;
    bytes32 public founding;
    mapping(uint256 => bool) public stood;

    constructor(IRegistry.Founding memory given) {
        creator = msg.sender;
        founding = keccak256(abi.encode(given));
        for (uint256 i; i < given.contracts.length; ++i) {
            stood[i] = given.contracts[i].code.length != 0;
        }
    }
}

/// @notice Its constructor asks the contract of the last place, which stands after it.
contract Hasty {
    constructor(IRegistry.Founding memory given) {
        IInbox(given.contracts[given.contracts.length - 1]).count();
    }
}
