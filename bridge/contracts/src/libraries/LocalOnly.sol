// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where these contracts may be deployed
/// @notice The court and exit mode do not stand yet, so two thirds of power could take the escrow. Until then every constructor
/// refuses any root chain but the local ones.
/// @dev Before this goes, nodes must answer data challenges by themselves (`IDataChallenges`): while they do not, anybody makes an honest
/// checkpoint void by asking for a part of it. A and P must then be a hundred blocks of root at least.
library LocalOnly {
    error UnsupportedRootChain(uint256 chainId);

    function check() internal view {
        if (block.chainid != 31337 && block.chainid != 1337) revert UnsupportedRootChain(block.chainid);
    }
}
