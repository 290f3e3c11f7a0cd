// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A token with a switch for each habit that tokens in use have
/// @notice Whoever tests it sets the switches. What a transfer moves and what it answers are set apart from each other.
contract SwitchToken {
    enum Answer {
        True,
        False,
        Nothing,
        Two,
        Short,
        Long
    }

    /// @param feeBps kept by the token of what is moved, of 10,000.
    /// @param surchargeBps taken from the sender on top.
    /// @param noZeroApprove approve(…, 0) reverts.
    /// @param movesNothing no balance changes.
    struct Switches {
        Answer answer;
        uint256 feeBps;
        uint256 surchargeBps;
        bool noZeroApprove;
        bool movesNothing;
    }

    string public constant symbol = "SWT";
    uint8 public constant decimals = 6;

    Switches public switches;
    mapping(address => bool) public blocked;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function set(Switches calldata to) external {
        switches = to;
    }

    function setBlocked(address who, bool yes) external {
        blocked[who] = yes;
    }

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function approve(address spender, uint256 value) external {
        require(value != 0 || !switches.noZeroApprove, "zero approval");
        allowance[msg.sender][spender] = value;
        _answer();
    }

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
        _answer();
    }

    function transferFrom(address from, address to, uint256 value) external {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        _answer();
    }

    function _move(address from, address to, uint256 value) private {
        require(!blocked[from] && !blocked[to], "blocked");
        if (switches.movesNothing) return;
        balanceOf[from] -= value + value * switches.surchargeBps / 10_000;
        balanceOf[to] += value - value * switches.feeBps / 10_000;
    }

    /// @dev Ends the call.
    function _answer() private view {
        Answer answer = switches.answer;
        uint256 word = answer == Answer.True ? 1 : answer == Answer.Two ? 2 : 0;
        uint256 size = 32;
        if (answer == Answer.Nothing) size = 0;
        if (answer == Answer.Short) size = 31;
        if (answer == Answer.Long) size = 100_000;
        assembly ("memory-safe") {
            mstore(0x00, word)
            return(0x00, size)
        }
    }
}
