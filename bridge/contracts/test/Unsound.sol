// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Deployed} from "./Deployed.sol";

/// @title A checkpoint whose first block names other rules, and the proof of it
/// @dev Its other blocks are zeros, which nobody asks for.
abstract contract Unsound is Deployed {
    uint32 private constant RULES = 2;

    function _badBlock(uint64 epoch) internal pure returns (IFraudCourt.Block memory shown) {
        shown.rules = RULES;
        shown.height = epoch * 64 + 1;
        shown.siblings = new bytes32[](6);
    }

    function _blockHash(IFraudCourt.Block memory shown) internal pure returns (bytes32) {
        return keccak256(
            bytes.concat(
                bytes.concat("PBLK", bytes4(shown.rules), bytes8(shown.height), bytes8(shown.time)),
                bytes.concat(shown.blockHash, shown.witnessHash, shown.stateBefore, shown.stateAfter),
                shown.segmentsRoot
            )
        );
    }

    function _unsound(IRootChain.Checkpoint memory content) internal view returns (IRootChain.Submission memory) {
        bytes32 hash = _blockHash(_badBlock(content.epoch));
        for (uint256 level; level < 6; ++level) {
            hash = keccak256(bytes.concat(hash, bytes32(0)));
        }
        content.blocksRoot = hash;
        return _submission(content, new uint16[](0));
    }

    function _accusedOf(uint64 epoch) internal view returns (IFraudCourt.Accused memory) {
        return IFraudCourt.Accused(checkpoints[epoch], acceptances[epoch]);
    }

    function _makeVoid(uint64 epoch) internal {
        fraudCourt.proveBlock(_accusedOf(epoch), 1, _badBlock(epoch));
    }
}
