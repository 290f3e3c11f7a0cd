// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A rival for measurements only: what a checkpoint costs where each validator signs by ECDSA and the contract recovers one after another
/// @dev It checks less than RootChain does: no inbox, no times, no history. Its set stands in storage and never changes.
contract EcdsaLoop {
    mapping(address => uint256) private _power;
    mapping(uint256 => bytes32) private _accepted;
    uint256 private _total;

    constructor(address[] memory members, uint256[] memory powers) {
        for (uint256 i; i < members.length; ++i) {
            _power[members[i]] = powers[i];
            _total += powers[i];
        }
    }

    /// @param signatures r ‖ s ‖ v, 65 bytes each, by ascending addresses.
    function submit(uint256 epoch, bytes32 digest, bytes calldata signatures) external {
        address last;
        uint256 sum;
        for (uint256 i; i < signatures.length; i += 65) {
            address signer =
                ecrecover(digest, uint8(signatures[i + 64]), bytes32(signatures[i:i + 32]), bytes32(signatures[i + 32:i + 64]));
            require(signer > last, "not ascending");
            last = signer;
            sum += _power[signer];
        }
        require(sum * 3 > _total * 2, "too little power");
        _accepted[epoch % 16] = digest;
    }
}
