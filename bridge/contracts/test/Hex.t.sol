// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Hex} from "../src/libraries/Hex.sol";
import {Test} from "./Vm.sol";

/// @title Hexadecimal digits, against those of forge
contract HexTest is Test {
    function test_anyTwentyBytes(bytes20 value) external pure {
        _isRight(value);
    }

    function test_everyByteInEveryPlace() external pure {
        for (uint256 place; place < 20; ++place) {
            for (uint256 octet; octet < 256; ++octet) {
                _isRight(bytes20(uint160(octet << 8 * place)));
                _isRight(~bytes20(uint160(octet << 8 * place)));
            }
        }
    }

    function _isRight(bytes20 value) private pure {
        vm.assertEq(bytes.concat("0x", Hex.lower(value)), bytes(vm.toString(abi.encodePacked(value))));
    }
}
