// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Sha512} from "../src/libraries/Sha512.sol";
import {Test} from "./Vm.sol";

/// @title SHA-512 against FIPS 180-4's examples and OpenSSL's digests
contract Sha512Test is Test {
    function test_theDigestsOfNothingAndOfAbc() external pure {
        _digests(
            "",
            0xcf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce,
            0x47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e
        );
        _digests(
            "abc",
            0xddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a,
            0x2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
        );
    }

    function test_theDigestOfALongMessage() external pure {
        bytes memory message = new bytes(65_536);
        for (uint256 i; i < message.length; ++i) {
            message[i] = "a";
        }
        _digests(
            message,
            0x3d7f4d370531902d128619b9b9fb424b598b5fb11e92f44654e8bb754deed22c,
            0x6cd5587482bd5d3bf506b05818848931a1e5627a542ba6aa4b7a27e003355291
        );
    }

    /// Every length around three block edges: message n is n bytes (7i + n) mod 251, the digests are chained by keccak.
    /// The last link was computed with OpenSSL's SHA-512.
    function test_theDigestsOfAllLengthsUpTo400() external pure {
        bytes32 link;
        for (uint256 n; n <= 400; ++n) {
            bytes memory message = new bytes(n);
            for (uint256 i; i < n; ++i) {
                message[i] = bytes1(uint8((7 * i + n) % 251));
            }
            (bytes32 high, bytes32 low) = Sha512.hash(message);
            link = keccak256(bytes.concat(link, high, low));
        }
        vm.assertEq(link, 0x08ba04640f2995557d94e1c954f457c3bd7cce080c80de580639ed6ea907059f);
    }

    /// Padding is written over whatever memory held before.
    function testFuzz_dirtyMemoryDoesNotMatter(bytes memory message, uint256 dirt) external pure {
        (bytes32 high, bytes32 low) = Sha512.hash(message);
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 4096) { i := add(i, 0x20) } {
                mstore(add(free, i), xor(dirt, not(i)))
            }
        }
        (bytes32 again, bytes32 lowAgain) = Sha512.hash(message);
        vm.assertEq(high, again);
        vm.assertEq(low, lowAgain);
    }

    /// The hash neither changes its input nor what was allocated around it.
    function testFuzz_nothingElseIsWritten(bytes memory message, bytes memory neighbour) external pure {
        bytes32 before = keccak256(bytes.concat(message, neighbour));
        Sha512.hash(message);
        bytes memory later = bytes.concat(neighbour);
        Sha512.hash(later);
        vm.assertEq(keccak256(bytes.concat(message, later)), before);
    }

    function _digests(bytes memory message, bytes32 high, bytes32 low) private pure {
        (bytes32 first, bytes32 last) = Sha512.hash(message);
        vm.assertEq(first, high);
        vm.assertEq(last, low);
    }
}
