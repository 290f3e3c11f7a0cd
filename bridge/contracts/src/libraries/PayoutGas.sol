// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../interfaces/IVault.sol";

/// @title The gas of a payout, in claims and exits alike
library PayoutGas {
    /// @dev What one payout of a batch may use, so that a recipient or token that burns gas hinders no other, and what every payout has
    /// at least, whoever carries it. About four times what a common token takes, because prices change and contracts do not. What
    /// needs more is paid alone.
    uint256 internal constant EACH = 500_000;
    /// @dev What must be left before it: a call passes on at most 63 of 64 parts (EIP-150), and is encoded and priced first.
    uint256 private constant BEFORE = EACH * 64 / 63 + 10_000;

    /// @notice Reverts where less is left than a payout may need (`GasTooLow`, which Vault and Exits declare alike).
    function requireLeft() internal view {
        if (gasleft() < BEFORE) revert IVault.GasTooLow(BEFORE, gasleft());
    }
}
