// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TestToken} from "./TestToken.sol";

/// @title Tokens as they are found, and as an attacker would write them

/// @notice Returns nothing, as some large tokens do; and has a symbol of one word.
contract NoReturnToken {
    bytes32 public constant symbol = "NRT";
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function approve(address spender, uint256 value) external {
        allowance[msg.sender][spender] = value;
    }

    function transfer(address to, uint256 value) external {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
    }

    function transferFrom(address from, address to, uint256 value) external {
        allowance[from][msg.sender] -= value;
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }
}

/// @notice Keeps a hundredth of every transfer.
contract FeeToken is TestToken("Fee", "FEE", 6) {
    function _move(address from, address to, uint256 value) internal override {
        super._move(from, address(this), value / 100);
        super._move(from, to, value - value / 100);
    }
}

/// @notice Takes a hundredth more from the sender than it is asked to move.
contract SurchargeToken is TestToken("Surcharge", "SUR", 18) {
    bool public surcharging;

    function surcharge(bool on) external {
        surcharging = on;
    }

    function _move(address from, address to, uint256 value) internal override {
        super._move(from, to, value);
        if (surcharging) super._move(from, address(this), value / 100);
    }
}

/// @notice Fails on every transfer in a way that can be chosen.
contract MoodyToken is TestToken("Moody", "MOO", 18) {
    enum Mood {
        Sound,
        ReturnsFalse,
        Reverts,
        MovesNothing,
        BurnsGas,
        AnswersTwo,
        ShortAnswer,
        LongRevert
    }

    Mood public mood;

    /// @notice Whether a transfer ends by a revert now; in the other moods it ends, and moves nothing.
    function reverts() external view returns (bool) {
        return mood == Mood.Reverts || mood == Mood.BurnsGas || mood == Mood.LongRevert;
    }

    function setMood(Mood to) external {
        mood = to;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (_moody()) return false;
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (_moody()) return false;
        return super.transferFrom(from, to, value);
    }

    /// @return whether to answer false
    function _moody() private view returns (bool) {
        if (mood == Mood.ReturnsFalse) return true;
        if (mood == Mood.Reverts) revert("moody");
        if (mood == Mood.MovesNothing) {
            assembly {
                mstore(0, 1)
                return(0, 32)
            }
        }
        if (mood == Mood.BurnsGas) {
            assembly {
                for {} 1 {} {}
            }
        }
        if (mood == Mood.AnswersTwo) {
            assembly {
                mstore(0, 2)
                return(0, 32)
            }
        }
        if (mood == Mood.ShortAnswer) {
            assembly {
                mstore(0, 1)
                return(0, 31)
            }
        }
        if (mood == Mood.LongRevert) {
            assembly {
                revert(0, 100000)
            }
        }
        return false;
    }
}

/// @notice Takes 600,000 gas for every transfer: more than a batch gives.
contract HeavyToken is TestToken("Heavy", "HVY", 18) {
    function _move(address from, address to, uint256 value) internal override {
        uint256 before = gasleft();
        super._move(from, to, value);
        while (before - gasleft() < 600_000) {}
    }
}

/// @notice Calls back into a target, with chosen data, in the middle of a transfer.
contract ReenteringToken is TestToken("Again", "AGN", 18) {
    address public target;
    bytes public data;
    bool public reached;
    bytes public answer;

    function aim(address callee, bytes calldata with) external {
        target = callee;
        data = with;
    }

    function _move(address from, address to, uint256 value) internal override {
        super._move(from, to, value);
        if (target != address(0)) {
            (reached, answer) = target.call(data);
        }
    }
}

/// @notice An ERC-721 as the standard has it: it has `balanceOf` and `transferFrom`, and neither `transfer` nor `allowance`.
contract Collectible {
    string public constant symbol = "NFT";
    mapping(uint256 => address) public ownerOf;
    mapping(uint256 => address) public getApproved;
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 id) external {
        ownerOf[id] = to;
        ++balanceOf[to];
    }

    function approve(address spender, uint256 id) external {
        require(ownerOf[id] == msg.sender, "not the owner");
        getApproved[id] = spender;
    }

    function transferFrom(address from, address to, uint256 id) external {
        require(ownerOf[id] == from && getApproved[id] == msg.sender, "not approved");
        (ownerOf[id], getApproved[id]) = (to, address(0));
        --balanceOf[from];
        ++balanceOf[to];
    }
}

/// @notice Lets anybody take anything, and answers `allowance` as the test says.
contract AllowanceToken {
    enum How {
        Returns,
        Reverts,
        Writes,
        BurnsGas
    }

    mapping(address => uint256) public balanceOf;
    How private _how;
    uint256 private _length;
    uint256 private _word;

    function answer(How how, uint256 length, uint256 word) external {
        (_how, _length, _word) = (how, length, word);
    }

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transferFrom(address from, address to, uint256 value) external {
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }

    function allowance(address, address) external {
        (How how, uint256 length, uint256 word) = (_how, _length, _word);
        if (how == How.Writes) _word = word + 1;
        assembly ("memory-safe") {
            for {} eq(how, 3) {} {}
            mstore(0x00, word)
            if eq(how, 1) { revert(0x00, length) }
            return(0x00, length)
        }
    }
}

/// @notice Answers symbol and decimals as the test says, byte by byte.
contract DisplayToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    bytes private _symbolAnswer;
    bytes private _decimalsAnswer;
    bool private _burn;

    function display(bytes calldata symbolAnswer, bytes calldata decimalsAnswer, bool burn) external {
        _symbolAnswer = symbolAnswer;
        _decimalsAnswer = decimalsAnswer;
        _burn = burn;
    }

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        return true;
    }

    function symbol() external view {
        _answer(_symbolAnswer);
    }

    function decimals() external view {
        _answer(_decimalsAnswer);
    }

    function _answer(bytes memory out) private view {
        bool burn = _burn;
        assembly {
            for {} burn {} {}
            return(add(out, 0x20), mload(out))
        }
    }
}
