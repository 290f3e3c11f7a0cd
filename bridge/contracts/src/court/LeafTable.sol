// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISegmentJudge} from "../interfaces/ISegmentJudge.sol";
import {StateTree} from "../libraries/StateTree.sol";
import {LeafWidths} from "./LeafWidths.sol";
import {Verdict} from "./Verdict.sol";

/// @title The part of a state that one segment touches
/// @notice Opened from a witness (PROTOCOL, section 12), asked for leaves by their keys, written in attempts that are kept or dropped as a whole.
///
/// ```text
/// header   touched ‖ leaf count ‖ appends ‖ listed ‖ pending ‖ made ‖ root before ‖ siblings (place, number) ‖ leaves of the witness, a word each
/// list     the leaves of the witness, ascending by index, then those that were made
/// pending  the leaves that the attempt at hand has written, in the order of their first writes
/// slots    512 places by a hash of the key, the next one where it is taken; a leaf, or a key that was asked for and has none
/// ```
/// @dev All references in it are distances from where it begins, and 0 is none: it can be moved. `found` is a leaf's place in memory. Twins: of the
/// list `bridge::proof::tree::PartialTree`, of what is touched `chain::overlay` of the validator. A transaction
/// asks for less than ten keys, so that 32 of them leave slots free; with more in one segment, which L9 shows, it may be full and nothing is decided.
library LeafTable {
    uint256 private constant TOUCHED = 0x00;
    uint256 private constant COUNT = 0x20;
    uint256 private constant APPENDS = 0x40;
    uint256 private constant LISTED = 0x60;
    uint256 private constant PENDING = 0x80;
    uint256 private constant MADE = 0xa0;
    uint256 private constant BEFORE = 0xc0;
    uint256 private constant SIBLINGS = 0xe0;
    uint256 private constant SIBLING_COUNT = 0x100;
    uint256 private constant GIVEN = 0x120;
    /// @dev Room for the leaves of a witness, and as many again as may be touched.
    uint256 private constant LIST = 0x140;
    /// @dev Room for 16: no attempt writes more leaves than seven.
    uint256 private constant ATTEMPT = 0x1540;
    uint256 private constant SLOTS = 0x1740;
    uint256 private constant SIZE = 0x5740;

    // The fields of a leaf.
    uint256 private constant NEXT = 0x20;
    uint256 private constant INDEX = 0x40;
    uint256 private constant VALUE = 0x60;
    uint256 private constant HASH = 0x80;
    uint256 private constant WRITTEN = 0xa0;
    uint256 private constant STATE = 0xc0;
    uint256 private constant HASH_BEFORE = 0xe0;
    uint256 private constant LEAF_SIZE = 0x100;
    uint256 private constant IS_TOUCHED = 1;
    uint256 private constant IS_LISTED = 2;
    uint256 private constant IS_CHANGED = 4;

    uint256 private constant MAX_LEAVES = 74;
    uint256 private constant MAX_TOUCHED = 72;
    uint256 private constant CAPACITY = type(uint32).max;

    /// @notice Reads a witness. Whether it leads to `stateBefore` is seen at the end.
    function open(bytes calldata witness, bytes32 stateBefore) internal pure returns (uint256 table) {
        if (witness.length < 6) revert ISegmentJudge.BadWitness();
        uint256 leaves = uint32(bytes4(witness[:4]));
        uint256 appends = uint8(witness[4]);
        uint256 given = uint8(witness[5]);
        if (given + appends > MAX_LEAVES || leaves + appends > CAPACITY) revert ISegmentJudge.BadWitness();
        assembly ("memory-safe") {
            table := mload(0x40)
            calldatacopy(table, calldatasize(), SIZE)
            mstore(0x40, add(table, SIZE))
            mstore(add(table, COUNT), leaves)
            mstore(add(table, APPENDS), appends)
            mstore(add(table, GIVEN), given)
            mstore(add(table, BEFORE), stateBefore)
        }
        uint256 at = 6;
        for (uint256 i; i < given; ++i) {
            at = _load(table, witness, at, leaves);
        }
        uint256 left = witness.length - at;
        if (left % 32 != 0) revert ISegmentJudge.BadWitness();
        assembly ("memory-safe") {
            mstore(add(table, SIBLINGS), add(witness.offset, at))
            mstore(add(table, SIBLING_COUNT), shr(5, left))
        }
    }

    /// @dev One leaf of the witness from `at` on; where the next one begins.
    function _load(uint256 table, bytes calldata witness, uint256 at, uint256 leaves) private pure returns (uint256) {
        uint256 left = witness.length - at;
        if (left < 38) revert ISegmentJudge.BadWitness();
        uint256 from;
        uint256 form;
        assembly ("memory-safe") {
            from := add(witness.offset, at)
            form := byte(0, calldataload(add(from, 36)))
        }
        if (form > 1) revert ISegmentJudge.BadWitness();
        uint256 size = 101;
        if (form == 0) {
            uint256 kind;
            assembly ("memory-safe") {
                kind := byte(0, calldataload(add(from, 37)))
            }
            if (!LeafWidths.exists(kind)) revert ISegmentJudge.BadWitness();
            size = 70 + LeafWidths.width(kind);
        }
        if (left < size) revert ISegmentJudge.BadWitness();
        bytes32 key;
        assembly ("memory-safe") {
            key := calldataload(add(from, sub(38, form)))
        }
        (uint256 slot, uint256 found) = _find(table, key);
        if (found != 0) revert ISegmentJudge.BadWitness();
        found = _add(table, slot, key);
        uint256 index;
        assembly ("memory-safe") {
            index := shr(224, calldataload(from))
            let next := calldataload(add(from, 4))
            let hash
            switch form
            case 0 {
                let value := mload(0x40)
                let width := sub(size, 70)
                mstore8(value, byte(0, calldataload(add(from, 37))))
                calldatacopy(add(value, 1), add(from, 70), width)
                mstore(0x40, and(add(value, add(width, 0x5f)), not(0x1f)))
                mstore(add(found, VALUE), sub(value, table))
                hash := keccak256(value, add(width, 1))
            }
            default {
                hash := calldataload(add(from, 69))
                mstore(add(found, HASH), hash)
            }
            mstore(add(found, NEXT), next)
            mstore(add(found, INDEX), index)
            let free := mload(0x40)
            mstore(free, key)
            mstore(add(free, 0x20), next)
            mstore(add(free, 0x40), hash)
            mstore(add(found, HASH_BEFORE), keccak256(free, 0x60))
        }
        if (index >= leaves) revert ISegmentJudge.BadWitness();
        _list(table, found);
        return at + size;
    }

    /// @notice Asks for the leaf of that kind under a key. It is touched; where there is none, the leaf that shows it.
    function ask(uint256 table, uint8 kind, bytes32 key) internal pure returns (uint256 found) {
        uint256 slot;
        (slot, found) = _find(table, key);
        if (found == 0) {
            uint256 low = _low(table, key);
            found = _add(table, slot, key);
            _touch(table, low);
            return found;
        }
        if (_get(found, STATE) & IS_LISTED == 0) return found;
        uint256 value = valueOf(table, found);
        if (value == 0) revert ISegmentJudge.OnlyTheHash(key);
        uint256 other;
        assembly ("memory-safe") {
            other := byte(0, mload(sub(value, 1)))
        }
        if (other != kind) revert ISegmentJudge.OtherKind(key, uint8(other));
        _touch(table, found);
    }

    /// @notice Where the value of a leaf that was asked for begins; 0 where it does not stand.
    function valueOf(uint256 table, uint256 found) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(found, WRITTEN))
            if iszero(value) { value := mload(add(found, VALUE)) }
            if value { value := add(add(value, table), 1) }
        }
    }

    /// @notice Writes a leaf that was asked for, as long as the attempt at hand is not dropped.
    function write(uint256 table, uint256 found, uint256 value) internal pure {
        if (_get(found, WRITTEN) == 0) {
            uint256 pending = _get(table, PENDING);
            _set(table, PENDING, pending + 1);
            _set(table, ATTEMPT + 32 * pending, found - table);
            if (_get(found, STATE) & IS_LISTED == 0) _set(table, MADE, _get(table, MADE) + 1);
        }
        _set(found, WRITTEN, value - 1 - table);
    }

    /// @notice Keeps what the attempt at hand has written: leaves are made in the order of their first writes.
    function keep(uint256 table) internal pure {
        uint256 pending = _get(table, PENDING);
        for (uint256 i; i < pending; ++i) {
            uint256 found = table + _get(table, ATTEMPT + 32 * i);
            _set(found, VALUE, _get(found, WRITTEN));
            _set(found, WRITTEN, 0);
            if (_get(found, STATE) & IS_LISTED == 0) _make(table, found);
            _set(found, STATE, _get(found, STATE) | IS_CHANGED);
        }
        _set(table, PENDING, 0);
        _set(table, MADE, 0);
    }

    /// @notice Forgets what the attempt at hand has written. What it asked for stays touched.
    function drop(uint256 table) internal pure {
        uint256 pending = _get(table, PENDING);
        for (uint256 i; i < pending; ++i) {
            _set(table + _get(table, ATTEMPT + 32 * i), WRITTEN, 0);
        }
        _set(table, PENDING, 0);
        _set(table, MADE, 0);
    }

    /// @notice Writes one leaf and keeps it. Nothing else may be pending.
    function put(uint256 table, uint256 found, uint256 value) internal pure {
        write(table, found, value);
        keep(table);
    }

    /// @notice Leaves that stand, without those that the attempt at hand makes.
    function count(uint256 table) internal pure returns (uint256) {
        return _get(table, COUNT);
    }

    /// @notice Leaves that the attempt at hand makes.
    function made(uint256 table) internal pure returns (uint256) {
        return _get(table, MADE);
    }

    /// @notice Ends the judgement with a verdict, once the witness has led to the state before.
    /// @dev Returns from the call of whoever includes this, whatever calls it: only `SegmentJudge` may.
    function end(uint256 table, uint256 verdict) internal pure {
        (uint32[] memory indices, bytes32[] memory hashes) = _before(table);
        _requireBefore(table, StateTree.multiproofRoot(indices, hashes, _siblings(table)));
        assembly ("memory-safe") {
            mstore(0x00, verdict)
            return(0x00, 0x20)
        }
    }

    /// @notice The state root behind what was kept, once the witness has led to the state before.
    function stateAfter(uint256 table) internal pure returns (bytes32) {
        (uint32[] memory indices, bytes32[] memory earlier) = _before(table);
        uint256 listed = _get(table, LISTED);
        if (listed != indices.length) {
            revert ISegmentJudge.OtherAppends(_get(table, APPENDS), listed - _get(table, GIVEN));
        }
        bytes32[] memory later = new bytes32[](listed);
        for (uint256 i; i < listed; ++i) {
            later[i] = _hash(table, table + _get(table, LIST + 32 * i));
        }
        (bytes32 rootBefore, bytes32 rootAfter) = StateTree.multiproofRoots(indices, earlier, later, _siblings(table));
        _requireBefore(table, rootBefore);
        return StateTree.stateRoot(rootAfter, uint32(_get(table, COUNT)));
    }

    function _requireBefore(uint256 table, bytes32 root) private pure {
        uint256 leaves = _get(table, COUNT) - (_get(table, LISTED) - _get(table, GIVEN));
        bytes32 given = StateTree.stateRoot(root, uint32(leaves));
        bytes32 expected = bytes32(_get(table, BEFORE));
        if (given != expected) revert ISegmentJudge.NotTheStateBefore(expected, given);
    }

    /// @dev The leaves of the witness, and the places behind the last leaf that it has for new ones: empty.
    function _before(uint256 table) private pure returns (uint32[] memory indices, bytes32[] memory hashes) {
        uint256 given = _get(table, GIVEN);
        uint256 places = given + _get(table, APPENDS);
        uint256 next = _get(table, COUNT) - (_get(table, LISTED) - given);
        indices = new uint32[](places);
        hashes = new bytes32[](places);
        for (uint256 i; i < given; ++i) {
            uint256 found = table + _get(table, LIST + 32 * i);
            indices[i] = uint32(_get(found, INDEX));
            hashes[i] = bytes32(_get(found, HASH_BEFORE));
        }
        for (uint256 i = given; i < places; ++i) {
            indices[i] = uint32(next + i - given);
        }
    }

    function _siblings(uint256 table) private pure returns (bytes32[] calldata siblings) {
        assembly ("memory-safe") {
            siblings.offset := mload(add(table, SIBLINGS))
            siblings.length := mload(add(table, SIBLING_COUNT))
        }
    }

    /// @dev The leaf's hash as it stands now.
    function _hash(uint256 table, uint256 found) private pure returns (bytes32 hash) {
        if (_get(found, STATE) & IS_CHANGED == 0) return bytes32(_get(found, HASH_BEFORE));
        uint256 value = _get(found, VALUE);
        uint256 valueHash = _get(found, HASH);
        if (value != 0) {
            uint256 kind;
            assembly ("memory-safe") {
                value := add(value, table)
                kind := byte(0, mload(value))
            }
            uint256 width = LeafWidths.width(kind);
            assembly ("memory-safe") {
                valueHash := keccak256(value, add(width, 1))
            }
        }
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, mload(found))
            mstore(add(free, 0x20), mload(add(found, NEXT)))
            mstore(add(free, 0x40), valueHash)
            hash := keccak256(free, 0x60)
        }
    }

    /// @dev Puts a new leaf behind the last one and into the list, behind its low leaf.
    function _make(uint256 table, uint256 found) private pure {
        uint256 key = _get(found, 0);
        uint256 low = _low(table, bytes32(key));
        _touch(table, low);
        _set(found, NEXT, _get(low, NEXT));
        _set(low, NEXT, key);
        _set(low, STATE, _get(low, STATE) | IS_CHANGED);
        _set(table, COUNT, _get(table, COUNT) + 1);
        _list(table, found);
        _touch(table, found);
    }

    function _touch(uint256 table, uint256 found) private pure {
        uint256 state = _get(found, STATE);
        if (state & IS_TOUCHED != 0) return;
        _set(found, STATE, state | IS_TOUCHED);
        uint256 touched = _get(table, TOUCHED) + 1;
        _set(table, TOUCHED, touched);
        if (touched > MAX_TOUCHED) end(table, Verdict.TOUCHED);
    }

    function _list(uint256 table, uint256 found) private pure {
        uint256 listed = _get(table, LISTED);
        _set(table, LISTED, listed + 1);
        _set(table, LIST + 32 * listed, found - table);
        _set(found, STATE, _get(found, STATE) | IS_LISTED);
    }

    /// @dev A leaf that is in no list yet.
    function _add(uint256 table, uint256 slot, bytes32 key) private pure returns (uint256 found) {
        assembly ("memory-safe") {
            found := mload(0x40)
            calldatacopy(found, calldatasize(), LEAF_SIZE)
            mstore(0x40, add(found, LEAF_SIZE))
            mstore(found, key)
            mstore(slot, sub(found, table))
        }
    }

    /// @dev The slot of a key, and what stands in it. Nobody who makes keys knows the state root that their slots depend on.
    function _find(uint256 table, bytes32 key) private pure returns (uint256 slot, uint256 found) {
        assembly ("memory-safe") {
            mstore(0x00, key)
            mstore(0x20, mload(add(table, BEFORE)))
            let slots := add(table, SLOTS)
            for { let at := shl(5, and(keccak256(0x00, 0x40), 0x1ff)) } 1 { at := and(add(at, 0x20), 0x3fe0) } {
                slot := add(slots, at)
                found := mload(slot)
                if iszero(found) { break }
                found := add(found, table)
                if eq(mload(found), key) { break }
            }
        }
    }

    /// @dev The listed leaf that shows the absence of a key.
    function _low(uint256 table, bytes32 key) private pure returns (uint256 low) {
        bool shown;
        assembly ("memory-safe") {
            let place := add(table, LIST)
            for { let last := add(place, shl(5, mload(add(table, LISTED)))) } lt(place, last) {
                place := add(place, 0x20)
            } {
                low := add(table, mload(place))
                let next := mload(add(low, NEXT))
                if and(lt(mload(low), key), or(iszero(next), lt(key, next))) {
                    shown := 1
                    break
                }
            }
        }
        if (!shown) revert ISegmentJudge.Undecided(key);
    }

    function _get(uint256 base, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(base, at))
        }
    }

    function _set(uint256 base, uint256 at, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(base, at), word)
        }
    }
}
