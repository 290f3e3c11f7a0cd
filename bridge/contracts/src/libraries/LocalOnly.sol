// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where these contracts may be deployed
/// @notice The court and exit mode do not stand yet, so two thirds of power could take the escrow. Until then every constructor
/// refuses any root chain but the local ones.
library LocalOnly {
    error UnsupportedRootChain(uint256 chainId);

    function check() internal view {
        if (block.chainid != 31337 && block.chainid != 1337) revert UnsupportedRootChain(block.chainid);
    }
}
