// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Leaving} from "./Leaving.sol";
import {TreeModel} from "./TreeModel.sol";
import {InvariantTest} from "./Vm.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title A deployment that lives and ends, in any order of what anybody may do
/// @dev The child is honest, but skips messages as it likes: it credits what it consumes, and people withdraw what they have, and give and
/// sell what they withdrew. What is nobody's leaf, the genesis stakes and balances, is the rest of the escrow.
contract ExitWorld is Leaving {
    /// @notice A deposit by the index of its message.
    struct Sent {
        uint64 index;
        address token;
        uint128 amount;
        uint128 native;
        uint256 who;
    }

    TestToken public token;
    uint64 public finalized;
    uint64 public exitAt;
    bool public wentBack;
    mapping(bytes32 => uint256) public reached;
    Sent[] private _sent;
    uint256 private _credited; // deposits that the child has consumed
    uint64 private _cursor;
    IExits.Leaf[] private _kept; // of the last accepted checkpoint
    address[3] private _people = [address(0x1001), address(0x1002), address(0x1003)];
    address[6] private _owners =
        [address(0x1001), address(0x1002), address(0x1003), address(0x2001), address(0x2002), address(0x2003)];
    mapping(uint64 => address) private _given; // whose a withdrawal is, where that is not its recipient
    mapping(uint64 => uint128) private _price;

    function setUp() public override {
        super.setUp();
        token = new TestToken("Test", "TST", 18);
        for (uint256 i; i < 3; ++i) {
            _holder(0, bytes20(_people[i]), 0, address(0));
        }
        for (uint256 i; i < 3; ++i) {
            _holding(0, bytes20(_people[i]), address(token), 0);
        }
    }

    function deposit(uint96 amount, uint96 native, uint256 who) external {
        if (rootChain.head().exitAt != 0) return;
        amount = uint96(bound(amount, 1, 100 ether));
        native = uint96(bound(native, 0, 10 ether));
        who %= 3;
        IVault.Account memory to = IVault.Account(0, bytes20(_people[who]));
        uint64 index;
        if (native % 2 == 0) {
            index = vault.depositNative{value: vault.quote(amount)}(amount, to, _people[who]);
            _sent.push(Sent(index, address(0), amount, 0, who));
        } else {
            token.mint(address(this), amount);
            token.approve(address(vault), amount);
            (index,) = vault.depositToken{value: vault.quote(native)}(address(token), amount, native, to, _people[who]);
            _sent.push(Sent(index, address(token), amount, native, who));
        }
        ++reached["deposit"];
    }

    function withdraw(uint96 amount, uint256 who, bool native) external {
        uint256 place = _place(who % 3, native);
        uint128 held = _amount(leaves[place]);
        if (held == 0 || leaves.length > 30) return;
        amount = uint96(bound(amount, 1, held));
        _set(place, held - amount);
        _withdrawal(uint64(leaves.length), _people[who % 3], native ? address(0) : address(token), amount);
        ++reached["withdraw"];
    }

    function checkpoint(uint256 seed) external {
        IRootChain.Head memory head = rootChain.head();
        uint256 end = head.exitAt != 0 ? head.exitAt : head.tau + TIMEOUT + GRACE;
        if (block.timestamp >= end || head.accepted >= SLOTS || rootChain.head().standing != head.accepted) return;
        _sync();
        uint64 count = model.count();
        uint64 cursor = seed % 3 == 0 ? _cursor + uint64(seed % (count - _cursor + 1)) : count;
        for (; _credited < _sent.length && _sent[_credited].index <= cursor; ++_credited) {
            Sent memory one = _sent[_credited];
            bool native = one.token == address(0);
            _set(_place(one.who, native), _amount(leaves[_place(one.who, native)]) + one.amount);
            if (!native) _set(_place(one.who, true), _amount(leaves[_place(one.who, true)]) + one.native);
        }
        _cursor = cursor;
        IRootChain.Checkpoint memory content = _checkpoint();
        content.inboxCursor = cursor;
        content.inboxLink = model.link(cursor);
        content.stateRoot = _stateRoot();
        _submit(_submission(content, new uint16[](0)));
        delete _kept;
        for (uint256 i; i < leaves.length; ++i) {
            _kept.push(leaves[i]);
        }
        _look();
        ++reached["checkpoint"];
    }

    /// @notice Two thirds give themselves everything, and a stranger shows a rule that their checkpoint breaks.
    function steal(uint256 seed) external {
        IRootChain.Head memory head = rootChain.head();
        uint256 end = head.exitAt != 0 ? head.exitAt : head.tau + TIMEOUT + GRACE;
        if (block.timestamp >= end || head.accepted >= SLOTS || rootChain.head().standing != head.accepted) return;
        IRootChain.Checkpoint memory content = _checkpoint();
        content.inboxCursor = head.inboxCursor + uint64(seed % (model.count() - head.inboxCursor + 1));
        content.inboxLink = model.link(content.inboxCursor);
        _submit(_unsound(content));
        _makeVoid(content.epoch);
        _look();
        ++reached["steal"];
    }

    function pass(uint256 secs) external {
        _pass(bound(secs, 1, secs % 4 == 0 ? 2 days : 2 hours));
        ++reached["pass"];
    }

    function claim(uint256 which) external {
        uint64 last = rootChain.head().standing;
        if (last == 0 || _kept.length < 9) return;
        uint256 place = 8 + which % (_kept.length - 8);
        IVault.Withdrawal memory withdrawal = this.withdrawalOf(_kept[place]);
        uint256[12] memory has = _has();
        has[_slot(_ownerOf(withdrawal), withdrawal.token)] += withdrawal.amount;
        try vault.claim(_shownAt(last - 1), withdrawal, TreeModel.path(_keptHashes(), place, 32)) {
            _requireHas(has);
            require(acceptances[last - 1].time + CHALLENGE <= block.timestamp, "paid before its window was over");
            ++reached["claim"];
        } catch {}
        _look();
    }

    /// @notice A withdrawal goes to somebody else; a stranger cannot do that.
    function assign(uint256 which, uint256 to) external {
        if (leaves.length < 9) return;
        IVault.Withdrawal memory withdrawal = this.withdrawalOf(leaves[8 + which % (leaves.length - 8)]);
        (address owner, address stranger) = _ownerAndStranger(withdrawal, to);
        vm.prank(stranger);
        try exits.assign(withdrawal.number, withdrawal.recipient, stranger) {
            require(false, "a stranger gave it away");
        } catch {}
        vm.prank(owner);
        exits.assign(withdrawal.number, withdrawal.recipient, _owners[to % 6]);
        (_given[withdrawal.number], _price[withdrawal.number]) = (_owners[to % 6], 0);
        ++reached["assign"];
    }

    function offer(uint256 which, uint96 price) external {
        if (leaves.length < 9) return;
        IVault.Withdrawal memory withdrawal = this.withdrawalOf(leaves[8 + which % (leaves.length - 8)]);
        (address owner, address stranger) = _ownerAndStranger(withdrawal, price);
        price = uint96(bound(price, 0, 10 ether));
        vm.prank(stranger);
        try exits.offer(withdrawal.number, withdrawal.recipient, 1, type(uint64).max) {
            require(false, "a stranger offered it");
        } catch {}
        vm.prank(owner);
        exits.offer(withdrawal.number, withdrawal.recipient, price, type(uint64).max);
        _price[withdrawal.number] = price;
        ++reached["offer"];
    }

    /// @notice Sold is what is offered, stands under an accepted checkpoint and is not paid, and the price goes to whose it was.
    function buy(uint256 which, uint256 to) external {
        uint64 last = rootChain.head().standing;
        if (last == 0 || _kept.length < 9) return;
        uint256 place = 8 + which % (_kept.length - 8);
        IVault.Withdrawal memory withdrawal = this.withdrawalOf(_kept[place]);
        bool sells = _price[withdrawal.number] != 0 && !vault.claimed(withdrawal.index);
        uint256[12] memory has = _has();
        has[_slot(_ownerOf(withdrawal), address(0))] += _price[withdrawal.number];
        bool sold = _bought(_shownAt(last - 1), withdrawal, TreeModel.path(_keptHashes(), place, 32), _owners[to % 6]);
        require(sold == sells, "sold and not for sale, or for sale and not sold");
        require(address(exits).balance == 0, "Exits keeps money");
        if (!sold) return;
        _requireHas(has);
        (_given[withdrawal.number], _price[withdrawal.number]) = (_owners[to % 6], 0);
        ++reached["buy"];
    }

    function _bought(IVault.Base memory shown, IVault.Withdrawal memory withdrawal, bytes32[] memory path, address to)
        private
        returns (bool)
    {
        try exits.buy{value: _price[withdrawal.number]}(shown, withdrawal, path, to) {
            return true;
        } catch {
            return false;
        }
    }

    function close(bool silent) external {
        if (silent) {
            try rootChain.beginExit() {
                ++reached["silent"];
            } catch {}
        } else {
            _sync();
            uint64 next = rootChain.head().inboxCursor + 1;
            if (next > model.count()) return;
            bytes memory message = model.message(next);
            try rootChain.overdue(message, model.link(next - 1), _behind(next)) {
                ++reached["overdue"];
            } catch {}
        }
        _look();
    }

    function open() external {
        uint64 last = rootChain.head().standing;
        if (last == 0) return;
        try exits.open(checkpoints[last - 1], acceptances[last - 1]) {
            ++reached["open"];
        } catch {}
        _look();
    }

    function exit(uint256 from, uint256 number) public {
        if (!exits.base().opened) return;
        from = 1 + from % (_kept.length - 1);
        number = 1 + number % 8;
        if (from + number > _kept.length) number = _kept.length - from;
        IExits.Leaf[] memory shown = new IExits.Leaf[](number);
        uint32[] memory indices = new uint32[](number);
        for (uint256 i; i < number; ++i) {
            shown[i] = _kept[from + i];
            indices[i] = uint32(from + i);
        }
        uint256[12] memory has = _has();
        for (uint256 i; i < number; ++i) {
            if (from + i < 2 || vault.claimed(indices[i])) continue;
            address owner = from + i < 8 ? _people[(from + i - 2) % 3] : _ownerOf(this.withdrawalOf(shown[i]));
            has[_slot(owner, _tokenOf(shown[i]))] += _amount(shown[i]);
        }
        uint256 paid = exits.exit(uint32(_kept.length), shown, TreeModel.stream(_keptHashes(), indices, 32));
        _requireHas(has);
        _requireOver();
        reached["exit"] += paid;
    }

    function refund(uint256 which, bool native) public {
        if (!exits.base().opened || _sent.length == 0) return;
        Sent memory one = _sent[which % _sent.length];
        bool due =
            one.index > exits.base().inboxCursor && !vault.refunded(one.index, native) && _brought(one, native) != 0;
        _sync();
        bytes memory message = model.message(one.index);
        bytes32[] memory behind = _behind(one.index);
        bytes32 before = model.link(one.index - 1);
        try exits.refund(message, native, before, behind) {
            require(due, "a refund that was not due");
            _requireOver();
            ++reached["refund"];
        } catch {
            require(!due, "a refund that was due was refused");
        }
    }

    // What the invariants read.

    /// @notice Escrow, and what it stands for: the genesis money, what people have on the child by the last accepted state and have not been
    /// paid, and deposits that state has not consumed and that were not refunded.
    function books(address asset) external view returns (uint256 escrow, uint256 owed) {
        escrow = vault.escrow(asset);
        if (asset == address(0)) owed = _sigma();
        uint64 cursor;
        uint64 last = rootChain.head().standing;
        if (last != 0) cursor = checkpoints[last - 1].inboxCursor;
        for (uint256 i = 2; i < _kept.length; ++i) {
            if (vault.claimed(uint32(i))) continue;
            IExits.Leaf memory leaf = _kept[i];
            if (_tokenOf(leaf) == asset) owed += _amount(leaf);
        }
        for (uint256 i; i < _sent.length; ++i) {
            Sent memory one = _sent[i];
            if (one.index <= cursor) continue;
            bool native = asset == address(0);
            if (!vault.refunded(one.index, native)) owed += _brought(one, native);
        }
    }

    /// @notice Whether everybody can leave, from wherever the game stands: nobody comes any more, the deployment ends, all that is owed is paid, and
    /// only the genesis money is left.
    function everybodyLeaves() external returns (bool) {
        if (!exits.base().opened) {
            if (rootChain.head().exitAt == 0) {
                _pass(TIMEOUT);
                rootChain.beginExit();
            }
            _pass(GRACE + CHALLENGE);
            _open();
            ++reached["opened at the end"];
        }
        for (uint256 i; i + 1 < _kept.length; i += 8) {
            exit(i, 7);
        }
        for (uint256 i; i < _sent.length; ++i) {
            refund(i, true);
            refund(i, false);
        }
        return vault.escrow(address(0)) == _sigma() && vault.escrow(address(token)) == 0;
    }

    function withdrawalOf(IExits.Leaf calldata leaf) external pure returns (IVault.Withdrawal memory) {
        bytes calldata value = leaf.value;
        return IVault.Withdrawal({
            index: leaf.index,
            number: uint64(bytes8(leaf.fields)),
            recipient: address(bytes20(value[:20])),
            token: address(bytes20(value[20:40])),
            amount: uint128(bytes16(value[40:])),
            next: leaf.next
        });
    }

    function _shownAt(uint64 epoch) private view returns (IVault.Base memory) {
        return IVault.Base(checkpoints[epoch], acceptances[epoch], uint32(_kept.length));
    }

    function _ownerOf(IVault.Withdrawal memory withdrawal) private view returns (address) {
        address given = _given[withdrawal.number];
        return given == address(0) ? withdrawal.recipient : given;
    }

    function _ownerAndStranger(IVault.Withdrawal memory withdrawal, uint256 seed)
        private
        view
        returns (address owner, address stranger)
    {
        owner = _ownerOf(withdrawal);
        stranger = _owners[seed % 6];
        if (stranger == owner) stranger = address(this);
    }

    function _slot(address owner, address asset) private view returns (uint256 slot) {
        while (_owners[slot] != owner) {
            ++slot;
        }
        if (asset != address(0)) slot += 6;
    }

    /// @dev What everybody who can have a withdrawal has on root: coins, and behind them tokens.
    function _has() private view returns (uint256[12] memory has) {
        for (uint256 i; i < 6; ++i) {
            (has[i], has[i + 6]) = (_owners[i].balance, token.balanceOf(_owners[i]));
        }
    }

    function _requireHas(uint256[12] memory expected) private view {
        require(keccak256(abi.encode(expected)) == keccak256(abi.encode(_has())), "somebody else was paid");
    }

    /// @dev The deployment is over: nothing is paid by its end before that.
    function _requireOver() private view {
        uint64 end = rootChain.head().exitAt;
        require(end != 0 && end <= block.timestamp, "paid before the end");
    }

    /// @dev The end never moves, and finality never goes back.
    function _look() private {
        IRootChain.Head memory head = rootChain.head();
        if (head.finalized < finalized || (exitAt != 0 && head.exitAt != exitAt)) wentBack = true;
        (finalized, exitAt) = (head.finalized, head.exitAt);
    }

    function _place(uint256 who, bool native) private pure returns (uint256) {
        return (native ? 2 : 5) + who;
    }

    function _set(uint256 place, uint128 amount) private {
        bytes memory value = leaves[place].value;
        bytes16 written = bytes16(amount);
        for (uint256 i; i < 16; ++i) {
            value[i] = written[i];
        }
        leaves[place].value = value;
    }

    function _amount(IExits.Leaf memory leaf) private pure returns (uint128 amount) {
        uint256 from = leaf.kind == 0x07 ? 40 : 0;
        for (uint256 i; i < 16; ++i) {
            amount = amount << 8 | uint8(leaf.value[from + i]);
        }
    }

    function _tokenOf(IExits.Leaf memory leaf) private view returns (address) {
        if (leaf.kind == 0x02) return address(0);
        if (leaf.kind == 0x03) return address(token);
        for (uint256 i = 20; i < 40; ++i) {
            if (leaf.value[i] != 0) return address(token);
        }
        return address(0);
    }

    function _brought(Sent memory one, bool native) private pure returns (uint128) {
        if (one.token == address(0)) return native ? one.amount : 0;
        return native ? one.native : one.amount;
    }

    function _behind(uint64 index) private view returns (bytes32[] memory behind) {
        uint64 count = model.count();
        if (count - index < 256) return behind;
        uint64 kept = (index + 31) / 32 * 32;
        behind = new bytes32[](kept - index);
        for (uint64 i; i < behind.length; ++i) {
            behind[i] = model.hashOf(model.message(index + 1 + i));
        }
    }

    function _keptHashes() private view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](_kept.length);
        hashes[0] = keccak256("sentinel");
        for (uint256 i = 1; i < hashes.length; ++i) {
            hashes[i] = _hash(_kept[i]);
        }
    }
}

