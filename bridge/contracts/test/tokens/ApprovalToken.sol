// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A token that behaves as the tokens of public reports do, by switches that anybody may set
contract ApprovalToken {
    string public name = "SWT";
    uint256 public feeBps;
    bool public refusesZeroApproval;
    bool public refusesChange;
    bytes private _symbol = "SWT";
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    /// @param fee part of every transfer that is kept, in hundredths of a percent
    /// @param noZero whether `approve` of zero reverts
    /// @param noChange whether `approve` reverts where something is allowed and it is not of zero
    /// @param text the symbol's bytes
    function set(uint256 fee, bool noZero, bool noChange, bytes calldata text) external {
        (feeBps, refusesZeroApproval, refusesChange, _symbol) = (fee, noZero, noChange, text);
    }

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function symbol() external view returns (string memory) {
        return string(_symbol);
    }

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        require(value != 0 || !refusesZeroApproval, "zero approval");
        require(value == 0 || !refusesChange || allowance[msg.sender][spender] == 0, "from zero only");
        allowance[msg.sender][spender] = value;
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        return _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        return _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private returns (bool) {
        balanceOf[from] -= value;
        balanceOf[to] += value - value * feeBps / 10_000;
        return true;
    }
}
