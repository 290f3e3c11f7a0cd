// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IEd25519Verifier} from "./IEd25519Verifier.sol";
import {IInbox} from "./IInbox.sol";
import {IRootChain} from "./IRootChain.sol";

/// @title The registry: who validates with which keys, and how a deployment begins
/// @notice Its address commits to its code and arguments (deploy it through the CREATE2 deployment proxy), and so to the genesis
/// operators and to the code of the other contracts.
///
/// ```text
///            register             agree (again when it lapsed)          create, by anyone
/// listed ─────────────▶ registered ──────────────▶ agreed for lockSecs ──────────────────▶ created (for ever)
///    ▲                      │ refund                    │ lapsed: refund
///    └──────────────────────┴───────────────────────────┘
/// ```
/// At any time a genesis stake can be either used for exactly what its operator agreed on, or taken back. Bonds stay here.
interface IRegistry {
    /// @notice The constructor's only argument, `abi.encode(Arguments)` (dynamic: its first word is the offset 0x20).
    /// @param operators the genesis operators in order, 1 to 128, none zero, none twice. Operator i has seat i and registration i + 1.
    /// @param inboxCode, vaultCode, rootChainCode keccak-256 of the creation code of each, without constructor arguments.
    /// @param bond bounty bond in wei, at most 2^96: of what an operator sends, this part is bond and the rest is genesis stake.
    /// @param lockSecs how long an agreement locks, 1 second to 365 days: a day on networks; local ones may take less.
    struct Arguments {
        address[] operators;
        IEd25519Verifier verifier;
        bytes32 inboxCode;
        bytes32 vaultCode;
        bytes32 rootChainCode;
        uint128 bond;
        uint64 lockSecs;
    }

    /// @notice Constructor arguments of the rest, on which the operators agree. All of fixed width: `abi.encode(Genesis)` is sixteen
    /// words, RootChain's twelve and the Inbox's four.
    struct Genesis {
        IRootChain.Parameters rootChain;
        IInbox.Parameters inbox;
    }

    /// @notice Creation code of the rest, without constructor arguments.
    struct Code {
        bytes inbox;
        bytes vault;
        bytes rootChain;
    }

    /// @notice That the operator holds both keys (PROTOCOL, section 8).
    /// @param checkpointProof 192 bytes: signature of the checkpoint key over p under the possession tag.
    /// @param r, s the Ed25519 signature of the consensus key over the possession vote.
    /// @param xKey, xR x-coordinates of the key's and of r's point: hints that spare square roots, checked by the verifier.
    struct Possession {
        bytes checkpointProof;
        bytes32 r;
        bytes32 s;
        uint256 xKey;
        uint256 xR;
    }

    /// @notice A registration. `registration` numbers start at 1; 0 means that there is none.
    /// @param checkpointKey 96 bytes.
    struct Member {
        address operator;
        uint64 registration;
        bytes32 consensusKey;
        bytes checkpointKey;
        uint256 stake;
        uint256 bond;
    }

    event Registered(
        address indexed operator, uint64 indexed registration, bytes32 consensusKey, bytes checkpointKey, uint256 stake, uint256 bond
    );
    event Refunded(address indexed operator, uint256 amount);
    event Agreed(address indexed operator, bytes32 indexed agreement, uint64 lockedUntil);
    event Created(address indexed rootChain, address inbox, address vault, bytes32 agreement, uint256 sigma);

    error OperatorCount(uint256 count);
    error OperatorZero(uint256 index);
    error OperatorTwice(address operator);
    /// @notice There is no contract at the verifier's address.
    error NoVerifier(address verifier);
    error CodeHashZero();
    /// @notice A number of the constructor's is out of its range.
    error ParameterOutOfRange(string name, uint256 value);
    error NotListed(address sender);
    error AlreadyRegistered(address operator);
    error NotRegistered(address operator);
    /// @notice RootChain exists: nobody registers for now.
    error RegistrationClosed();
    /// @notice RootChain exists: stakes are in the Vault.
    error AlreadyCreated();
    /// @notice The value must be more than the bond.
    error StakeMissing(uint256 bond, uint256 value);
    /// @notice The consensus key is not canonical (y ≥ p), or one of the eight points of small order.
    error WeakConsensusKey(bytes32 key);
    /// @notice The key belongs to another operator.
    error KeyTaken(address operator);
    error BadPossession(string key);
    /// @notice Locked by an agreement until this time.
    error Locked(uint64 until, uint256 time);
    error AgreementZero();
    error RefundNotTaken(address operator, uint256 amount);
    /// @notice The operator has agreed on something else, or on nothing.
    error NotAgreed(address operator, bytes32 wanted, bytes32 agreed);
    /// @notice The operator's agreement has run out.
    error AgreementLapsed(address operator, uint64 until, uint256 time);
    error CodeMismatch(string name, bytes32 expected, bytes32 given);
    /// @notice At most 2^112 wei go into escrow.
    error SigmaTooHigh(uint256 sigma);
    /// @notice A contract of the rest was not made where it belongs, and its constructor gave no reason.
    error CreationFailed(string name);

    /// @notice Registers the caller, a listed genesis operator, with both its keys. The value is bond and genesis stake.
    /// @dev Until RootChain exists a registration can be refunded and made anew, with the same keys or others; a key stays its operator's.
    function register(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession) external payable;

    /// @notice Takes back bond and stake: before an agreement, or after its lock ran out.
    function refund() external;

    /// @notice Agrees on a genesis and locks the stake for it. Possible again when the lock ran out.
    /// @param agreement keccak(`PAGR` ‖ genesis state root ‖ Σ ‖ keccak(abi.encode(Genesis))), see `agreementOf`.
    function agree(bytes32 agreement) external;

    /// @notice Creates Inbox, Vault and RootChain, with the stakes and the value sent (the genesis balances) in the Vault. By anyone.
    /// @param stateRoot of the genesis state.
    function create(bytes32 stateRoot, Genesis calldata genesis, Code calldata code) external payable;

    /// @notice Whether RootChain exists.
    function created() external view returns (bool);

    /// @notice What the operators must agree on for this genesis.
    /// @param sigma stakes and genesis balances, in wei.
    function agreementOf(bytes32 stateRoot, uint256 sigma, Genesis calldata genesis) external pure returns (bytes32);

    /// @notice p of PROTOCOL section 8, for an operator and its keys.
    function possessionOf(address operator, bytes32 consensusKey, bytes calldata checkpointKey) external view returns (bytes32);

    /// @notice The bytes that the consensus key signs for that.
    function possessionVote(bytes32 p) external pure returns (bytes memory);

    /// @notice The genesis operators' number.
    function operatorCount() external view returns (uint256);

    /// @notice The genesis operator at a place of the list, with its registration if it has one (`registration` 0 if not).
    function memberAt(uint256 index) external view returns (Member memory);

    /// @notice An operator's agreement (0 if none) and until when it locks.
    function agreementBy(address operator) external view returns (bytes32 agreement, uint64 lockedUntil);

    /// @notice Sum of the registered genesis stakes, in wei.
    function totalStake() external view returns (uint256);

    /// @notice Where the rest will be, or is: nonces 1 to 3 of this contract.
    function inbox() external view returns (address);
    function vault() external view returns (address);
    function rootChain() external view returns (address);

    function verifier() external view returns (IEd25519Verifier);
    function codeHashes() external view returns (bytes32 inboxCode, bytes32 vaultCode, bytes32 rootChainCode);
    function bond() external view returns (uint128);
    function lockSecs() external view returns (uint64);
}
