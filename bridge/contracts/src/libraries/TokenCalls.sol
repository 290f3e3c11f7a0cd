// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Calls to tokens, which are hostile until shown otherwise
/// @dev No answer is copied beyond what is asked for, so no token can make the caller pay for a long answer. The answer of a transfer is
/// ignored: some tokens move the money and answer false, or do not answer. So only a revert is a failure here, and the caller measures
/// the balance before and after.
library TokenCalls {
    /// @notice The token reverted, or has no balances.
    error TokenCallFailed(address token);

    /// @dev For symbol and decimals, which are for display only.
    uint256 private constant DISPLAY_GAS = 50_000;
    /// @dev For allowance: many times what a common token takes, behind a proxy too.
    uint256 private constant ALLOWANCE_GAS = 200_000;

    function balanceOf(address token, address owner) internal view returns (uint256 held) {
        bytes memory data = abi.encodeWithSignature("balanceOf(address)", owner);
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gas(), token, add(data, 0x20), mload(data), 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            held := mload(0x00)
        }
        if (!ok) revert TokenCallFailed(token);
    }

    /// @notice Whether the token answers `allowance` with exactly one word, whichever: an ERC-20 does, an ERC-721 does not.
    function answersAllowance(address token, address owner, address spender) internal view returns (bool answers) {
        bytes memory data = abi.encodeWithSignature("allowance(address,address)", owner, spender);
        assembly ("memory-safe") {
            answers := staticcall(ALLOWANCE_GAS, token, add(data, 0x20), mload(data), 0x00, 0x00)
            answers := and(answers, eq(returndatasize(), 0x20))
        }
    }

    function transfer(address token, address to, uint256 amount) internal {
        _mustNotRevert(token, abi.encodeWithSignature("transfer(address,uint256)", to, amount));
    }

    function transferFrom(address token, address from, address to, uint256 amount) internal {
        _mustNotRevert(token, abi.encodeWithSignature("transferFrom(address,address,uint256)", from, to, amount));
    }

    /// @notice `decimals()`, or 0 if there is no sound answer.
    function decimals(address token) internal view returns (uint8 value) {
        bytes memory data = abi.encodeWithSignature("decimals()");
        assembly ("memory-safe") {
            let ok := staticcall(DISPLAY_GAS, token, add(data, 0x20), mload(data), 0x00, 0x20)
            let answer := mload(0x00)
            if and(and(ok, gt(returndatasize(), 0x1f)), lt(answer, 0x100)) { value := answer }
        }
    }

    /// @notice The first 32 bytes of `symbol()`, zeros behind, and their number. Both forms in use are read: a string, and a
    /// word that ends at its first zero. Anything else is empty.
    function symbol(address token) internal view returns (uint8 length, bytes32 text) {
        bytes memory data = abi.encodeWithSignature("symbol()");
        uint256 offset;
        uint256 claimed;
        uint256 size;
        assembly ("memory-safe") {
            let answer := mload(0x40)
            let ok := staticcall(DISPLAY_GAS, token, add(data, 0x20), mload(data), answer, 0x60)
            size := mul(ok, returndatasize())
            offset := mload(answer)
            claimed := mload(add(answer, 0x20))
            text := mload(add(answer, 0x40))
        }
        if (size == 32) {
            text = bytes32(offset);
            while (length < 32 && text[length] != 0) ++length;
        } else if (size > 64 && offset == 32) {
            uint256 longest = size - 64 < 32 ? size - 64 : 32;
            length = uint8(claimed < longest ? claimed : longest);
        }
        text = length == 0 ? bytes32(0) : bytes32(uint256(text) >> (256 - 8 * uint256(length)) << (256 - 8 * uint256(length)));
    }

    function _mustNotRevert(address token, bytes memory data) private {
        bool ok;
        assembly ("memory-safe") {
            ok := call(gas(), token, 0, add(data, 0x20), mload(data), 0x00, 0x00)
        }
        if (!ok) revert TokenCallFailed(token);
    }
}
