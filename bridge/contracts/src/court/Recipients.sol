// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Manifest} from "../libraries/Manifest.sol";

/// @title Whom money must not go to, because nobody could ever use it there (PROTOCOL, section 4)
/// @dev Twin: `ledger::recipient` of the validator.
library Recipients {
    /// @notice The contracts of the deployment of this Registry, and their verifier.
    function own(bytes20 registry, address verifier) internal pure returns (bytes20[11] memory made) {
        made[0] = registry;
        for (uint8 place; place < Manifest.LENGTH; ++place) {
            made[1 + place] = bytes20(Manifest.made(address(registry), place + 1));
        }
        made[8] = bytes20(Manifest.firstOf(address(made[1 + Manifest.COURT])));
        made[9] = bytes20(Manifest.firstOf(address(made[1 + Manifest.FRAUD_COURT])));
        made[10] = bytes20(verifier);
    }

    /// @notice Whether an account belongs to one of them, or to `token` itself.
    function isUnusable(bytes20[11] memory own_, bytes21 account, bytes20 token) internal pure returns (bool) {
        if (account[0] != 0) return false;
        bytes20 id = bytes20(account << 8);
        if (token != 0 && id == token) return true;
        for (uint256 i; i < 11; ++i) {
            if (own_[i] == id) return true;
        }
        return false;
    }

    /// @notice Whether value can be paid to an account: kind 0 but the zero address, or kind 1.
    function canReceive(bytes21 account) internal pure returns (bool) {
        return uint8(account[0]) < 2 && account != 0;
    }
}
