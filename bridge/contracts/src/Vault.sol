// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "./interfaces/IExits.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRootChain} from "./interfaces/IRootChain.sol";
import {IVault} from "./interfaces/IVault.sol";
import {LocalOnly} from "./libraries/LocalOnly.sol";
import {Manifest} from "./libraries/Manifest.sol";
import {Messages} from "./libraries/Messages.sol";
import {PayoutGas} from "./libraries/PayoutGas.sol";
import {StateTree} from "./libraries/StateTree.sol";
import {TokenCalls} from "./libraries/TokenCalls.sol";
import {Withdrawals} from "./libraries/Withdrawals.sol";

/// @title The vault
contract Vault is IVault {
    /// @dev One slot per token. Held = deposited − paid.
    struct Totals {
        uint128 deposited;
        uint128 paid;
    }

    address private constant NATIVE = address(0);
    uint256 private constant AMOUNT_LIMIT = 1 << 96;
    uint256 private constant ESCROW_LIMIT = 1 << 112;
    uint8 private constant LAST_ACCOUNT_KIND = 1;

    address public immutable registry;
    IInbox public immutable inbox;
    IRootChain public immutable rootChain;
    address private immutable COURT;
    address private immutable JUDGE;
    address private immutable SEGMENT_JUDGE;
    address private immutable EXITS;
    address private immutable FRAUD_COURT;
    address private immutable DATA_CHALLENGES;
    address private immutable VERIFIER;

    mapping(address => Totals) public totals;
    /// @dev A bit for each leaf index.
    mapping(uint256 => uint256) private _claimed;
    /// @dev Two bits for each message: what it brought of a token, and of the native coin.
    mapping(uint256 => uint256) private _refunded;
    bool private transient _entered;

    modifier notReentered() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    constructor(IRegistry.Founding memory founding) {
        LocalOnly.check();
        registry = msg.sender;
        inbox = IInbox(founding.contracts[Manifest.INBOX]);
        COURT = founding.contracts[Manifest.COURT];
        JUDGE = Manifest.firstOf(founding.contracts[Manifest.COURT]);
        SEGMENT_JUDGE = Manifest.firstOf(founding.contracts[Manifest.FRAUD_COURT]);
        EXITS = founding.contracts[Manifest.EXITS];
        FRAUD_COURT = founding.contracts[Manifest.FRAUD_COURT];
        DATA_CHALLENGES = founding.contracts[Manifest.DATA_CHALLENGES];
        rootChain = IRootChain(Manifest.rootChain(founding.contracts));
        VERIFIER = address(IRegistry(msg.sender).verifier());
    }

    /// @inheritdoc IVault
    function fund() external payable {
        if (msg.sender != registry) revert OnlyRegistry(msg.sender);
        _credit(NATIVE, msg.value);
    }

    /// @inheritdoc IVault
    function depositNative(uint128 amount, Account calldata recipient, address refund)
        external
        payable
        notReentered
        returns (uint64 index)
    {
        _checkTarget(NATIVE, recipient, refund);
        _checkAmount(amount);
        _credit(NATIVE, amount);
        bytes memory origin = abi.encodePacked(refund, msg.sender, uint8(18), uint8(3), bytes32("ETH"));
        index = _send(NATIVE, amount, 0, recipient, origin);
    }

    /// @inheritdoc IVault
    function depositToken(address token, uint128 amount, uint128 native, Account calldata recipient, address refund)
        external
        payable
        notReentered
        returns (uint64 index, uint128 received)
    {
        _checkTarget(token, recipient, refund);
        if (token.code.length == 0) revert NoToken(token);
        if (!TokenCalls.answersAllowance(token, msg.sender, address(this))) revert NoAllowance(token);
        _checkAmount(amount);
        received = _pull(token, amount);
        _credit(token, received);
        if (native != 0) {
            _checkAmount(native);
            _credit(NATIVE, native);
        }
        index = _send(token, received, native, recipient, _origin(token, refund));
    }

    /// @inheritdoc IVault
    function fundRewards(uint128 amount) external payable notReentered returns (uint64 index) {
        _checkAmount(amount);
        _credit(NATIVE, amount);
        uint256 excess;
        (index, excess) = _message(Messages.FUNDING, Messages.funding(amount, msg.sender), amount);
        emit RewardsFunded(index, msg.sender, amount);
        _giveBack(excess);
    }

    /// @inheritdoc IVault
    function claim(Base calldata base, Withdrawal calldata withdrawal, bytes32[] calldata siblings)
        external
        notReentered
    {
        rootChain.finalize(base.checkpoint, base.acceptance);
        Withdrawals.requireOne(base, withdrawal, siblings);
        // With less gas, a recipient whose own inner call runs out of gas could accept the money and leave its further work undone.
        PayoutGas.requireLeft();
        this.payOut(withdrawal);
    }

    /// @inheritdoc IVault
    function claimBatch(Base calldata base, Withdrawal[] calldata withdrawals, bytes32[] calldata siblings)
        external
        notReentered
        returns (uint256 paid)
    {
        if (withdrawals.length == 0) revert NothingToClaim();
        rootChain.finalize(base.checkpoint, base.acceptance);
        uint32[] memory indices = new uint32[](withdrawals.length);
        bytes32[] memory leaves = new bytes32[](withdrawals.length);
        for (uint256 i; i < withdrawals.length; ++i) {
            (indices[i], leaves[i]) = Withdrawals.leaf(withdrawals[i], base.leafCount);
        }
        Withdrawals.requireRoot(base, StateTree.multiproofRoot(indices, leaves, siblings));
        for (uint256 i; i < withdrawals.length; ++i) {
            Withdrawal calldata withdrawal = withdrawals[i];
            if (claimed(withdrawal.index)) continue;
            // With less gas, a carrier could make a sound payout fail by bringing too little, and so could an estimate of the gas.
            PayoutGas.requireLeft();
            (bool done,) = address(this).call{gas: PayoutGas.EACH}(abi.encodeCall(this.payOut, (withdrawal)));
            if (done) {
                ++paid;
            } else {
                emit PayoutFailed(
                    withdrawal.index, withdrawal.recipient, withdrawal.token, withdrawal.amount, withdrawal.number
                );
            }
        }
    }

    /// @inheritdoc IVault
    /// @dev A call of its own, so that a failure takes back the bit, the counter and whatever the token did.
    function payOut(Withdrawal calldata withdrawal) external {
        if (msg.sender != address(this)) revert OnlyItself(msg.sender);
        _take(withdrawal.index);
        address to = IExits(EXITS).payee(withdrawal.number, withdrawal.recipient);
        _pay(withdrawal.token, to, withdrawal.amount);
        emit Claimed(withdrawal.index, to, withdrawal.token, withdrawal.amount, withdrawal.number);
    }

    /// @inheritdoc IVault
    function payLeaf(uint32 index, address token, address to, uint128 amount) external notReentered {
        if (msg.sender != EXITS) revert OnlyExits(msg.sender);
        _take(index);
        _pay(token, to, amount);
    }

    /// @inheritdoc IVault
    function payMessage(uint64 message, address token, address to, uint128 amount) external notReentered {
        if (msg.sender != EXITS) revert OnlyExits(msg.sender);
        if (refunded(message, token == NATIVE)) revert AlreadyRefunded(message);
        _refunded[message >> 7] |= _refundBit(message, token == NATIVE);
        _pay(token, to, amount);
    }

    /// @inheritdoc IVault
    function quote(uint128 native) external view returns (uint256) {
        return uint256(native) + inbox.price();
    }

    /// @inheritdoc IVault
    function escrow(address token) public view returns (uint256) {
        Totals memory sums = totals[token];
        return sums.deposited - sums.paid;
    }

    /// @inheritdoc IVault
    function claimed(uint32 index) public view returns (bool) {
        return _claimed[index >> 8] >> (index & 255) & 1 == 1;
    }

    /// @inheritdoc IVault
    function requireUsable(address token, address account) external view {
        _checkUsable(token, account);
    }

    /// @inheritdoc IVault
    function refunded(uint64 message, bool native) public view returns (bool) {
        return _refunded[message >> 7] & _refundBit(message, native) != 0;
    }

    function _refundBit(uint64 message, bool native) private pure returns (uint256) {
        return 1 << ((message & 127) << 1 | (native ? 1 : 0));
    }

    function _take(uint32 index) private {
        if (claimed(index)) revert AlreadyClaimed(index);
        _claimed[index >> 8] |= 1 << (index & 255);
    }

    /// @dev The caller has burned whatever allows it, and a failure takes that back.
    function _pay(address token, address to, uint128 amount) private {
        // Nobody could ever use what a token pays to itself. The child refuses such a recipient, and a withdrawal may be given to one.
        if (to == token) revert AccountUnusable(to);
        uint256 held = escrow(token);
        if (amount > held) revert EscrowExceeded(token, held, amount);
        totals[token].paid += amount;

        if (token == NATIVE) {
            bool taken;
            assembly ("memory-safe") {
                taken := call(gas(), to, amount, 0x00, 0x00, 0x00, 0x00) // its answer is not copied
            }
            if (!taken) revert NotTaken(to, amount);
        } else {
            uint256 before = TokenCalls.balanceOf(token, address(this));
            TokenCalls.transfer(token, to, amount);
            uint256 behind = TokenCalls.balanceOf(token, address(this));
            // Less than the amount may leave, because some tokens round shares. Nothing must not, and more must not: that belongs to others.
            if (behind >= before || before - behind > amount) {
                revert PaidOtherThan(token, amount, behind < before ? before - behind : 0);
            }
        }
    }

    function _checkTarget(address token, Account calldata recipient, address refund) private view {
        if (recipient.kind > LAST_ACCOUNT_KIND) revert RecipientKind(recipient.kind);
        if (recipient.id == 0) revert RecipientZero();
        if (refund == address(0)) revert RefundZero();
        if (recipient.kind == 0) _checkUsable(token, address(recipient.id));
        _checkUsable(token, refund);
    }

    /// @dev Twin: `plasmid::ledger::recipient`. On the child nobody acts for these, and a withdrawal to one of them pays nobody.
    function _checkUsable(address token, address account) private view {
        if (
            account == token || account == address(this) || account == registry || account == address(inbox)
                || account == address(rootChain) || account == COURT || account == JUDGE || account == EXITS
                || account == FRAUD_COURT || account == SEGMENT_JUDGE || account == DATA_CHALLENGES
                || account == VERIFIER
        ) revert AccountUnusable(account);
    }

    function _checkAmount(uint256 amount) private pure {
        if (amount == 0 || amount > AMOUNT_LIMIT) revert AmountOutOfRange(amount);
    }

    function _credit(address token, uint256 amount) private {
        Totals storage sums = totals[token];
        uint256 held = sums.deposited - sums.paid + amount;
        if (held > ESCROW_LIMIT) revert EscrowLimit(token, held);
        sums.deposited += uint128(amount); // held has at most 113 bits, so amount fits; the sum is checked
    }

    /// @dev Takes the token from the caller and counts what arrived.
    function _pull(address token, uint128 amount) private returns (uint128) {
        uint256 before = TokenCalls.balanceOf(token, address(this));
        TokenCalls.transferFrom(token, msg.sender, address(this), amount);
        uint256 behind = TokenCalls.balanceOf(token, address(this));
        if (behind <= before) revert NothingArrived(token, amount);
        uint256 received = behind - before;
        _checkAmount(received);
        return uint128(received);
    }

    /// @dev The fixed end of a deposit's body. A caller that brings too little gas for an answer to the display calls has, of
    /// each call's gas, only a 63rd left behind it, and cannot send the message: so nobody can blank a token's name.
    function _origin(address token, address refund) private view returns (bytes memory) {
        uint8 decimals = TokenCalls.decimals(token);
        (uint8 length, bytes32 symbol) = TokenCalls.symbol(token);
        return abi.encodePacked(refund, msg.sender, decimals, length, symbol);
    }

    /// @dev Sends a deposit's message, and gives back what is left of the value.
    function _send(address token, uint128 amount, uint128 native, Account calldata recipient, bytes memory origin)
        private
        returns (uint64 index)
    {
        uint256 excess;
        bytes memory body = abi.encodePacked(token, amount, native, recipient.kind, recipient.id, origin);
        (index, excess) = _message(Messages.DEPOSIT, body, token == NATIVE ? amount : native);
        emit Deposited(index, token, msg.sender, amount, native, recipient.kind, recipient.id);
        _giveBack(excess);
    }

    /// @dev Sends a message and pays its price. What of the value is over that and the native coin that stays here is left.
    function _message(uint8 kind, bytes memory body, uint256 native) private returns (uint64 index, uint256 excess) {
        uint256 price = inbox.price();
        uint256 needed = price + native;
        if (msg.value < needed) revert ValueTooLow(needed, msg.value);
        index = inbox.send{value: price}(kind, body);
        excess = msg.value - needed;
    }

    function _giveBack(uint256 excess) private {
        if (excess == 0) return;
        (bool taken,) = msg.sender.call{value: excess}("");
        if (!taken) revert ExcessNotTaken(msg.sender, excess);
    }
}
