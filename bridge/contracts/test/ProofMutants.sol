// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "./Signatures.sol";

/// @title Proofs of fraud, and answers to challenges, that are true but for one thing, made at random: each is refused, and counted by the check that refused it
/// @dev PLASMID_MUTANTS=N is how many of each kind; PLASMID_SEED=S begins elsewhere. A mutant that is taken fails the test, with its seed.
abstract contract ProofMutants is Signatures {
    event log_named_uint(string name, uint256 value);

    bytes internal _true;
    bytes4[] private _reasons;
    mapping(bytes4 => uint256) private _counts;

    /// @notice The true call with something changed, in one of 15 ways.
    function _mutated(uint256 way, uint256 seed) internal virtual returns (bytes memory data);

    /// @notice Who is called.
    function _judge() internal view virtual returns (address) {
        return address(fraudCourt);
    }

    /// @notice Whether a call shows other parts than the true one, however it is encoded.
    function _isOther(bytes memory data) internal virtual returns (bool);

    /// @notice Gas that a call may use.
    function _most() internal pure virtual returns (uint256);

    function _number() internal view returns (uint256) {
        return vm.envOr("PLASMID_MUTANTS", uint256(1500));
    }

    function _run(uint256 c, uint256 number, bytes memory data) internal {
        _true = data;
        uint256 first = vm.envOr("PLASMID_SEED", uint256(1));
        for (uint256 i; i < number; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(first, c, i)));
            (bool taken, bytes4 reason) = this.mutant(seed);
            if (taken) {
                string memory place = string.concat("case ", vm.toString(c), ", number ", vm.toString(i));
                revert(string.concat("a mutant was taken: seed ", vm.toString(first), ", ", place));
            }
            if (_counts[reason]++ == 0) _reasons.push(reason);
        }
        // And what they were made of is taken.
        (bool ok,) = _judge().call(data);
        vm.assertTrue(ok);
    }

    /// @notice One mutant: whether it was taken, or why it was not. Taken is one that shows the same parts with another encoding as little as one that
    /// is not changed.
    function mutant(uint256 seed) external returns (bool taken, bytes4 reason) {
        uint256 way = seed % 16;
        seed >>= 8;
        bool elsewhere = way == 15;
        bytes memory data = _true;
        if (elsewhere) {
            // A true proof that is shown to another deployment.
            bytes20 other = rootChain.deployment() ^ bytes20(uint160(1) << uint160(seed % 160));
            vm.mockCall(address(rootChain), abi.encodeCall(rootChain.deployment, ()), abi.encode(other));
        } else {
            data = _mutated(way, seed);
        }
        bool ok;
        (ok, reason) = _tried(data);
        if (elsewhere) vm.clearMockedCalls();
        taken = ok && (elsewhere || _isOther(data));
    }

    /// @dev What it did is undone.
    function _tried(bytes memory data) private returns (bool ok, bytes4 reason) {
        try this.attempt(data) {}
        catch (bytes memory answer) {
            ok = answer[0] == 0x01;
            reason = bytes4(_at(answer, 1));
        }
    }

    /// @notice Always reverts: with whether the call was taken, and the first word of its answer.
    function attempt(bytes calldata data) external {
        (bool ok, bytes memory answer) = _judge().call{gas: _most()}(data);
        answer = bytes.concat(ok ? bytes1(0x01) : bytes1(0), bytes32(answer));
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function _flip(bytes memory data, uint256 seed) internal pure returns (bytes memory) {
        uint256 at = 4 + (seed >> 8) % (data.length - 4);
        data[at] = data[at] ^ bytes1(uint8(1 << (seed % 8)));
        return data;
    }

    /// @dev Counts outlive what they were counted in.
    function _backBut(uint256 state) internal {
        bytes4[] memory reasons = _reasons;
        uint256[] memory counts = new uint256[](reasons.length);
        for (uint256 i; i < reasons.length; ++i) {
            counts[i] = _counts[reasons[i]];
        }
        _back(state);
        delete _reasons;
        for (uint256 i; i < reasons.length; ++i) {
            _reasons.push(reasons[i]);
            _counts[reasons[i]] = counts[i];
        }
    }

    function _logAll() internal {
        for (uint256 i; i < _reasons.length; ++i) {
            emit log_named_uint(vm.toString(abi.encodePacked(_reasons[i])), _counts[_reasons[i]]);
        }
    }

    /// @dev Every check refuses a hundred of a hundred thousand, and at least one of a short run.
    function _occurred(bytes4 reason) internal view {
        uint256 least = _number() / 1000;
        if (_counts[reason] < (least == 0 ? 1 : least)) {
            revert(string.concat("too few mutants were refused by ", vm.toString(abi.encodePacked(reason))));
        }
    }
}