/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: default.invariant.depth = 96
contract ExitInvariantsTest is InvariantTest {
    ExitWorld private world;

    function setUp() external {
        world = new ExitWorld();
        world.setUp();
        bytes4[] memory selectors = new bytes4[](17);
        selectors[0] = ExitWorld.deposit.selector;
        selectors[1] = ExitWorld.withdraw.selector;
        selectors[2] = ExitWorld.checkpoint.selector;
        selectors[3] = ExitWorld.pass.selector;
        selectors[4] = ExitWorld.pass.selector;
        selectors[5] = ExitWorld.claim.selector;
        selectors[6] = ExitWorld.close.selector;
        selectors[7] = ExitWorld.open.selector;
        selectors[8] = ExitWorld.exit.selector;
        selectors[9] = ExitWorld.refund.selector;
        selectors[10] = ExitWorld.exit.selector;
        selectors[11] = ExitWorld.pass.selector;
        selectors[12] = ExitWorld.steal.selector;
        selectors[13] = ExitWorld.assign.selector;
        selectors[14] = ExitWorld.offer.selector;
        selectors[15] = ExitWorld.buy.selector;
        selectors[16] = ExitWorld.withdraw.selector;
        targetContract(address(world));
        targetSelectors(address(world), selectors);
    }

    /// Escrow is what it stands for, to the last unit, in every state that a deployment reaches; ends do not move.
    function invariant_escrowIsWhatPeopleAreOwed() external view {
        address[2] memory assets = [address(0), address(world.token())];
        for (uint256 i; i < 2; ++i) {
            (uint256 escrow, uint256 owed) = world.books(assets[i]);
            vm.assertEq(escrow, owed);
        }
        vm.assertFalse(world.wentBack());
    }

    /// At the end of each game, wherever it stands, everybody leaves with everything.
    function afterInvariant() external {
        vm.assertTrue(world.everybodyLeaves());
    }

    /// One game that goes through all of it, so that none of the above is vacuous.
    function test_oneGameReachesEveryStep() external {
        world.deposit(5 ether, 0, 0);
        world.deposit(7 ether, 1, 1);
        world.checkpoint(1);
        world.withdraw(1 ether, 0, true);
        world.withdraw(1 ether, 1, false);
        world.withdraw(1 ether, 0, true);
        world.assign(0, 3);
        world.checkpoint(1);
        world.offer(1, 1 ether);
        world.buy(1, 4);
        world.buy(1, 4);
        world.buy(0, 4);
        world.offer(0, 1 ether);
        world.pass(3601);
        world.claim(0);
        world.buy(0, 4);
        world.deposit(2 ether, 3, 2);
        for (uint256 i; i < 4; ++i) {
            world.pass(2 days - 4);
        }
        world.close(false);
        world.open();
        this.invariant_escrowIsWhatPeopleAreOwed();
        world.exit(0, 7);
        world.refund(2, false);
        this.invariant_escrowIsWhatPeopleAreOwed();
        vm.assertTrue(world.everybodyLeaves());
        bytes32[11] memory steps = [
            bytes32("deposit"),
            "withdraw",
            "checkpoint",
            "claim",
            "overdue",
            "open",
            "exit",
            "refund",
            "assign",
            "offer",
            "buy"
        ];
        for (uint256 i; i < steps.length; ++i) {
            vm.assertTrue(world.reached(steps[i]) != 0, string.concat("step ", vm.toString(i)));
        }
    }

    /// A game that ends without a checkpoint: what was sent comes back.
    function test_everybodyLeavesWithoutACheckpoint() external {
        world.deposit(5 ether, 0, 0);
        vm.assertTrue(world.everybodyLeaves());
        vm.assertTrue(world.reached("refund") != 0);
    }

    /// Games that end before anybody opened anything: while the window of the last checkpoint is open, and when nobody came for T.
    function test_everybodyLeavesBeforeAWindowIsOver() external {
        _twoCheckpoints();
        vm.assertTrue(world.everybodyLeaves());
        vm.assertTrue(world.reached("exit") != 0);
    }

    function test_everybodyLeavesFromWhatCloses() external {
        _twoCheckpoints();
        for (uint256 i; i < 4; ++i) {
            world.pass(2 days - 4);
        }
        world.close(true);
        vm.assertTrue(world.reached("silent") != 0);
        vm.assertTrue(world.everybodyLeaves());
        vm.assertTrue(world.reached("opened at the end") != 0);
    }

    function _twoCheckpoints() private {
        world.deposit(5 ether, 0, 0);
        world.checkpoint(1);
        world.withdraw(1 ether, 0, true);
        world.deposit(7 ether, 1, 1);
        world.checkpoint(1);
    }

    /// One game in which two thirds steal: everybody leaves with what the last sound state says.
    function test_oneGameWithThieves() external {
        world.deposit(5 ether, 0, 0);
        world.deposit(7 ether, 1, 1);
        world.checkpoint(1);
        world.deposit(2 ether, 3, 2);
        world.withdraw(1 ether, 0, true);
        world.steal(0);
        world.checkpoint(1);
        world.pass(3601);
        world.open();
        this.invariant_escrowIsWhatPeopleAreOwed();
        vm.assertTrue(world.everybodyLeaves());
        bytes32[5] memory steps = [bytes32("steal"), "open", "exit", "refund", "checkpoint"];
        for (uint256 i; i < steps.length; ++i) {
            vm.assertTrue(world.reached(steps[i]) != 0, string.concat("step ", vm.toString(i)));
        }
    }
}
