// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Claims} from "./Claims.sol";
import {InvariantTest} from "./Vm.sol";
import {FeeToken} from "./tokens/OddTokens.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title A deployment that anyone may do anything to, in any order
/// @dev The child is honest here: it credits what the inbox tells, withdraws at most that, and certifies its state. So its sums are
/// kept beside the contracts', and must agree.
contract World is Claims {
    TestToken public token;
    FeeToken public fee;
    mapping(address => uint256) public credited;
    mapping(address => uint256) public withdrawn;
    mapping(address => uint256) public received;
    uint256 public claims;
    uint256 public submissions;
    uint256 public messages;
    IVault.Base private _base;
    uint256 private _covered; // withdrawals in the base's state
    uint256 private _griefers; // messages in front of the next submission
    Operator[] private _pool; // who may register with which keys
    Operator[] private _registered; // in the order of their numbers
    uint128[] private _bonds;
    mapping(uint256 => bool) private _used; // by place in the pool
    mapping(uint256 => uint64) private _told; // by number: the index of its message

    address[3] private _people = [address(0x1001), address(0x1002), address(0x1003)];

    function setUp() public override {
        super.setUp();
        token = new TestToken("Test", "TST", 18);
        fee = new FeeToken();
        for (uint256 i; i < operators.length; ++i) {
            _registered.push(operators[i]);
            _bonds.push(BOND);
            _pool.push(operators[i]);
            _used[i] = true;
        }
        for (uint256 i = 4; i < 16; ++i) {
            _pool.push(_operator(i));
            // Some are new keys of who is registered already.
            if (i % 3 == 0) _pool[i].owner = _pool[i % 4].owner;
        }
        credited[address(0)] = _sigma();
        vm.deal(address(this), type(uint128).max);
    }

    function depositNative(uint96 amount, uint256 who) external {
        amount = uint96(bound(amount, 1, 1000 ether));
        vault.depositNative{value: vault.quote(amount) + who % 5}(amount, _account(who), _person(who));
        credited[address(0)] += amount;
        ++messages;
    }

    function depositToken(uint96 amount, uint64 native, uint256 who) external {
        TestToken asset = who % 2 == 0 ? token : TestToken(address(fee));
        amount = uint96(bound(amount, 1, 1e24));
        asset.mint(address(this), amount);
        asset.approve(address(vault), amount);
        (, uint128 arrived) =
            vault.depositToken{value: vault.quote(native)}(address(asset), amount, native, _account(who), _person(who));
        credited[address(asset)] += arrived;
        credited[address(0)] += native;
        ++messages;
    }

    /// @notice The child credits it to the reward pool, from which people earn what they withdraw.
    function fundRewards(uint96 amount, uint256 over) external {
        amount = uint96(bound(amount, 1, 1000 ether));
        vault.fundRewards{value: vault.quote(amount) + over % 5}(amount);
        credited[address(0)] += amount;
        ++messages;
    }

    function force(bytes calldata transaction) external {
        if (transaction.length == 0 || transaction.length > 512) return;
        inbox.force{value: inbox.price()}(transaction);
        ++messages;
    }

    /// @notice Keys that were registered once are refused, whoever holds them; all others are taken.
    function registerKeys(uint256 which, uint96 more, uint256 over) external {
        which = bound(which, 0, _pool.length - 1);
        Operator memory operator = _pool[which];
        uint128 bond = BOND + uint128(bound(more, 0, 10 ether));
        uint256 value = bond + inbox.price() + over % 3;
        vm.deal(operator.owner, value);
        IRegistry.Possession memory possession = _possession(operator);
        vm.prank(operator.owner);
        try registry.registerKeys{value: value}(operator.consensusKey, operator.checkpointKey, possession, bond) returns (
            uint64 number, uint64 index
        ) {
            require(!_used[which], "a key came back");
            require(number == _registered.length + 1, "another number than the next");
            _used[which] = true;
            _registered.push(operator);
            _bonds.push(bond);
            _told[number] = index;
            ++messages;
        } catch {
            require(_used[which], "a sound registration was refused");
        }
    }

    function topUp(uint256 which, uint96 amount) external {
        which = bound(which, 0, _registered.length - 1);
        amount = uint96(bound(amount, 1, 10 ether));
        registry.topUp{value: amount}(_registered[which].owner, uint64(which + 1));
        _bonds[which] += amount;
    }

    /// @notice Coin and tokens given to the Vault without a deposit are nobody's.
    function give(uint64 amount) external {
        token.mint(address(vault), amount);
        vm.deal(address(vault), address(vault).balance + amount);
    }

    function withdraw(uint96 amount, uint256 who) external {
        address asset = who % 3 == 0 ? address(0) : who % 3 == 1 ? address(token) : address(fee);
        uint256 free = credited[asset] - withdrawn[asset];
        if (free == 0 || withdrawals.length >= 40) return;
        amount = uint96(bound(amount, 1, free < 1e21 ? free : 1e21));
        _withdraw(_person(who), asset, amount);
        withdrawn[asset] += amount;
    }

    function checkpoint(uint16 secs) external {
        _pass(1 + uint256(secs));
        _griefers = secs % 4;
        IVault.Base memory base = _accepted();
        ++submissions;
        ++messages;
        _pass(CHALLENGE);
        _base = base;
        _covered = withdrawals.length;
        if (submissions % (SLOTS / 2) == 0) _pass(UNBONDING);
    }

    function _inFront() internal override {
        for (uint256 i; i < _griefers; ++i) {
            inbox.force{value: inbox.price()}("in front");
            ++messages;
        }
    }

    function claim(uint256 which) external {
        if (_covered == 0) return;
        which = bound(which, 0, _covered - 1);
        bool claimed = vault.claimed(withdrawals[which].index);
        bytes32[] memory path = _coveredPath(which);
        try vault.claim(_base, withdrawals[which], path) {
            require(!claimed, "claimed twice");
            _paid(which);
        } catch {
            require(claimed, "a sound claim was refused");
        }
    }

    function claimBatch(uint256 first, uint256 number) external {
        if (_covered == 0) return;
        first = bound(first, 0, _covered - 1);
        number = bound(number, 1, _covered - first);
        for (uint256 i = first; i < first + number; ++i) {
            if (!vault.claimed(withdrawals[i].index)) _paid(i);
        }
        (IVault.Withdrawal[] memory batch, bytes32[] memory siblings) = _coveredBatch(first, number);
        vault.claimBatch(_base, batch, siblings);
    }

    /// @dev What is claimed may stand in an older state than the present: leaves since then are taken away.
    function _coveredPath(uint256 which) private returns (bytes32[] memory path) {
        IVault.Withdrawal[] memory rest = _cut();
        path = _path(which);
        _restore(rest);
    }

    function _coveredBatch(uint256 first, uint256 number)
        private
        returns (IVault.Withdrawal[] memory batch, bytes32[] memory siblings)
    {
        IVault.Withdrawal[] memory rest = _cut();
        (batch, siblings) = _batch(first, number);
        _restore(rest);
    }

    function _cut() private returns (IVault.Withdrawal[] memory rest) {
        rest = new IVault.Withdrawal[](withdrawals.length - _covered);
        for (uint256 i; i < rest.length; ++i) {
            rest[i] = withdrawals[_covered + i];
        }
        for (uint256 i; i < rest.length; ++i) {
            withdrawals.pop();
        }
    }

    function _restore(IVault.Withdrawal[] memory rest) private {
        for (uint256 i; i < rest.length; ++i) {
            withdrawals.push(rest[i]);
        }
    }

    function _paid(uint256 which) private {
        received[withdrawals[which].token] += withdrawals[which].amount;
        ++claims;
    }

    function _person(uint256 who) private view returns (address) {
        return _people[who % 3];
    }

    function _account(uint256 who) private view returns (IVault.Account memory) {
        return IVault.Account(uint8(who % 2), bytes20(_person(who)));
    }

    // What the invariants read.

    function assets() external view returns (address[3] memory) {
        return [address(0), address(token), address(fee)];
    }

    function escrow(address asset) external view returns (uint256) {
        return vault.escrow(asset);
    }

    function totals(address asset) external view returns (uint256 deposited, uint256 paid) {
        return vault.totals(asset);
    }

    function held(address asset) external view returns (uint256) {
        return asset == address(0) ? address(vault).balance : TestToken(asset).balanceOf(address(vault));
    }

    function inboxAgrees() external returns (bool) {
        _sync(); // reverts at any event that does not continue the chain
        uint64 count = inbox.count();
        (bytes32 hash, bool kept) = inbox.link(count);
        return count == model.count() && count == messages && kept && hash == model.link(count);
    }

    function dueTimesAscendAndAreKept() external returns (bool) {
        _sync();
        uint64 count = model.count();
        uint64 last;
        for (uint64 i = 1; i <= count; ++i) {
            uint64 expected = model.dueMs(i);
            if (last > expected) return false;
            last = expected;
            // The newest words of the ring; older ones do not change.
            if (i + 8 < count) continue;
            (uint64 dueMs, bool kept) = inbox.due(i);
            if (!kept || dueMs != expected) return false;
        }
        return true;
    }

    function accepted() external view returns (uint256) {
        return rootChain.head().accepted;
    }

    /// @notice What the Registry holds, and the bonds of its entries.
    function bonds() external view returns (uint256 held_, uint256 owed) {
        for (uint64 number = 1; number <= registry.lastNumber(); ++number) {
            owed += registry.registrationOf(_registered[number - 1].owner, number).bond;
        }
        return (address(registry).balance, owed);
    }

    /// @notice Whether the Registry's entries are those that were made, with keys that no other one has.
    function entriesAreThoseThatWereMade() external view returns (bool) {
        uint64 last = registry.lastNumber();
        if (last != _registered.length) return false;
        for (uint64 number = 1; number <= last; ++number) {
            Operator memory operator = _registered[number - 1];
            IRegistry.Member memory member = registry.registrationOf(operator.owner, number);
            if (member.registration != number || member.operator != operator.owner) return false;
            if (member.bond != _bonds[number - 1] || !_hasKeys(member, operator)) return false;
            if (registry.newestOf(operator.owner) < number) return false;
            for (uint256 i; i + 1 < number; ++i) {
                if (_sharesAKey(member, _registered[i])) return false;
            }
        }
        return true;
    }

    /// @notice Whether every later registration has one message, which holds what was registered.
    function messagesTellTheRegistrations() external returns (bool) {
        _sync();
        for (uint64 number = uint64(operators.length) + 1; number <= _registered.length; ++number) {
            Operator memory operator = _registered[number - 1];
            (uint8 kind, IRegistry.Member memory told) = this.read(model.message(_told[number]));
            if (kind != 1 || told.registration != number || told.operator != operator.owner) return false;
            if (!_hasKeys(told, operator) || told.bond < BOND || told.bond > _bonds[number - 1]) return false;
        }
        return true;
    }

    /// @notice A registration's message, read as a node does.
    function read(bytes calldata message) external pure returns (uint8 kind, IRegistry.Member memory told) {
        require(message.length == 33 + 172, "another length");
        kind = uint8(message[32]);
        bytes calldata body = message[33:];
        told.operator = address(bytes20(body[:20]));
        told.registration = uint64(bytes8(body[20:28]));
        told.consensusKey = bytes32(body[28:60]);
        told.checkpointKey = body[60:156];
        told.bond = uint128(bytes16(body[156:]));
    }

    function _hasKeys(IRegistry.Member memory member, Operator memory operator) private pure returns (bool) {
        return member.consensusKey == operator.consensusKey
            && keccak256(member.checkpointKey) == keccak256(operator.checkpointKey);
    }

    function _sharesAKey(IRegistry.Member memory member, Operator memory operator) private pure returns (bool) {
        return member.consensusKey == operator.consensusKey
            || keccak256(member.checkpointKey) == keccak256(operator.checkpointKey);
    }
}

