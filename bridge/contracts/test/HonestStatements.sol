// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Accusing} from "./Accusing.sol";
import {BlsSigner} from "./BlsSigner.sol";

/// @title What an honest operator signs in an epoch, and every pair of it shown as if it were two statements
abstract contract HonestStatements is Accusing {
    /// @dev Of accusing by what others signed beside the checkpoint that root accepted.
    uint256 internal constant WAYS = 5;

    struct Signed {
        uint8 kind;
        uint64 height;
        uint32 round;
        ICourt.Vote vote;
    }

    /// @notice Votes: nil and a block, prevotes and precommits, of two rounds and two heights, and some of them signed again with another time,
    /// as CometBFT does when its answer was lost.
    function _honestVotes(uint256 i, uint64 epoch) internal view returns (Signed[] memory all) {
        all = new Signed[](10);
        uint64 height = epoch * BLOCKS + 1;
        ICourt.BlockId memory nil;
        ICourt.BlockId memory first = _block("of the first height");
        all[0] = _honestVote(i, 1, height, 0, first, 1);
        all[1] = _honestVote(i, 2, height, 0, nil, 2);
        all[2] = _honestVote(i, 1, height, 1, first, 3);
        all[3] = _honestVote(i, 2, height, 1, first, 4);
        all[4] = _honestVote(i, 2, height, 1, first, 5);
        all[5] = _honestVote(i, 1, height + 1, 0, nil, 6);
        all[6] = _honestVote(i, 1, height + 1, 0, nil, 7);
        all[7] = _honestVote(i, 2, height + 1, 0, nil, 8);
        all[8] = _honestVote(i, 1, height + 1, 1, _block("of the second height"), 9);
        all[9] = _honestVote(i, 2, height + 1, 1, _block("of the second height"), 10);
    }

    function _honestVote(uint256 i, uint8 kind, uint64 height, uint32 round, ICourt.BlockId memory id, int64 secs)
        private
        view
        returns (Signed memory one)
    {
        (one.kind, one.height, one.round, one.vote.id, one.vote.secs) = (kind, height, round, id, 1_700_000_000 + secs);
        ICourt.DoubleVote memory form;
        (form.kind, form.height, form.round) = (kind, height, round);
        _signVote(i, form, one.vote);
    }

    /// @notice Two votes said to be of the height, round and type of one of them.
    function _paired(Signed memory form, Signed memory a, Signed memory b)
        internal
        pure
        returns (ICourt.DoubleVote memory evidence)
    {
        (evidence.kind, evidence.height, evidence.round) = (form.kind, form.height, form.round);
        (evidence.first, evidence.second) = (a.vote, b.vote);
    }

    /// @notice Reports everything that can be made of what the operator signed in the newest epoch whose checkpoint root accepted, and in the next.
    /// Reverts where one is taken, and where one is refused for another reason than what it says.
    function _accuseOfAll(uint256 i) internal {
        // Of the next epoch too it signs what root accepts and nothing else.
        _pass(1);
        _submit(_honest());
        uint64 epoch = rootChain.head().accepted - 1;
        Signed[] memory all = _honestVotes(i, epoch);
        for (uint256 a; a < all.length; ++a) {
            for (uint256 b; b < all.length; ++b) {
                ICourt.DoubleVote memory evidence = _paired(a < b ? all[a] : all[b], all[a], all[b]);
                ICourt.Claim memory claim = _claim(REPORTER, keccak256(abi.encode("votes", a, b)), 0);
                _commit(abi.encode(evidence), claim);
                _blocks(2);
                _refused(abi.encodeCall(court.revealVotes, (evidence, _accused(i, epoch), claim)));
            }
        }
        // One share an epoch, said to be of one epoch, and of two.
        for (uint256 way; way < 6; ++way) {
            ICourt.DoubleCheckpoint memory shares;
            (shares.first, shares.firstShare) = _honestShare(i, epoch - 1);
            (shares.second, shares.secondShare) = _honestShare(i, way % 3 == 0 ? epoch - 1 : epoch);
            if (way % 3 == 2) shares.second.epoch = shares.first.epoch;
            if (way > 2) {
                (shares.first, shares.second) = (shares.second, shares.first);
                (shares.firstShare, shares.secondShare) = (shares.secondShare, shares.firstShare);
            }
            bytes4[3] memory reasons =
                [ICourt.SameCheckpoint.selector, ICourt.DifferentEpochs.selector, ICourt.BadSignature.selector];
            _accuseOfShares(i, epoch, shares, reasons[way % 3]);
        }
        for (uint256 way; way < WAYS; ++way) {
            _accuseBesideAccepted(i, epoch, way);
        }
    }

    /// @dev Its share over the checkpoint that root accepted: the only one of that epoch.
    function _honestShare(uint256 i, uint64 epoch)
        private
        view
        returns (IRootChain.Checkpoint memory content, bytes memory share)
    {
        content = checkpoints[epoch];
        share = BlsSigner.signCheckpoint(operators[i].blsSecret, _digest(content));
    }

    /// @notice The others signed another checkpoint of an epoch than the one that root accepted, without it: they are convicted of that, but it is not.
    /// Reverts where it is, and where the report is refused for another reason. Reports of the epoch are open.
    /// @param way what is shown beside what it signed.
    function _accuseBesideAccepted(uint256 i, uint64 epoch, uint256 way) internal {
        if (way > 2) return _accuseOfOthersShare(i, epoch, way);
        ICourt.DoubleCertificate memory both = _againstAccepted(epoch - 1, _one(uint16(i)));
        ICourt.Kept memory accepted;
        if (way == 0) accepted = _kept(epoch - 1);
        else both.firstCertificate = _certificate(both.first, _none());
        if (way == 2) {
            // The same checkpoint twice, with other signers.
            both.second = both.first;
            both.secondCertificate = _certificate(both.first, _one(uint16(i)));
        }
        ICourt.Claim memory claim =
            _claim(REPORTER, keccak256(abi.encode(way, block.number)), bytes32(uint256(court.lastOverlap(epoch))));
        _commit(abi.encode(both), claim);
        _blocks(2);
        _refused(
            abi.encodeCall(court.revealCertificates, (both, _accused(i, epoch), accepted, claim)),
            way == 2 ? ICourt.SameCheckpoint.selector : ICourt.NotPending.selector
        );
    }

    /// @dev Beside its share over the accepted checkpoint one over another that it never made: another operator's, or that of all others together.
    function _accuseOfOthersShare(uint256 i, uint64 epoch, uint256 way) private {
        ICourt.DoubleCertificate memory both = _againstAccepted(epoch - 1, _one(uint16(i)));
        ICourt.DoubleCheckpoint memory shares;
        (shares.first, shares.firstShare) = _honestShare(i, epoch - 1);
        (shares.second, shares.secondShare) = (both.second, both.secondCertificate.signature);
        if (way == 3) {
            uint256 other = operators[(i + 1) % operators.length].blsSecret;
            shares.secondShare = BlsSigner.signCheckpoint(other, _digest(both.second));
        }
        _accuseOfShares(i, epoch, shares, ICourt.BadSignature.selector);
    }

    function _accuseOfShares(uint256 i, uint64 epoch, ICourt.DoubleCheckpoint memory shares, bytes4 reason) private {
        ICourt.Claim memory claim = _claim(REPORTER, keccak256(abi.encode("shares", block.number)), 0);
        _commit(abi.encode(shares), claim);
        _blocks(2);
        _refused(abi.encodeCall(court.revealCheckpoints, (shares, _accused(i, epoch), claim)), reason);
    }

    function _refused(bytes memory data) private {
        bytes4 reason = _reasonOf(data);
        require(
            reason == ICourt.SameBlock.selector || reason == ICourt.BadSignature.selector,
            "two votes were refused for another reason than what they say"
        );
    }

    function _refused(bytes memory data, bytes4 expected) private {
        require(_reasonOf(data) == expected, "refused for another reason than what it says");
    }

    function _reasonOf(bytes memory data) private returns (bytes4) {
        (bool taken, bytes memory answer) = address(court).call(data);
        require(!taken, "what an honest operator signed was taken as an offence");
        return bytes4(answer);
    }
}
