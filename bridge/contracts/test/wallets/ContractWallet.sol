// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A wallet that is a contract: it has no key and signs nothing, so on the child it acts as `root-sender` only
/// @notice For the demo and for tests.
contract ContractWallet {
    address public immutable owner;

    error NotOwner(address sender);
    error CallFailed(bytes reason);

    constructor(address owner_) payable {
        owner = owner_;
    }

    receive() external payable {}

    /// @notice Makes a call as this wallet.
    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        (bool done, bytes memory answer) = to.call{value: value}(data);
        if (!done) revert CallFailed(answer);
        return answer;
    }
}
