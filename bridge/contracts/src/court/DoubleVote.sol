// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IEd25519Verifier} from "../interfaces/IEd25519Verifier.sol";
import {CanonicalVote} from "./CanonicalVote.sol";

/// @title Two votes of one key: same height, round and type, different block
/// @notice Another time alone is no offence: a signer that lost its answer signs the same vote again with a new one. Nil counts as a block.
library DoubleVote {
    /// @notice Reverts unless the key signed both. Their form is checked before, by `checkForm`.
    /// @param deployment whose chain id the votes are signed for.
    /// @param xKey hint for the key's point.
    function check(
        IEd25519Verifier verifier,
        bytes20 deployment,
        bytes32 key,
        uint256 xKey,
        ICourt.DoubleVote calldata evidence
    ) internal pure {
        if (CanonicalVote.isSame(evidence.first.id, evidence.second.id)) revert ICourt.SameBlock();
        bytes memory chain = CanonicalVote.chainId(deployment);
        if (!_signed(verifier, key, xKey, evidence, evidence.first, chain)) revert ICourt.BadSignature(1);
        if (!_signed(verifier, key, xKey, evidence, evidence.second, chain)) revert ICourt.BadSignature(2);
    }

    /// @notice What no vote of CometBFT has is refused before anything is encoded.
    function checkForm(ICourt.DoubleVote calldata evidence) internal pure {
        if (evidence.kind != 1 && evidence.kind != 2) revert ICourt.KindOfVote(evidence.kind);
        if (evidence.height == 0 || evidence.height >= 1 << 63 || evidence.round >= 1 << 31) {
            revert ICourt.VoteOutOfRange(evidence.height, evidence.round);
        }
        _checkBlock(evidence.first.id);
        _checkBlock(evidence.second.id);
    }

    function _checkBlock(ICourt.BlockId calldata id) private pure {
        if (id.total == 0 && !CanonicalVote.isNil(id)) revert ICourt.BlockIdIncomplete();
    }

    function _signed(
        IEd25519Verifier verifier,
        bytes32 key,
        uint256 xKey,
        ICourt.DoubleVote calldata evidence,
        ICourt.Vote calldata vote,
        bytes memory chain
    ) private pure returns (bool) {
        bytes memory message = CanonicalVote.signBytes(evidence.kind, evidence.height, evidence.round, vote, chain);
        return verifier.verify(key, vote.r, vote.s, message, xKey, vote.xR);
    }
}