/// forge-config: default.invariant.fail-on-revert = true
contract InvariantsTest is InvariantTest {
    World private world;

    function setUp() external {
        world = new World();
        world.setUp();
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = World.depositNative.selector;
        selectors[1] = World.depositToken.selector;
        selectors[2] = World.force.selector;
        selectors[3] = World.give.selector;
        selectors[4] = World.withdraw.selector;
        selectors[5] = World.checkpoint.selector;
        selectors[6] = World.claim.selector;
        selectors[7] = World.claimBatch.selector;
        selectors[8] = World.registerKeys.selector;
        selectors[9] = World.topUp.selector;
        selectors[10] = World.fundRewards.selector;
        targetContract(address(world));
        targetSelectors(address(world), selectors);
    }

    /// One invariant, so that forge plays each game once.
    function invariant_moneyInboxAndEpochsAgree() external {
        _rootAndChildAgreeOnTheMoney();
        _theVaultCoversItsEscrow();
        _theInboxIsTheChainOfItsEvents();
        _everySubmissionIsOneEpoch();
        _theRegistryHoldsTheBondsOfItsEntries();
    }

    /// @dev Escrow = deposited − paid, deposited is what the child was told, and paid what recipients received: for each token.
    function _rootAndChildAgreeOnTheMoney() private view {
        address[3] memory assets = world.assets();
        for (uint256 i; i < 3; ++i) {
            (uint256 deposited, uint256 paid) = world.totals(assets[i]);
            vm.assertEq(deposited, world.credited(assets[i]));
            vm.assertEq(paid, world.received(assets[i]));
            vm.assertLe(paid, world.withdrawn(assets[i]));
            vm.assertEq(world.escrow(assets[i]), deposited - paid);
        }
    }

    /// @dev The Vault always holds at least its escrow: every balance on the child is there to be claimed.
    function _theVaultCoversItsEscrow() private view {
        address[3] memory assets = world.assets();
        for (uint256 i; i < 3; ++i) {
            vm.assertGe(world.held(assets[i]), world.escrow(assets[i]));
        }
    }

    /// @dev The chain that a node recomputes from events is the inbox's.
    function _theInboxIsTheChainOfItsEvents() private {
        vm.assertTrue(world.inboxAgrees());
        vm.assertTrue(world.dueTimesAscendAndAreKept());
    }

    function _everySubmissionIsOneEpoch() private view {
        vm.assertEq(world.accepted(), world.submissions());
    }

    /// @dev Numbers ascend by one, no key has two entries, each message tells its entry, and what was paid for bonds is there.
    function _theRegistryHoldsTheBondsOfItsEntries() private {
        vm.assertTrue(world.entriesAreThoseThatWereMade());
        vm.assertTrue(world.messagesTellTheRegistrations());
        (uint256 held, uint256 owed) = world.bonds();
        vm.assertEq(held, owed);
    }
}
