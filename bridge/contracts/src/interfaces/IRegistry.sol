// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "./ICourt.sol";
import {IDataChallenges} from "./IDataChallenges.sol";
import {IEd25519Verifier} from "./IEd25519Verifier.sol";
import {IInbox} from "./IInbox.sol";
import {IRootChain} from "./IRootChain.sol";

/// @title The registry: who validates with which keys, and how a deployment begins
/// @notice Its address commits to its code and arguments (deploy it through the CREATE2 deployment proxy), and so to the genesis
/// operators and to the code of the other contracts.
///
/// ```text
///            register             agree                   create: first step             last step, by anyone
/// listed ─────────────▶ registered ─────▶ agreed for lockSecs ─────▶ begun for lockSecs ─────▶ created (for ever)
///    ▲                      │ refund           │ lapsed: refund            │ run out: refund, or agree on the same again
///    └──────────────────────┴──────────────────┴───────────────────────────┘
/// ```
/// The rest is created one contract a step, so that each fits one transaction. A step takes its code by the hash that this contract's
/// address commits to, and its constructor arguments from what all operators agreed on; so it does not matter who takes it. No money
/// moves before the last step: that one creates RootChain and fills the Vault, both or neither. Until then nothing sends or accepts a
/// message, and at any time a genesis stake can be either used for exactly what its operator agreed on, or taken back. If the steps
/// are never finished, all stakes and bonds return.
///
/// From the last step on anyone registers, as often as wanted: a registration is a numbered entry with keys and a bounty bond of its own, and
/// a message to the child. Numbers 1 to `operatorCount` are those of the genesis operators, and every later registration takes the next one.
/// An operator may keep one key of its newest registration; a key that was replaced, or is another's, never comes back. Bonds stay here: the
/// Court pays reports of an offence from the culprit's, and there is no other way yet to send them.
interface IRegistry {
    /// @notice The constructor's only argument, `abi.encode(Arguments)` (dynamic: its first word is the offset 0x20).
    /// @param operators the genesis operators in order, 1 to 128, none zero, none twice. Operator i has seat i and registration i + 1.
    /// @param codes the manifest: keccak-256 of the creation code, without constructor arguments, of each contract of the rest, in the
    /// order of their creation, 7 to 16, none twice: the Inbox, the Vault, the Court, Exits, the FraudCourt, DataChallenges, whatever a protocol has beside them, and RootChain.
    /// @param bond bounty bond in wei, 1 to 2^96: of what an operator sends, this part is bond and the rest is genesis stake.
    /// @param lockSecs how long an agreement locks, a minute to 365 days: a day on networks; local ones may take less. The steps of the
    /// creation have as long again, from the first one on.
    struct Arguments {
        address[] operators;
        IEd25519Verifier verifier;
        bytes32[] codes;
        uint128 bond;
        uint64 lockSecs;
    }

    /// @notice What the operators agree on, beside their registrations. All of fixed width: `abi.encode(Genesis)` is twenty-five words,
    /// RootChain's thirteen, the Inbox's four, the Court's two and DataChallenges' four behind the first two.
    /// @param stateRoot of the genesis state.
    /// @param sigma genesis stakes and balances in wei: who takes the last step sends the balances with it.
    struct Genesis {
        bytes32 stateRoot;
        uint256 sigma;
        IRootChain.Parameters rootChain;
        IInbox.Parameters inbox;
        ICourt.Parameters court;
        IDataChallenges.Parameters challenges;
    }

    /// @notice The only constructor argument of every contract of the rest, `abi.encode(Founding)`. The Registry is the creator.
    /// @param contracts where each contract of the manifest is or will be, in its order: by this contract's creation nonces from 1 on.
    struct Founding {
        address[] contracts;
        Genesis genesis;
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
    /// @param stake genesis stake; 0 for a registration that came later.
    struct Member {
        address operator;
        uint64 registration;
        bytes32 consensusKey;
        bytes checkpointKey;
        uint256 stake;
        uint256 bond;
    }

    /// @notice By `register` or by `registerKeys`; in the second case stake is 0, and the Inbox tells its message in the same transaction.
    event Registered(
        address indexed operator, uint64 indexed registration, bytes32 consensusKey, bytes checkpointKey, uint256 stake, uint256 bond
    );
    /// @notice Somebody has raised the bond of a registration by `amount`, to `bond`.
    event BondRaised(
        address indexed operator, uint64 indexed registration, address indexed from, uint256 amount, uint256 bond
    );
    /// @notice The Court has paid a report of an offence from the culprit's bond, and burned some of it.
    event BondDebited(
        address indexed operator, uint64 indexed registration, address indexed to, uint256 paid, uint256 burned
    );
    event Refunded(address indexed operator, uint256 amount);
    event Agreed(address indexed operator, bytes32 indexed agreement, uint64 lockedUntil);
    /// @notice A step of the creation was taken: this contract of the manifest stands.
    event Made(uint256 indexed step, address indexed made, bytes32 agreement);
    event Created(address indexed rootChain, address inbox, address vault, bytes32 agreement, uint256 sigma);

