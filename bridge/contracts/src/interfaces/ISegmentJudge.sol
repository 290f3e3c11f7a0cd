// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "./IEd25519Verifier.sol";

/// @title Executes one segment again and says whether it is what its record says
/// @notice The FraudCourt, which creates it, asks it about bytes that it has authenticated. It has no authority, keeps nothing and holds no money.
///
/// ```text
/// frames ─ form ─ witness ─ transactions, in order ─ state root before ─ state root after          (PROTOCOL, section 12)
/// ```
/// An answer is a verdict. Whatever it cannot decide reverts: a witness that does not carry the execution, a kind of transaction that it does not
/// know yet, a state that no sound block leaves, a call that fails. So no failure is ever a fraud.
interface ISegmentJudge {
    /// @notice A segment record, and what of its block and its deployment the rules read.
    /// @param domain where signatures hold.
    /// @param verifier of Ed25519 signatures.
    struct Claim {
        uint8 kind;
        uint32 count;
        uint64 height;
        uint64 time;
        bytes32 stateBefore;
        bytes32 stateAfter;
        bytes32 domain;
        IEd25519Verifier verifier;
    }

    /// @notice Height 0 is genesis and no block.
    error HeightZero();
    /// @notice No segment has this kind.
    error NoSuchKind(uint8 kind);
    /// @notice A segment without transactions, which L9 shows.
    error CountZero();
    /// @notice A segment of this kind, or with a transaction or message of this kind, is not judged yet.
    error NotJudged(uint8 kind);
    /// @notice The bytes are no witness.
    error BadWitness();
    /// @notice The witness does not lead to the state root before the segment.
    error NotTheStateBefore(bytes32 expected, bytes32 given);
    /// @notice The witness neither has the leaf with this key nor shows that there is none.
    error Undecided(bytes32 key);
    /// @notice The witness has only the hash of this leaf's value.
    error OnlyTheHash(bytes32 key);
    /// @notice The leaf with this key is of another kind than the one that is asked for.
    error OtherKind(bytes32 key, uint8 kind);
    /// @notice The segment makes another number of leaves than the witness has places for.
    error OtherAppends(uint256 appends, uint256 made);
    /// @notice Signatures need other many hints.
    error OtherHints(uint256 needed, uint256 given);
    /// @notice No sound block leaves such a leaf: the state before the segment is wrong already.
    error UnsoundState(uint8 kind);

    /// @notice The verdict about a segment: 0 where it is what its record says, else why it is not.
    /// @param segment its bytes.
    /// @param hints two words for each Ed25519 signature that `IEd25519Verifier.decide` is asked about, in their order.
    function judge(Claim calldata claim, bytes calldata segment, bytes calldata witness, uint256[] calldata hints)
        external
        view
        returns (uint16 verdict);
}
