// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {Members} from "../src/libraries/Members.sol";
import {StateTree} from "../src/libraries/StateTree.sol";
import {Vm} from "./Vm.sol";

/// @title The checks of the Court by name, from what a refused call answered
/// @dev An error that nobody foresaw fails the test. Where its first argument says which of several checks it was, it is part of the name.
library Refusals {
    Vm private constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    string internal constant NO_DECODING = "what does not decode";

    function name(bytes memory answer) internal pure returns (string memory text) {
        if (answer.length < 4) return NO_DECODING;
        bytes4 reason = bytes4(answer);
        (string memory plain, bool numbered) = _of(reason);
        if (bytes(plain).length == 0) revert(string.concat("an unforeseen refusal: ", vm.toString(answer)));
        if (reason == ICourt.VoteOutOfRange.selector) return string.concat(plain, _range(answer));
        if (reason == ICourt.RevealOutOfTime.selector) {
            return string.concat(plain, word(answer, 2) < word(answer, 0) ? " early" : " late");
        }
        if (reason == Members.SignersMismatch.selector) {
            return string.concat(plain, word(answer, 0) == 0 ? " of siblings" : " of bits");
        }
        if (reason == Bls.PrecompileFailed.selector) return string.concat(plain, _precompile(word(answer, 0)));
        return numbered ? string.concat(plain, " ", vm.toString(word(answer, 0))) : plain;
    }

    function word(bytes memory answer, uint256 i) internal pure returns (uint256 value) {
        uint256 place = 36 + 32 * i;
        assembly ("memory-safe") {
            value := mload(add(answer, place))
        }
    }

    function _range(bytes memory answer) private pure returns (string memory) {
        if (word(answer, 0) == 0) return " of height 0";
        return word(answer, 0) >> 63 == 1 ? " of the height" : " of the round";
    }

    /// @dev The only two whose input is what somebody shows; of the others no point is asked.
    function _precompile(uint256 place) private pure returns (string memory) {
        if (place == 0x0f) return " of the pairing";
        return place == 0x0b ? " of the sum of keys" : string.concat(" ", vm.toString(place));
    }

    /// @dev Whether the first argument says which check it was.
    function _of(bytes4 reason) private pure returns (string memory, bool numbered) {
        if (reason == 0x4e487b71) return ("Panic", true);
        if (reason == ICourt.BadSignature.selector) return ("BadSignature", true);
        if (reason == ICourt.TooLittlePower.selector) return ("TooLittlePower", true);
        if (reason == Bls.WrongLength.selector) return ("WrongLength", true);
        return (_ofCourt(reason), false);
    }

    function _ofCourt(bytes4 reason) private pure returns (string memory) {
        if (reason == ICourt.AggregateMismatch.selector) return "AggregateMismatch";
        if (reason == ICourt.AlreadyCounted.selector) return "AlreadyCounted";
        if (reason == ICourt.AlreadyRevealed.selector) return "AlreadyRevealed";
        if (reason == ICourt.AlreadySettled.selector) return "AlreadySettled";
        if (reason == ICourt.BeneficiaryZero.selector) return "BeneficiaryZero";
        if (reason == ICourt.BlockIdIncomplete.selector) return "BlockIdIncomplete";
        if (reason == ICourt.CheckpointNotAccepted.selector) return "CheckpointNotAccepted";
        if (reason == ICourt.CheckpointNotKept.selector) return "CheckpointNotKept";
        if (reason == ICourt.CommitmentRevealed.selector) return "CommitmentRevealed";
        if (reason == ICourt.CommitmentStands.selector) return "CommitmentStands";
        if (reason == ICourt.ContestOpen.selector) return "ContestOpen";
        if (reason == ICourt.DifferentEpochs.selector) return "DifferentEpochs";
        if (reason == ICourt.InOverlap.selector) return "InOverlap";
        if (reason == ICourt.KeptMismatch.selector) return "KeptMismatch";
        if (reason == ICourt.KeysMismatch.selector) return "KeysMismatch";
        if (reason == ICourt.KindOfVote.selector) return "KindOfVote";
        if (reason == ICourt.MemberNotInSet.selector) return "MemberNotInSet";
        if (reason == ICourt.NotLeader.selector) return "NotLeader";
        if (reason == ICourt.NotNextMember.selector) return "NotNextMember";
        if (reason == ICourt.NotPending.selector) return "NotPending";
        if (reason == ICourt.NotTheAccepted.selector) return "NotTheAccepted";
        if (reason == ICourt.NothingAtRisk.selector) return "NothingAtRisk";
        if (reason == ICourt.OffencesUncounted.selector) return "OffencesUncounted";
        if (reason == ICourt.OverlapKnown.selector) return "OverlapKnown";
        if (reason == ICourt.ReportsClosed.selector) return "ReportsClosed";
        if (reason == ICourt.ReportsOpen.selector) return "ReportsOpen";
        if (reason == ICourt.RevealOutOfTime.selector) return "RevealOutOfTime";
        if (reason == ICourt.SameBlock.selector) return "SameBlock";
        if (reason == ICourt.SameCheckpoint.selector) return "SameCheckpoint";
        if (reason == ICourt.SetMismatch.selector) return "SetMismatch";
        if (reason == ICourt.SetNotShown.selector) return "SetNotShown";
        if (reason == ICourt.UnknownCommitment.selector) return "UnknownCommitment";
        if (reason == ICourt.UnknownOffence.selector) return "UnknownOffence";
        if (reason == ICourt.UnknownOverlap.selector) return "UnknownOverlap";
        if (reason == ICourt.VoteOutOfRange.selector) return "VoteOutOfRange";
        return _ofLibraries(reason);
    }

    function _ofLibraries(bytes4 reason) private pure returns (string memory) {
        if (reason == Bls.IdentityPoint.selector) return "IdentityPoint";
        if (reason == Bls.PrecompileFailed.selector) return "PrecompileFailed";
        if (reason == IRegistry.NotCourt.selector) return "NotCourt";
        if (reason == IRootChain.NotAccepted.selector) return "NotAccepted";
        if (reason == IRootChain.NotInRing.selector) return "NotInRing";
        if (reason == ListTree.IndexBeyondCount.selector) return "IndexBeyondCount";
        if (reason == Members.AbsentOutOfOrder.selector) return "AbsentOutOfOrder";
        if (reason == Members.MembersRootMismatch.selector) return "MembersRootMismatch";
        if (reason == Members.SignersMismatch.selector) return "SignersMismatch";
        if (reason == StateTree.NoLeaves.selector) return "NoLeaves";
        if (reason == StateTree.NotAscending.selector) return "NotAscending";
        if (reason == StateTree.WrongSiblings.selector) return "WrongSiblings";
        return "";
    }
}
