// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {Accusing} from "./Accusing.sol";

/// @title What an honest operator signs in an epoch, and every pair of it shown as if it were two statements
abstract contract HonestStatements is Accusing {
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

    /// @notice Reports everything that can be made of what the operator signed in the newest epochs that root knows the set of. Reverts where one
    /// is taken, and where one is refused for another reason than what it says.
    function _accuseOfAll(uint256 i) internal {
        uint64 epoch = rootChain.head().accepted;
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
        ICourt.DoubleCheckpoint memory earlier = _doubleCheckpoint(i, epoch - 1);
        ICourt.DoubleCheckpoint memory later = _doubleCheckpoint(i, epoch);
        for (uint256 way; way < 6; ++way) {
            ICourt.DoubleCheckpoint memory shares = earlier;
            (shares.second, shares.secondShare) = (shares.first, shares.firstShare);
            if (way % 3 != 0) (shares.second, shares.secondShare) = (later.first, later.firstShare);
            if (way % 3 == 2) shares.second.epoch = shares.first.epoch;
            if (way > 2) {
                (shares.first, shares.second) = (shares.second, shares.first);
                (shares.firstShare, shares.secondShare) = (shares.secondShare, shares.firstShare);
            }
            ICourt.Claim memory claim = _claim(REPORTER, keccak256(abi.encode("shares", way)), 0);
            _commit(abi.encode(shares), claim);
            _blocks(2);
            _refused(abi.encodeCall(court.revealCheckpoints, (shares, _accused(i, epoch), claim)));
            earlier = _doubleCheckpoint(i, epoch - 1);
        }
        _accuseOfCertificates(i, epoch);
    }

    /// @dev It signed the one that all signed; the others signed another one without it.
    function _accuseOfCertificates(uint256 i, uint64 epoch) private {
        ICourt.Kept memory none;
        ICourt.Claim memory claim = _claim(REPORTER, "certificates", bytes32(uint256(court.lastOverlap(epoch))));
        for (uint256 way; way < 2; ++way) {
            ICourt.DoubleCertificate memory both = _certificates(epoch - 1, _none(), _one(uint16(i)));
            if (way == 1) {
                // One checkpoint twice, with other signers.
                both.second = both.first;
                both.secondCertificate = _certificate(both.first, _one(uint16(i)));
            }
            _commit(abi.encode(both), claim);
            _blocks(2);
            _refused(abi.encodeCall(court.revealCertificates, (both, _accused(i, epoch), none, claim)));
        }
    }

    function _refused(bytes memory data) private {
        (bool taken, bytes memory answer) = address(court).call(data);
        require(!taken, "what an honest operator signed was taken as an offence");
        bytes4 reason = bytes4(answer);
        require(
            reason == ICourt.SameBlock.selector || reason == ICourt.BadSignature.selector
                || reason == ICourt.SameCheckpoint.selector || reason == ICourt.DifferentEpochs.selector
                || reason == ICourt.NotPending.selector,
            string.concat("refused for another reason: ", vm.toString(answer))
        );
    }
}
