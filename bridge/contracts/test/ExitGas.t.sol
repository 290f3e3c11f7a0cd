// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Leaving} from "./Leaving.sol";
import {TreeModel} from "./TreeModel.sol";

/// @title Gas of making a checkpoint final and of the ways out, from a state of 2^20 leaves, under today's prices and where calldata costs at least 64 gas a byte
/// @dev Of that state only the leaves stand that are shown; all other nodes of the tree are made up. All is prepared in setUp, which forge commits. Who is
/// paid has coin on root already: root takes 25,000 gas more of each that it has never seen.
abstract contract ExitGas is Leaving {
    enum Stage {
        ACCEPTED,
        SILENT,
        OVER,
        OPEN
    }

    uint256 private constant LEVELS = 20;
    uint256 private constant MANY = 100;
    /// @dev The first leaf of the range, the one alone, and the distance of those that are spread.
    uint256 private constant RANGE = 5_000;
    uint256 private constant ALONE = 3;
    uint256 private constant STRIDE = 10_000;

    mapping(string => bytes) private _calls;

    function stage() internal pure virtual returns (Stage);

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 2 * MANY + 1; ++i) {
            address holder = address(uint160(0x10_0000 + i));
            vm.deal(holder, 1);
            leaves[_holder(0, bytes20(holder), 0.01 ether, address(0))].index = uint32(_placeOf(i));
        }
        (bytes32 root,) = _proof(0, leaves.length);
        IRootChain.Checkpoint memory content = _checkpoint();
        content.stateRoot = keccak256(bytes.concat(root, bytes4(uint32(1 << LEVELS))));
        _submit(_submission(content, new uint16[](0)));
        _calls["finalize"] = abi.encodeCall(rootChain.finalize, (checkpoints[0], acceptances[0]));
        _calls["begin"] = abi.encodeCall(rootChain.beginExit, ());
        _calls["open"] = abi.encodeCall(exits.open, (checkpoints[0], acceptances[0]));
        _calls["alone"] = _exit(0, 1);
        _calls["range"] = _exit(1, MANY);
        _calls["spread"] = _exit(1 + MANY, MANY);
        if (stage() == Stage.ACCEPTED) return _pass(CHALLENGE);
        _pass(TIMEOUT);
        if (stage() == Stage.SILENT) return;
        rootChain.beginExit();
        _pass(GRACE + CHALLENGE);
        if (stage() == Stage.OPEN) _open();
    }

    /// @dev The sentinel and the parameters stand before the holders.
    function _placeOf(uint256 holder) private pure returns (uint256) {
        if (holder == 0) return ALONE;
        if (holder <= MANY) return RANGE + holder - 1;
        return (holder - MANY) * STRIDE;
    }

    function _exit(uint256 first, uint256 number) private view returns (bytes memory) {
        IExits.Leaf[] memory shown = new IExits.Leaf[](number);
        for (uint256 i; i < number; ++i) {
            shown[i] = leaves[2 + first + i];
        }
        (, bytes32[] memory siblings) = _proof(2 + first, number);
        uint32 count = uint32(1 << LEVELS);
        if (number == 1) return abi.encodeCall(exits.exitAlone, (count, shown, 0, siblings));
        return abi.encodeCall(exits.exit, (count, shown, siblings));
    }

    /// @dev The root of the tree, and the stream of siblings of these leaves.
    function _proof(uint256 first, uint256 number) private view returns (bytes32 root, bytes32[] memory siblings) {
        uint256 count = leaves.length;
        uint256[] memory places = new uint256[](count);
        bytes32[] memory hashes = new bytes32[](count);
        bool[] memory shown = new bool[](count);
        for (uint256 i; i < count; ++i) {
            places[i] = i < 2 ? i : leaves[i].index;
            hashes[i] = i == 0 ? keccak256("sentinel") : _hash(leaves[i]);
            shown[i] = i >= first && i < first + number;
        }
        bytes32[] memory stream = new bytes32[](32 * count);
        uint256 length;
        for (uint256 level; level < 32; ++level) {
            uint256 next;
            for (uint256 i; i < count;) {
                uint256 place = places[i];
                bool paired = i + 1 < count && places[i + 1] == place ^ 1 && place & 1 == 0;
                bytes32 other = paired ? hashes[i + 1] : _node(level, place ^ 1);
                bool otherShown = paired && shown[i + 1];
                // The stream has the sibling of a node on a path, unless that one lies on a path too.
                if (shown[i] != otherShown) stream[length++] = shown[i] ? other : hashes[i];
                hashes[next] = place & 1 == 0
                    ? keccak256(bytes.concat(hashes[i], other))
                    : keccak256(bytes.concat(other, hashes[i]));
                (places[next], shown[next]) = (place >> 1, shown[i] || otherShown);
                ++next;
                i += paired ? 2 : 1;
            }
            count = next;
        }
        siblings = new bytes32[](length);
        for (uint256 i; i < length; ++i) {
            siblings[i] = stream[i];
        }
        return (hashes[0], siblings);
    }

    /// @dev A node below which no leaf is shown: made up, or empty behind the last leaf.
    function _node(uint256 level, uint256 place) private pure returns (bytes32) {
        if (place << level >= 1 << LEVELS) return TreeModel.empty(level);
        return keccak256(abi.encode("a node", level, place));
    }

    function _measure(string memory call, address to, string memory name) internal {
        bytes memory data = _calls[call];
        (uint256 today, uint256 dear) = _priced(to, data);
        vm.snapshotValue("operations", string.concat("leaving: ", name, " (tx)"), today);
        vm.snapshotValue("operations", string.concat("leaving: ", name, ", calldata at 64 (tx)"), dear);
        vm.assertLe(data.length, 128 * 1024, "what nodes pass on");
    }

    function _paid(uint256 first, uint256 number) internal view returns (uint256 paid) {
        for (uint256 i = first; i < first + number; ++i) {
            if (vault.claimed(leaves[2 + i].index)) ++paid;
        }
    }
}

contract FinalizeGasTest is ExitGas {
    function stage() internal pure override returns (Stage) {
        return Stage.ACCEPTED;
    }

    function test_gasOfMakingACheckpointFinal() external {
        _measure("finalize", address(rootChain), "checkpoints made final");
        vm.assertEq(rootChain.head().finalized, 1);
    }
}

contract BeginGasTest is ExitGas {
    function stage() internal pure override returns (Stage) {
        return Stage.SILENT;
    }

    function test_gasOfTheBeginningOfExitMode() external {
        _measure("begin", address(rootChain), "exit mode begun");
        vm.assertNotEq(rootChain.head().exitAt, 0);
    }
}

contract OpenGasTest is ExitGas {
    function stage() internal pure override returns (Stage) {
        return Stage.OVER;
    }

    function test_gasOfOpeningTheBase() external {
        _measure("open", address(exits), "the base opened");
        vm.assertTrue(exits.base().opened);
    }
}

contract ExitGasTest is ExitGas {
    function stage() internal pure override returns (Stage) {
        return Stage.OPEN;
    }

    function test_gasOfTheExitOfOne() external {
        _measure("alone", address(exits), "exit of one account");
        vm.assertEq(_paid(0, 1), 1);
    }

    function test_gasOfTheExitOfARange() external {
        _measure("range", address(exits), "exit of 100 accounts in a range");
        vm.assertEq(_paid(1, 100), 100);
    }

    function test_gasOfTheExitOfThoseThatAreSpread() external {
        _measure("spread", address(exits), "exit of 100 accounts that are spread");
        vm.assertEq(_paid(101, 100), 100);
    }
}