    error OperatorCount(uint256 count);
    error OperatorZero(uint256 index);
    error OperatorTwice(address operator);
    /// @notice There is no contract at the verifier's address.
    error NoVerifier(address verifier);
    /// @notice The manifest lists 7 to 16 contracts.
    error CodeCount(uint256 count);
    error CodeHashZero(uint256 step);
    /// @notice Two steps would create the same contract: one of them is a slip.
    error CodeTwice(uint256 first, uint256 second);
    /// @notice A number of the constructor's is out of its range.
    error ParameterOutOfRange(string name, uint256 value);
    error NotListed(address sender);
    error AlreadyRegistered(address operator);
    error NotRegistered(address operator);
    /// @notice RootChain exists: genesis is over, and whoever registers now calls `registerKeys`.
    error RegistrationClosed();
    /// @notice RootChain does not exist yet: only genesis operators register, by `register`, and every bond is what all agree on.
    error NotCreated();
    /// @notice RootChain exists: stakes are in the Vault.
    error AlreadyCreated();
    /// @notice The root chain has another id now than when this Registry was made: all contracts of a deployment are made under one.
    error OtherChainId(uint256 expected, uint256 seen);
    /// @notice The value must be more than the bond.
    error StakeMissing(uint256 bond, uint256 value);
    /// @notice A registration's bond must be between these.
    error BondOutOfRange(uint256 min, uint256 max, uint256 bond);
    /// @notice The value must cover the bond and the Inbox's price.
    error ValueTooLow(uint256 needed, uint256 value);
    /// @notice What was sent over bond and price could not be given back.
    error ExcessNotTaken(address sender, uint256 excess);
    /// @notice The operator has no registration of this number.
    error UnknownRegistration(address operator, uint64 registration);
    /// @notice Only the Court pays from bonds.
    error NotCourt(address sender);
    /// @notice Who reported an offence does not take what it is paid.
    error RewardNotTaken(address to, uint256 amount);
    /// @notice A bond is raised by at least 1 wei.
    error NothingSent();
    /// @notice The deployment is closing, with exit mode from this time on: no bond is raised any more.
    error Closing(uint64 exitAt);
    /// @notice The consensus key is not canonical (y ≥ p), or one of the eight points of small order.
    error WeakConsensusKey(bytes32 key);
    /// @notice The key ("consensus key" or "checkpoint key") was registered before by this operator. Before RootChain exists an operator may
    /// come back with its own; afterwards it may keep one key of its newest entry, and no key returns that was replaced.
    error KeyTaken(string key, address operator);
    /// @notice Both keys are those of the caller's newest entry: a registration changes at least one of them.
    error KeysUnchanged(address operator, uint64 registration);
    error BadPossession(string key);
    /// @notice Locked until this time, by an agreement or by a creation that has begun.
    error Locked(uint64 until, uint256 time);
    error AgreementZero();
    error RefundNotTaken(address operator, uint256 amount);
    /// @notice The operator has agreed on something else, or on nothing.
    error NotAgreed(address operator, bytes32 wanted, bytes32 agreed);
    /// @notice The operator's agreement has run out.
    error AgreementLapsed(address operator, uint64 until, uint256 time);
    /// @notice The creation has begun with another agreement, and can only go on with that one.
    error BegunWithAnother(bytes32 begun, bytes32 given);
    /// @notice The steps are taken in the order of the manifest, each once.
    error NotNextStep(uint256 next, uint256 given);
    error CodeMismatch(uint256 step, bytes32 expected, bytes32 given);
    /// @notice At most 2^112 wei go into escrow.
    error SigmaTooHigh(uint256 sigma);
    /// @notice The registered stakes alone are more than the sum that was given.
    error SigmaTooLow(uint256 stakes, uint256 sigma);
    /// @notice The genesis balances come with the last step, exactly, and nothing with the others.
    error BalancesMismatch(uint256 expected, uint256 value);
    /// @notice A contract of the rest was not made where it belongs, and its constructor gave no reason.
    error CreationFailed(uint256 step);

    /// @notice Registers the caller, a listed genesis operator, with both its keys. The value is bond and genesis stake.
    /// @dev Until RootChain exists a registration can be refunded and made anew, with the same keys or others; a key stays its operator's.
    function register(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession) external payable;

    /// @notice Registers both keys of the caller, once RootChain exists: a new entry, whose number is the next one, and a message of kind 1 to
    /// the child. An operator that has a registration already changes its keys so, both of them, or one while it keeps the other; the older
    /// entry stays, with its bond.
    /// @dev The value is bond and the Inbox's price, which may change before the call is mined: send some more, the rest returns.
    /// @param bond the new entry's bounty bond, the constructor's `bond` to 2^96: all of it stays here.
    /// @return registration the entry's number.
    /// @return index the message's index in the Inbox.
    function registerKeys(
        bytes32 consensusKey,
        bytes calldata checkpointKey,
        Possession calldata possession,
        uint128 bond
    ) external payable returns (uint64 registration, uint64 index);

