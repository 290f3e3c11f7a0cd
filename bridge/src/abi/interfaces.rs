//! The contracts' interfaces in Solidity's own words: `contracts/src/interfaces/*.sol` without natspec, and the errors of their
//! libraries. One block, because they name each other's structs. `tests.rs` compares it with the compiled contracts.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    interface IInbox {
        struct Parameters {
            uint64 delaySecs;
            uint64 intervalMs;
            uint128 price;
            uint64 doublingSecs;
        }

        struct Witness {
            bytes32[] afterCursor;
            bytes32 beforeDue;
            bytes[] around;
            bytes32[] afterDue;
        }

        event MessageSent(uint64 indexed index, bytes32 link, bytes message);

        error NotAllowed(address sender, uint8 kind);
        error NotOpen();
        error Closed(uint64 exitAt);
        error PriceNotPaid(uint256 price, uint256 value);
        error ValueNotTaken(uint256 value);
        error ExcessNotTaken(address sender, uint256 excess);
        error ForcedLength(uint256 length);
        error UnknownMessage(uint256 index, uint64 count);
        error NotKept(uint256 index, uint64 count);
        error LinkMismatch(uint256 index, bytes32 kept, bytes32 computed);
        error NotShown(bytes32 beforeDue, uint256 afterDue);
        error AroundLength(uint256 expected, uint256 given);
        error NotDue(uint256 index, uint64 dueMs, uint256 timeMs);
        error Due(uint256 index, uint64 dueMs, uint256 timeMs);
        error ParameterOutOfRange(string name, uint256 value);
        function send(uint8 kind, bytes calldata body) external payable returns (uint64 index);
        function force(bytes calldata transaction) external payable returns (uint64 index);
        function requireContent(uint64 cursor, bytes32 link, uint64 time, uint64 dueCount, Witness calldata witness) external view;
        function requireMessage(bytes calldata message, bytes32 before, bytes32[] calldata behind)
            external
            view
            returns (uint64 index);
        function count() external view returns (uint64);
        function lastDueMs() external view returns (uint64);
        function link(uint64 index) external view returns (bytes32 link, bool kept);
        function due(uint64 index) external view returns (uint64 dueMs, bool kept);
        function price() external view returns (uint256);
        function parameters() external view returns (Parameters memory);
        function registry() external view returns (address);
        function vault() external view returns (address);
        function court() external view returns (address);
        function rootChain() external view returns (address);
    }

    interface IRootChain {
        struct Parameters {
            bytes32 setCommitment;
            uint128 unit;
            uint64 challengeSecs;
            uint64 evidenceSecs;
            uint64 unbondingSecs;
            uint64 exitTimeoutSecs;
            uint64 graceSecs;
            uint64 rootBlockSecs;
            uint64 epochMaxSecs;
            uint64 epochMinSecs;
            uint32 revealBlocks;
            uint32 epochBlocks;
            uint32 recordSlots;
        }

        struct Checkpoint {
            uint64 epoch;
            uint64 lastBlockTime;
            bytes32 blocksRoot;
            bytes32 stateRoot;
            uint64 inboxCursor;
            bytes32 inboxLink;
            bytes32 nextSet;
            address relayer;
            bytes32 previous;
        }

        struct Acceptance {
            bytes32[2] signers;
            uint64 time;
            uint64 blockNumber;
            uint64 dueCount;
        }

        struct Set {
            bytes32 membersRoot;
            uint16 count;
            bytes aggregateKey;
            uint64 totalPower;
        }

        struct SetMember {
            uint16 number;
            uint16 seat;
            address operator;
            uint64 registration;
            bytes32 consensusKey;
            bytes checkpointKey;
            uint64 power;
        }

        struct Submission {
            Checkpoint checkpoint;
            Acceptance previous;
            bytes32[2] signers;
            bytes signature;
            Set set;
            SetMember[] absent;
            bytes32[] absentSiblings;
            uint64 tau;
            uint64 dueCount;
            IInbox.Witness inbox;
        }

        struct Head {
            uint64 accepted;
            uint64 tau;
            uint64 lastBlockTime;
            uint64 inboxCursor;
            uint64 freeAt;
            uint64 finalized;
            uint64 exitAt;
            uint64 standing;
        }

        event CheckpointAccepted(
            uint64 indexed epoch, bytes32 indexed digest, address indexed carrier, Checkpoint checkpoint, Acceptance acceptance, uint64 tau
        );
        event Finalized(uint64 count);
        event Voided(uint64 epoch);
        event ExitBegun(uint64 exitAt, uint64 message);

        error NotNext(uint64 next, uint64 epoch);
        error PreviousMismatch(bytes32 expected, bytes32 given);
        error SetMismatch(bytes32 expected, bytes32 given);
        error RecordMismatch(uint64 epoch, bytes32 kept, bytes32 computed);
        error RingFull(uint64 freeAt, uint256 time);
        error TimeBackwards(uint64 previous, uint64 given);
        error TimeAhead(uint256 latest, uint64 given);
        error TauOutOfRange(uint256 earliest, uint256 latest, uint64 given);
        error CursorBackwards(uint64 previous, uint64 given);
        error TooLittlePower(uint256 signed, uint256 total);
        error BadSignature(bytes32 digest);
        error NotAccepted(uint64 epoch, uint64 accepted);
        error NotInRing(uint64 epoch, uint64 oldest);
        error WindowOpen(uint64 finalAt, uint256 time);
        error MessageSkipped(uint64 dueCount, uint64 inboxCursor);
        error ExitMode(uint64 exitAt);
        error AlreadyClosing(uint64 exitAt);
        error NotOverdue(uint256 from, uint256 time);
        error NotNextMessage(uint64 next, uint64 given);
        error NoExitMode(uint64 exitAt, uint256 time);
        error BaseNotFinal(uint64 standing, uint64 finalized);
        error Void(uint64 epoch, uint64 standing);
        error AlreadyFinal(uint64 epoch, uint64 finalized);
        error VoidNotAllowed(address caller);
        error Held(uint64 epoch);
        error ParameterOutOfRange(string name, uint256 value);
        error ZeroRoot(string name);
        error SetCommitmentMismatch(bytes32 agreed, bytes32 computed);
        error StakeBelowUnit(address operator, uint256 stake, uint128 unit);
        error PowerTooHigh(uint256 total);
        function submit(Submission calldata submission) external;
        function isFinal(Checkpoint calldata checkpoint, Acceptance calldata acceptance) external view returns (bool);
        function finalize(Checkpoint calldata checkpoint, Acceptance calldata acceptance) external;
        function beginExit() external;
        function overdue(bytes calldata message, bytes32 before, bytes32[] calldata behind) external;
        function void(uint64 epoch) external;
        function voidable() external view returns (uint64 from, uint64 until);
        function base() external view returns (uint64 count);
        function digest(Checkpoint calldata checkpoint) external view returns (bytes32);
        function record(uint64 epoch) external view returns (bytes32);
        function head() external view returns (Head memory);
        function deployment() external view returns (bytes20);
        function genesisStateRoot() external view returns (bytes32);
        function genesisTime() external view returns (uint64);
        function genesisBlock() external view returns (uint64);
        function parentBlockHash() external view returns (bytes32);
        function genesisSets() external view returns (bytes32 set0, bytes32 set1);
        function parameters() external view returns (Parameters memory);
        function inboxDelaySecs() external view returns (uint64);
        function registry() external view returns (address);
        function inbox() external view returns (address);
        function vault() external view returns (address);
    }

    interface ICourt {
        struct Parameters {
            uint64 minCut;
            uint128 reward;
        }

        struct BlockId {
            bytes32 hash;
            uint32 total;
            bytes32 partsHash;
        }

        struct Vote {
            BlockId id;
            int64 secs;
            uint32 nanos;
            bytes32 r;
            bytes32 s;
            uint256 xR;
        }

        struct DoubleVote {
            uint8 kind;
            uint64 height;
            uint32 round;
            Vote first;
            Vote second;
        }

        struct DoubleCheckpoint {
            IRootChain.Checkpoint first;
            IRootChain.Checkpoint second;
            bytes firstShare;
            bytes secondShare;
        }

        struct Certificate {
            bytes32[2] signers;
            IRootChain.SetMember[] absent;
            bytes32[] absentSiblings;
            bytes signature;
        }

        struct DoubleCertificate {
            IRootChain.Checkpoint first;
            IRootChain.Checkpoint second;
            Certificate firstCertificate;
            Certificate secondCertificate;
        }

        struct Overlap {
            uint64 epoch;
            uint40 revealedAt;
            uint40 madeAt;
            uint16 count;
            uint64 totalPower;
            bytes32 leader;
            bytes32 membersRoot;
            uint256[2] signers;
            uint256[2] pending;
        }

        struct Kept {
            bytes32 digest;
            bytes32 nextSet;
            IRootChain.Acceptance acceptance;
        }

        struct Accused {
            IRootChain.Set set;
            IRootChain.SetMember member;
            bytes32[] siblings;
            Kept source;
            Kept closing;
            uint256 xKey;
        }

        struct Claim {
            address beneficiary;
            bytes32 salt;
            bytes32 leader;
        }

        struct Offence {
            uint64 registration;
            uint32 share;
            uint40 revealedAt;
            bytes13 leader;
            bool counted;
            bool settled;
        }

        struct Commitment {
            uint40 madeAt;
            address beneficiary;
            uint48 timeOrGas;
        }

        event Committed(bytes32 indexed commitment);
        event Revealed(address indexed operator, uint64 indexed epoch, uint64 registration, uint32 share, bytes32 commitment, address beneficiary);
        event Overtaken(address indexed operator, uint64 indexed epoch, bytes32 commitment, address beneficiary);
        event Collected(address indexed operator, uint64 indexed epoch, bytes32 commitment, address beneficiary, uint256 paid, uint256 burned);
        event Overlapped(uint64 indexed epoch, uint64 indexed number, uint256[2] signers, bytes32 commitment, address beneficiary);
        event OverlapOvertaken(uint64 indexed epoch, uint64 indexed number, bytes32 commitment, address beneficiary);
        event Convicted(address indexed operator, uint64 indexed epoch, uint64 registration, uint32 share, uint64 indexed overlap);
        event Settled(address indexed operator, uint64 indexed epoch, uint64 registration, uint64 fraction);
        error ParameterOutOfRange(string name, uint256 value);
        error CommitmentStands(uint256 until);
        error CommitmentRevealed();
        error UnknownCommitment(bytes32 commitment);
        error RevealOutOfTime(uint256 first, uint256 last, uint256 number);
        error BeneficiaryZero();
        error ReportsClosed(uint64 epoch, uint256 closedAt, uint256 time);
        error CheckpointNotKept(uint64 epoch);
        error CheckpointNotAccepted(uint64 epoch);
        error KeptMismatch(uint64 epoch, bytes32 kept, bytes32 computed);
        error SetMismatch(uint64 epoch, bytes32 expected, bytes32 computed);
        error MemberNotInSet(uint16 number);
        error NothingAtRisk(uint64 epoch, uint16 number);
        error KeysMismatch(address operator, uint64 registration);
        error KindOfVote(uint8 kind);
        error VoteOutOfRange(uint64 height, uint32 round);
        error BlockIdIncomplete();
        error SameBlock();
        error SameCheckpoint(bytes32 digest);
        error DifferentEpochs(uint64 first, uint64 second);
        error BadSignature(uint256 which);
        error TooLittlePower(uint256 which, uint256 power, uint256 total);
        error NotTheAccepted(bytes32 given, bytes32 accepted);
        error OverlapKnown(uint64 epoch);
        error InOverlap(uint64 epoch, uint16 number);
        error SetNotShown(bytes32 commitment);
        error NotNextMember(uint16 next, uint16 number);
        error AggregateMismatch();
        error UnknownOverlap(uint64 number);
        error NotPending(uint16 number);
        error AlreadyRevealed(address operator, uint64 epoch);
        error NotLeader(bytes32 leader);
        error UnknownOffence(address operator, uint64 epoch);
        error ContestOpen(uint256 until, uint256 number);
        error AlreadyCounted(address operator, uint64 epoch);
        error AlreadySettled(address operator, uint64 epoch);
        error OffencesUncounted(uint256 number);
        error ReportsOpen(uint256 closedAt, uint256 time);
        function commit(bytes32 commitment) external;
        function revealVotes(DoubleVote calldata evidence, Accused calldata accused, Claim calldata claim) external;
        function revealCheckpoints(DoubleCheckpoint calldata evidence, Accused calldata accused, Claim calldata claim) external;
        function showSet(IRootChain.Set calldata set, IRootChain.SetMember[] calldata members, bytes32[] calldata siblings) external returns (uint16 shown);
        function revealCertificates(DoubleCertificate calldata evidence, Accused calldata accused, Kept calldata accepted, Claim calldata claim)
            external;
        function freeze(uint64 overlap_, IRootChain.SetMember[] calldata members, bytes32[] calldata siblings) external;
        function count(address operator, uint64 epoch) external;
        function collect(address operator, uint64 epoch, bytes32 commitment) external;
        function settle(address operator, uint64 epoch, Kept calldata closing) external;
        function commitmentOf(bytes32 evidence, address beneficiary, bytes32 salt) external view returns (bytes32);
        function commitment(bytes32 commitment_) external view returns (Commitment memory);
        function offence(address operator, uint64 epoch) external view returns (Offence memory);
        function shown(bytes32 setCommitment) external view returns (uint16 count, bool sound);
        function lastOverlap(uint64 epoch) external view returns (uint64 number);
        function overlap(uint64 number) external view returns (Overlap memory);
        function overlaps() external view returns (uint64 number);
        function fraction(uint64 epoch) external view returns (uint64);
        function uncounted(uint64 epoch) external view returns (uint256);
        function signBytes(DoubleVote calldata evidence, Vote calldata vote) external view returns (bytes memory);
        function parameters() external view returns (Parameters memory);
        function registry() external view returns (address);
        function inbox() external view returns (address);
        function rootChain() external view returns (IRootChain);
    }

    interface IVault {
        struct Account {
            uint8 kind;
            bytes20 id;
        }

        struct Withdrawal {
            uint32 index;
            uint64 number;
            address recipient;
            address token;
            uint128 amount;
            bytes32 next;
        }

        struct Base {
            IRootChain.Checkpoint checkpoint;
            IRootChain.Acceptance acceptance;
            uint32 leafCount;
        }

        event Deposited(
            uint64 indexed index, address indexed token, address indexed depositor, uint128 amount, uint128 native, uint8 recipientKind, bytes20 recipientId
        );
        event RewardsFunded(uint64 indexed index, address indexed funder, uint128 amount);
        event Claimed(uint32 indexed index, address indexed payee, address indexed token, uint128 amount, uint64 number);
        event PayoutFailed(uint32 indexed index, address indexed recipient, address indexed token, uint128 amount, uint64 number);

        error AmountOutOfRange(uint256 amount);
        error EscrowLimit(address token, uint256 held);
        error RecipientKind(uint8 kind);
        error RecipientZero();
        error RefundZero();
        error AccountUnusable(address account);
        error ValueTooLow(uint256 needed, uint256 value);
        error ExcessNotTaken(address sender, uint256 excess);
        error NoToken(address token);
        error NoAllowance(address token);
        error NothingArrived(address token, uint256 amount);
        error PaidOtherThan(address token, uint256 amount, uint256 fell);
        error Reentered();
        error OnlyItself(address sender);
        error OnlyRegistry(address sender);
        error OnlyExits(address sender);
        error AlreadyRefunded(uint64 message);
        error AlreadyClaimed(uint32 index);
        error IndexBeyondCount(uint32 index, uint32 count);
        error StateRootMismatch(bytes32 expected, bytes32 computed);
        error EscrowExceeded(address token, uint256 held, uint256 amount);
        error NotTaken(address recipient, uint256 amount);
        error NothingToClaim();
        error GasTooLow(uint256 needed, uint256 left);
        function fund() external payable;
        function depositNative(uint128 amount, Account calldata recipient, address refund) external payable returns (uint64 index);
        function depositToken(address token, uint128 amount, uint128 native, Account calldata recipient, address refund)
            external
            payable
            returns (uint64 index, uint128 received);
        function fundRewards(uint128 amount) external payable returns (uint64 index);
        function claim(Base calldata base, Withdrawal calldata withdrawal, bytes32[] calldata siblings) external;
        function claimBatch(Base calldata base, Withdrawal[] calldata withdrawals, bytes32[] calldata siblings)
            external
            returns (uint256 paid);
        function payOut(Withdrawal calldata withdrawal) external;
        function payLeaf(uint32 index, address token, address to, uint128 amount) external;
        function payMessage(uint64 message, address token, address to, uint128 amount) external;
        function requireUsable(address token, address account) external view;
        function quote(uint128 native) external view returns (uint256 value);
        function totals(address token) external view returns (uint128 deposited, uint128 paid);
        function escrow(address token) external view returns (uint256);
        function claimed(uint32 index) external view returns (bool);
        function refunded(uint64 message, bool native) external view returns (bool);
        function registry() external view returns (address);
        function inbox() external view returns (address);
        function rootChain() external view returns (address);
    }

    interface IExits {
        struct Leaf {
            uint32 index;
            uint8 kind;
            uint16 account;
            bytes32 next;
            bytes fields;
            bytes value;
        }

        struct Base {
            bytes32 stateRoot;
            uint64 inboxCursor;
            uint64 epochs;
            bool opened;
        }

        event Opened(bytes32 stateRoot, uint64 inboxCursor, uint64 epochs);
        event Exited(uint32 indexed index, address indexed recipient, address indexed token, uint128 amount);
        event ExitFailed(uint32 indexed index, address indexed recipient, address indexed token, uint128 amount);
        event ExitWaits(uint32 indexed index, address indexed token, uint128 amount);
        event Refunded(uint64 indexed message, address indexed recipient, address indexed token, uint128 amount);
        event Assigned(uint64 indexed number, address indexed recipient, address indexed to);
        event Offered(uint64 indexed number, address indexed recipient, uint128 price, uint64 deadline);
        event Bought(uint64 indexed number, address indexed recipient, address indexed seller, address to, uint128 price);
        event Named(uint8 kind, bytes20 indexed id, address indexed payout, uint64 nonce);

        error NotOpened();
        error AlreadyOpened();
        error NotBase(uint64 base, uint64 given);
        error NothingToExit();
        error NoSuchPlace(uint256 place, uint256 leaves);
        error IndexBeyondCount(uint32 index, uint32 count);
        error NotPayable(uint32 index, uint8 kind);
        error LeafWidth(uint32 index, uint8 kind);
        error WrongAccount(uint32 index, uint16 account);
        error NoPayout(uint32 index);
        error NothingHeld(uint32 index);
        error StateRootMismatch(bytes32 expected, bytes32 computed);
        error Consumed(uint64 message, uint64 cursor);
        error NothingToRefund(uint64 message, uint8 kind);
        error PayoutZero();
        error NotOwner(address owner, address caller);
        error NotOffered(uint64 number, address recipient);
        error OfferOver(uint64 deadline);
        error WrongPrice(uint128 price, uint256 given);
        error Void(uint64 epoch, uint64 standing);
        error AlreadyClaimed(uint32 index);
        error PriceNotTaken(address seller, uint128 price);
        error BadNaming(bytes32 key, uint64 nonce);
        error NamingLate(uint64 deadline);
        error GasTooLow(uint256 needed, uint256 left);

        function open(IRootChain.Checkpoint calldata checkpoint, IRootChain.Acceptance calldata acceptance) external;
        function exit(uint32 leafCount, Leaf[] calldata leaves, bytes32[] calldata siblings) external returns (uint256 paid);
        function exitAlone(uint32 leafCount, Leaf[] calldata leaves, uint256 place, bytes32[] calldata siblings) external;
        function refund(bytes calldata message, bool native, bytes32 before, bytes32[] calldata behind) external;
        function name(address payout) external;
        function nameByKey(bytes32 key, address payout, uint64 deadline, bytes32 r, bytes32 s, uint256 xKey, uint256 xR) external;
        function assign(uint64 number, address recipient, address to) external;
        function offer(uint64 number, address recipient, uint128 price, uint64 deadline) external;
        function buy(IVault.Base calldata shown, IVault.Withdrawal calldata withdrawal, bytes32[] calldata siblings, address to)
            external
            payable;
        function payee(uint64 number, address recipient) external view returns (address);
        function offered(uint64 number, address recipient) external view returns (uint128 price, uint64 deadline);
        function named(uint8 kind, bytes20 id) external view returns (address payout, uint64 nonce);
        function namingDigest(bytes20 account, address payout, uint64 nonce, uint64 deadline) external view returns (bytes32);
        function base() external view returns (Base memory);
        function rootChain() external view returns (address);
        function inbox() external view returns (address);
        function vault() external view returns (address);
    }

    interface IFraudCourt {
        struct Inclusion {
            uint32 index;
            bytes32 key;
            bytes32 next;
            bytes32 valueHash;
            bytes32[32] siblings;
            uint32 count;
        }
        struct Accused {
            IRootChain.Checkpoint checkpoint;
            IRootChain.Acceptance acceptance;
        }
        struct Block {
            uint32 number;
            uint32 rules;
            uint64 height;
            uint64 time;
            bytes32 blockHash;
            bytes32 witnessHash;
            bytes32 stateBefore;
            bytes32 stateAfter;
            bytes32 segmentsRoot;
            bytes32[] siblings;
        }
        struct Segments {
            uint32 count;
            uint32 transactions;
            bytes32 listRoot;
        }
        struct Segment {
            uint32 number;
            uint8 kind;
            uint32 first;
            uint32 count;
            uint32 length;
            bytes32 chunksRoot;
            bytes32 stateBefore;
            bytes32 stateAfter;
            bytes32[] siblings;
        }
        struct Signed {
            bytes segment;
            uint32 place;
            uint256 ofKey;
            uint256 ofR;
        }
        struct Executed {
            bytes segment;
            bytes witness;
            uint256[] hints;
        }
        event BadLink(uint64 indexed epoch, uint8 rule, address indexed prover);
        event BadSignature(uint64 indexed epoch, uint8 code, address indexed prover);
        event BadSegment(uint64 indexed epoch, uint16 verdict, address indexed prover);
        error NotTheAccepted(uint64 epoch, bytes32 kept, bytes32 computed);
        error NotThePrevious(bytes32 previous, bytes32 given);
        error NotInEpoch(uint64 epoch, uint32 number);
        error NotTheSegments(bytes32 segmentsRoot, bytes32 given);
        error NotInBlock(uint32 number, uint32 count);
        error NotInState(bytes32 stateRoot);
        error WrongLeaf(bytes32 expected, bytes32 given);
        error WrongValue(uint8 kind);
        error NotNeighbours(uint32 earlier, uint32 later);
        error NotUsers(uint8 kind);
        error NotTheLength(uint32 length, uint256 given);
        error NotTheBytes(bytes32 chunksRoot, bytes32 given);
        error SignatureHolds(uint32 place);
        error SegmentHolds();
        error NotShown(uint8 rule);
        error NoFraud(uint8 rule);
        function proveBlock(Accused calldata accused, uint8 rule, Block calldata shown) external;
        function proveBlocks(Accused calldata accused, uint8 rule, Block calldata earlier, Block calldata later) external;
        function proveAcross(Accused calldata accused, uint8 rule, IRootChain.Checkpoint calldata previous, Block calldata last, Block calldata first) external;
        function proveCounts(Accused calldata accused, Block calldata shown, Segments calldata segments, bytes calldata parameters, Inclusion calldata proof) external;
        function proveSegment(Accused calldata accused, uint8 rule, Block calldata shown, Segments calldata segments, Segment calldata segment) external;
        function proveSegments(Accused calldata accused, uint8 rule, Block calldata shown, Segments calldata segments, Segment calldata earlier, Segment calldata later) external;
        function proveLeaf(Accused calldata accused, uint8 rule, bytes calldata value, Inclusion calldata leaf, bytes calldata parameters, Inclusion calldata proof) external;
        function proveSignature(Accused calldata accused, Block calldata shown, Segments calldata segments, Segment calldata segment, Signed calldata signed) external;
        function proveExecution(Accused calldata accused, Block calldata shown, Segments calldata segments, Segment calldata segment, Executed calldata executed) external;
        function rootChain() external view returns (address);
    }

    interface IDataChallenges {
        struct Parameters {
            uint64 answerSecs;
            uint64 proveSecs;
            uint64 slotSecs;
            uint128 floor;
        }
        struct Target {
            uint64 epoch;
            uint8 kind;
            uint32 place;
            uint32 number;
        }
        struct Challenge {
            address challenger;
            uint64 deadline;
            uint128 price;
        }
        struct Value {
            uint8 kind;
            bytes content;
        }
        event Challenged(uint64 indexed epoch, address indexed challenger, uint8 kind, uint32 place, uint32 number, uint256 price, uint64 deadline);
        event Answered(uint64 indexed epoch, address indexed answerer, uint8 kind, uint32 place, uint32 number, uint256 paid);
        event Shown(uint64 indexed epoch, uint8 kind, uint32 place, uint32 number, bytes call);
        event Withheld(uint64 indexed epoch, uint8 kind, uint32 place, uint32 number);
        event PaidBack(uint64 indexed epoch, address indexed challenger, uint8 kind, uint32 place, uint32 number, uint256 amount);
        error ParameterOutOfRange(string name, uint256 value);
        error OtherEpoch(uint64 epoch, uint64 given);
        error NotVoidable(uint64 epoch, uint64 from, uint64 until);
        error ChallengesOver(uint64 until, uint256 time);
        error NoSuchTarget(uint8 kind, uint32 place);
        error AlreadyChallenged(address challenger);
        error NotChallenged();
        error Closed(address challenger);
        error PriceNotPaid(uint256 price, uint256 value);
        error MoneyNotTaken(address to, uint256 amount);
        error Exists(uint32 number, uint32 count);
        error DeadlineOpen(uint64 deadline, uint256 time);
        error StillVoidable(uint64 epoch);
        function challenge(IFraudCourt.Accused calldata accused, Target calldata target) external payable;
        function answerSegment(IFraudCourt.Accused calldata accused, IFraudCourt.Block calldata shown, IFraudCourt.Segments calldata segments, IFraudCourt.Segment calldata segment, bytes calldata content) external;
        function answerNoSegment(IFraudCourt.Accused calldata accused, IFraudCourt.Block calldata shown, IFraudCourt.Segments calldata segments, uint32 number) external;
        function answerLeaf(IFraudCourt.Accused calldata accused, Value calldata value, IFraudCourt.Inclusion calldata leaf) external;
        function answerNoLeaf(IFraudCourt.Accused calldata accused, uint32 index, bytes32 treeRoot, uint32 count) external;
        function expire(Target calldata target) external;
        function refund(Target calldata target) external;
        function price(uint8 kind) external view returns (uint256 price_, uint64 deadline);
        function firstHeld(uint64 from, uint64 to) external view returns (uint64 epoch);
        function challenged(Target calldata target) external view returns (Challenge memory);
        function parameters() external view returns (Parameters memory);
        function challengeSecs() external view returns (uint64);
        function rootChain() external view returns (address);
    }

    interface ISegmentJudge {
        struct Claim {
            uint8 kind;
            uint32 count;
            uint64 height;
            uint64 time;
            bytes32 stateBefore;
            bytes32 stateAfter;
            bytes32 domain;
            address verifier;
        }
        error HeightZero();
        error NoSuchKind(uint8 kind);
        error CountZero();
        error NotJudged(uint8 kind);
        error BadWitness();
        error NotTheStateBefore(bytes32 expected, bytes32 given);
        error Undecided(bytes32 key);
        error OnlyTheHash(bytes32 key);
        error OtherKind(bytes32 key, uint8 kind);
        error OtherAppends(uint256 appends, uint256 made);
        error OtherHints(uint256 needed, uint256 given);
        error UnsoundState(uint8 kind);
        function judge(Claim calldata claim, bytes calldata segment, bytes calldata witness, uint256[] calldata hints) external view returns (uint16 verdict);
    }

    interface IRegistry {
        struct Arguments {
            address[] operators;
            address verifier;
            bytes32[] codes;
            uint128 bond;
            uint64 lockSecs;
        }

        struct Genesis {
            bytes32 stateRoot;
            uint256 sigma;
            IRootChain.Parameters rootChain;
            IInbox.Parameters inbox;
            ICourt.Parameters court;
            IDataChallenges.Parameters challenges;
        }

        struct Founding {
            address[] contracts;
            Genesis genesis;
        }

        struct Possession {
            bytes checkpointProof;
            bytes32 r;
            bytes32 s;
            uint256 xKey;
            uint256 xR;
        }

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
        event BondRaised(
            address indexed operator, uint64 indexed registration, address indexed from, uint256 amount, uint256 bond
        );
        event BondDebited(
            address indexed operator, uint64 indexed registration, address indexed to, uint256 paid, uint256 burned
        );
        event Refunded(address indexed operator, uint256 amount);
        event Agreed(address indexed operator, bytes32 indexed agreement, uint64 lockedUntil);
        event Made(uint256 indexed step, address indexed made, bytes32 agreement);
        event Created(address indexed rootChain, address inbox, address vault, bytes32 agreement, uint256 sigma);

        error OperatorCount(uint256 count);
        error OperatorZero(uint256 index);
        error OperatorTwice(address operator);
        error NoVerifier(address verifier);
        error CodeCount(uint256 count);
        error CodeHashZero(uint256 step);
        error CodeTwice(uint256 first, uint256 second);
        error ParameterOutOfRange(string name, uint256 value);
        error NotListed(address sender);
        error AlreadyRegistered(address operator);
        error NotRegistered(address operator);
        error RegistrationClosed();
        error NotCreated();
        error AlreadyCreated();
        error OtherChainId(uint256 expected, uint256 seen);
        error StakeMissing(uint256 bond, uint256 value);
        error BondOutOfRange(uint256 min, uint256 max, uint256 bond);
        error ValueTooLow(uint256 needed, uint256 value);
        error ExcessNotTaken(address sender, uint256 excess);
        error UnknownRegistration(address operator, uint64 registration);
        error NotCourt(address sender);
        error RewardNotTaken(address to, uint256 amount);
        error NothingSent();
        error Closing(uint64 exitAt);
        error WeakConsensusKey(bytes32 key);
        error KeyTaken(string key, address operator);
        error KeysUnchanged(address operator, uint64 registration);
        error BadPossession(string key);
        error Locked(uint64 until, uint256 time);
        error AgreementZero();
        error RefundNotTaken(address operator, uint256 amount);
        error NotAgreed(address operator, bytes32 wanted, bytes32 agreed);
        error AgreementLapsed(address operator, uint64 until, uint256 time);
        error BegunWithAnother(bytes32 begun, bytes32 given);
        error NotNextStep(uint256 next, uint256 given);
        error CodeMismatch(uint256 step, bytes32 expected, bytes32 given);
        error SigmaTooHigh(uint256 sigma);
        error SigmaTooLow(uint256 stakes, uint256 sigma);
        error BalancesMismatch(uint256 expected, uint256 value);
        error CreationFailed(uint256 step);
        function register(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession) external payable;
        function registerKeys(bytes32 consensusKey, bytes calldata checkpointKey, Possession calldata possession, uint128 bond)
            external
            payable
            returns (uint64 registration, uint64 index);
        function topUp(address operator, uint64 registration) external payable;
        function debit(address operator, uint64 registration, uint256 gas, uint256 reward, address to) external returns (uint256 paid, uint256 burned);
        function refund() external;
        function agree(bytes32 agreement) external;
        function create(uint256 step, Genesis calldata genesis, bytes calldata code) external payable;
        function creation() external view returns (uint256 made, uint256 steps, bytes32 agreement, uint64 until);
        function created() external view returns (bool);
        function agreementOf(Genesis calldata genesis) external view returns (bytes32);
        function registrationsHash() external view returns (bytes32);
        function contracts() external view returns (address[] memory);
        function possessionOf(address operator, bytes32 consensusKey, bytes calldata checkpointKey) external view returns (bytes32);
        function possessionVote(bytes32 p) external pure returns (bytes memory);
        function operatorCount() external view returns (uint256);
        function memberAt(uint256 index) external view returns (Member memory);
        function registrationOf(address operator, uint64 number) external view returns (Member memory);
        function hasKeys(address operator, uint64 number, bytes32 consensusKey, bytes calldata checkpointKey) external view returns (bool);
        function newestOf(address operator) external view returns (uint64);
        function lastNumber() external view returns (uint64);
        function agreementBy(address operator) external view returns (bytes32 agreement, uint64 lockedUntil);
        function totalStake() external view returns (uint256);
        function inbox() external view returns (address);
        function vault() external view returns (address);
        function court() external view returns (address);
        function rootChain() external view returns (address);
        function verifier() external view returns (address);
        function codeHashes() external view returns (bytes32[] memory);
        function bond() external view returns (uint128);
        function lockSecs() external view returns (uint64);
    }

    /// Errors that come from libraries of the contracts.
    interface ILibraries {
        error UnsupportedRootChain(uint256 chainId);
        error WrongLength(uint256 expected, uint256 given);
        error IdentityPoint();
        error PrecompileFailed(uint256 precompile);
        error NoLeaves();
        error LengthMismatch(uint256 indices, uint256 leaves);
        error NotAscending(uint256 previous, uint256 index);
        error WrongSiblings(uint256 needed, uint256 given);
        error IndexBeyondCount(uint256 index, uint256 count);
        error TooManyMembers(uint256 count);
        error AbsentOutOfOrder(uint256 place, uint16 number);
        error SignersMismatch(uint256 expected, uint256 given);
        error MembersRootMismatch(bytes32 expected, bytes32 computed);
        error TokenCallFailed(address token);
        error BadHint(uint256 hint);
        error NotATransaction();
    }

    /// What the bridge needs of a token, and the mint of the test token.
    interface IToken {
        event Transfer(address indexed from, address indexed to, uint256 value);

        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 value) external returns (bool);
        function balanceOf(address owner) external view returns (uint256);
        function decimals() external view returns (uint8);
        function mint(address to, uint256 value) external;
        function symbol() external view returns (string memory);
        function transfer(address to, uint256 value) external returns (bool);
    }
}