    /// @notice Adds the value to the bond of a registration, up to 2^96. By anyone, once RootChain exists and
    /// until the deployment is closing; nobody gets it back.
    function topUp(address operator, uint64 registration) external payable;

    /// @notice Pays `gas` and half of `reward` (wei) from a bond to who reported its owner, and burns the other half, as far as the bond
    /// reaches: its last wei stays. For the Court alone.
    /// @return paid to `to`.
    /// @return burned what stays in this contract, where nobody can take it.
    function debit(address operator, uint64 registration, uint256 gas, uint256 reward, address to)
        external
        returns (uint256 paid, uint256 burned);

    /// @notice Takes back bond and stake: before an agreement, or after the agreement's lock has run out; if the steps have begun, also
    /// only after their time has run out.
    function refund() external;

    /// @notice Agrees on a genesis and locks the stake for it. Possible again when the lock ran out.
    /// @param agreement what `agreementOf` gives, computed by the operator itself.
    function agree(bytes32 agreement) external;

    /// @notice Takes one step: creates the next contract of the manifest. By anyone, in order. The first step needs the agreement of
    /// all operators, and from it on they are bound for `lockSecs`; a step later than that needs their agreement, on the same, again.
    /// @dev The last step takes the genesis balances as its value, and moves them and all stakes into the Vault.
    /// @param step the place in the manifest, from 0: the number of contracts that stand.
    /// @param code creation code, without constructor arguments.
    function create(uint256 step, Genesis calldata genesis, bytes calldata code) external payable;

    /// @notice How many contracts of the manifest stand, how many there are, and, once the first stands, on what all agreed and until
    /// when the steps need no new agreement.
    function creation() external view returns (uint256 made, uint256 steps, bytes32 agreement, uint64 until);

    /// @notice Whether the last step was taken: RootChain exists, and the Vault has the stakes.
    function created() external view returns (bool);

    /// @notice What the operators must agree on for this genesis and the registrations of this moment: keccak(`PAGR` ‖
    /// `registrationsHash` ‖ keccak(abi.encode(genesis))).
    function agreementOf(Genesis calldata genesis) external view returns (bytes32);

    /// @notice keccak(`PREG` ‖ each operator's address, registration u64, consensus key, checkpoint key, stake u128 and bond u128), in
    /// the order of the list. One that has not registered stands there with zeros.
    function registrationsHash() external view returns (bytes32);

    /// @notice p of PROTOCOL section 8, for an operator and its keys.
    function possessionOf(address operator, bytes32 consensusKey, bytes calldata checkpointKey) external view returns (bytes32);

    /// @notice The bytes that the consensus key signs for that.
    function possessionVote(bytes32 p) external pure returns (bytes memory);

    /// @notice The genesis operators' number.
    function operatorCount() external view returns (uint256);

    /// @notice The genesis operator at a place of the list, with its registration if it has one (`registration` 0 if not). Nothing in it
    /// changes after genesis: neither by a later registration of this operator nor by a raised bond.
    function memberAt(uint256 index) external view returns (Member memory);

    /// @notice An operator's registration of this number, with its bond of now; `registration` 0 if there is none.
    function registrationOf(address operator, uint64 number) external view returns (Member memory);

    /// @notice Whether a registration has exactly these keys. Asked once RootChain exists: before, a stake that was taken back leaves its keys.
    function hasKeys(address operator, uint64 number, bytes32 consensusKey, bytes calldata checkpointKey)
        external
        view
        returns (bool);

    /// @notice The number of an operator's newest registration, 0 if it has none.
    function newestOf(address operator) external view returns (uint64);

    /// @notice The largest number that belongs to a registration or a genesis operator: the next registration takes the one behind it.
    function lastNumber() external view returns (uint64);

    /// @notice An operator's agreement (0 if none) and until when it locks.
    function agreementBy(address operator) external view returns (bytes32 agreement, uint64 lockedUntil);

    /// @notice Sum of the registered genesis stakes, in wei.
    function totalStake() external view returns (uint256);

    /// @notice Where the contracts of the manifest will be, or are: by the nonces of this contract's creations, from 1 on.
    function contracts() external view returns (address[] memory);
    function inbox() external view returns (address);
    function vault() external view returns (address);
    function court() external view returns (address);
    function rootChain() external view returns (address);

    function verifier() external view returns (IEd25519Verifier);
    function codeHashes() external view returns (bytes32[] memory);
    function bond() external view returns (uint128);
    function lockSecs() external view returns (uint64);
}
