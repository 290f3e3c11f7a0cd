// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IFraudCourt} from "../src/interfaces/IFraudCourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Leaving} from "./Leaving.sol";
import {TreeModel} from "./TreeModel.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title A seller that does something with the price, or does not take it
contract Seller {
    IExits private immutable EXITS;
    bool public refuses;
    address public target;
    bytes public then_;
    bool public done;

    constructor(IExits exits) {
        EXITS = exits;
    }

    function refuse(bool whether) external {
        refuses = whether;
    }

    function andThen(address to, bytes calldata data) external {
        (target, then_) = (to, data);
    }

    function call(address to, bytes calldata data) public {
        (bool ok, bytes memory why) = to.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(why, 0x20), mload(why))
        }
    }

    receive() external payable {
        require(!refuses, "no");
        if (then_.length == 0) return;
        (done,) = target.call{value: target == address(EXITS) ? msg.value : 0}(then_);
    }
}

/// @title Withdrawals that change hands before they are paid: each is paid once, to whom it belongs, and each price to whom it belonged
contract FastExitTest is Leaving {
    address private constant ALICE = address(0xa11ce);
    address private constant BUYER = address(0xb0b);
    address private constant OTHER = address(0xca201);
    address private constant TO = address(0x7070);
    uint128 private constant PRICE = 2 ether;
    uint64 private constant NUMBER = 5;

    uint256 private _place;
    uint64 private _late;

    function setUp() public override {
        super.setUp();
        _place = _withdrawal(NUMBER, ALICE, address(0), 3 ether);
        _late = uint64(block.timestamp + 10 days);
        vm.deal(BUYER, 100 ether);
        vm.deal(ALICE, 1 ether);
    }

    function _assign(address who, address to) private {
        vm.prank(who);
        exits.assign(NUMBER, ALICE, to);
    }

    function _offer(address who, uint128 price) private {
        vm.prank(who);
        exits.offer(NUMBER, ALICE, price, _late);
    }

    function _shownAt(uint64 epoch) private view returns (IVault.Base memory) {
        return IVault.Base(checkpoints[epoch], acceptances[epoch], uint32(leaves.length));
    }

    function _sold() private view returns (IVault.Withdrawal memory) {
        return IVault.Withdrawal(uint32(_place), NUMBER, ALICE, address(0), 3 ether, leaves[_place].next);
    }

    function _path() private view returns (bytes32[] memory) {
        return TreeModel.path(_hashes(), _place, 32);
    }

    function _buy(uint64 epoch, uint128 price) private {
        bytes32[] memory path = _path();
        vm.prank(BUYER);
        exits.buy{value: price}(_shownAt(epoch), _sold(), path, TO);
    }

    function _claim(uint64 epoch) private {
        vault.claim(_shownAt(epoch), _sold(), _path());
    }

    function test_whoeverAWithdrawalIsGivenToIsPaid() external {
        _accepted();
        vm.expectEmit(address(exits));
        emit IExits.Assigned(NUMBER, ALICE, OTHER);
        _assign(ALICE, OTHER);
        _assign(OTHER, TO);
        vm.assertEq(exits.payee(NUMBER, ALICE), TO);
        vm.assertEq(exits.payee(NUMBER + 1, ALICE), ALICE, "another number");
        vm.assertEq(exits.payee(NUMBER, OTHER), OTHER, "another recipient");
        _pass(CHALLENGE);
        vm.expectEmit(address(vault));
        emit IVault.Claimed(uint32(_place), TO, address(0), 3 ether, NUMBER);
        _claim(0);
        vm.assertEq(TO.balance, 3 ether);
        vm.assertEq(ALICE.balance, 1 ether);
    }

    function test_onlyTheOwnerGivesOrSells() external {
        bytes memory notHis = abi.encodeWithSelector(IExits.NotOwner.selector, ALICE, OTHER);
        vm.expectRevert(notHis);
        _assign(OTHER, OTHER);
        vm.expectRevert(notHis);
        _offer(OTHER, PRICE);
        _assign(ALICE, OTHER);
        notHis = abi.encodeWithSelector(IExits.NotOwner.selector, OTHER, ALICE);
        vm.expectRevert(notHis);
        _assign(ALICE, ALICE);
        vm.expectRevert(notHis);
        _offer(ALICE, PRICE);
    }

    function test_nobodyIsNamedWhoCannotBePaid() external {
        vm.expectRevert(IExits.PayoutZero.selector);
        _assign(ALICE, address(0));
        vm.expectRevert(abi.encodeWithSelector(IVault.AccountUnusable.selector, address(exits)));
        _assign(ALICE, address(exits));
    }

    function test_aSaleIsPaidAtOnceAndTheBuyerIsPaidLater() external {
        _accepted();
        _offer(ALICE, PRICE);
        (uint128 price, uint64 deadline) = exits.offered(NUMBER, ALICE);
        vm.assertEq(abi.encode(price, deadline), abi.encode(PRICE, _late));
        vm.expectEmit(address(exits));
        emit IExits.Bought(NUMBER, ALICE, ALICE, TO, PRICE);
        _buy(0, PRICE);
        vm.assertEq(ALICE.balance, 1 ether + PRICE, "before the checkpoint is final");
        vm.assertEq(BUYER.balance, 100 ether - PRICE);
        (price,) = exits.offered(NUMBER, ALICE);
        vm.assertEq(price, 0);
        // She sells it once, and has nothing to give any more.
        vm.expectRevert(abi.encodeWithSelector(IExits.NotOffered.selector, NUMBER, ALICE));
        _buy(0, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IExits.NotOwner.selector, TO, ALICE));
        _assign(ALICE, ALICE);
        _pass(CHALLENGE);
        _claim(0);
        vm.assertEq(TO.balance, 3 ether);
        vm.assertEq(ALICE.balance, 1 ether + PRICE);
        vm.assertEq(address(exits).balance, 0);
    }

    function test_whatIsPaidAlreadyIsNotSold() external {
        _accepted();
        _offer(ALICE, PRICE);
        _pass(CHALLENGE);
        _claim(0);
        vm.expectRevert(abi.encodeWithSelector(IExits.AlreadyClaimed.selector, _place));
        _buy(0, PRICE);
        vm.assertEq(ALICE.balance, 4 ether);
    }

    function test_anOfferIsTheOwnersAndEnds() external {
        _accepted();
        _offer(ALICE, PRICE);
        // A price that is raised in front of the buyer takes no more from him than he brings.
        _offer(ALICE, PRICE + 1);
        vm.expectRevert(abi.encodeWithSelector(IExits.WrongPrice.selector, PRICE + 1, PRICE));
        _buy(0, PRICE);
        _offer(ALICE, 0);
        vm.expectRevert(abi.encodeWithSelector(IExits.NotOffered.selector, NUMBER, ALICE));
        _buy(0, 0);
        _offer(ALICE, PRICE);
        _assign(ALICE, OTHER);
        vm.expectRevert(abi.encodeWithSelector(IExits.NotOffered.selector, NUMBER, ALICE));
        _buy(0, PRICE);
        _offer(OTHER, PRICE);
        uint256 before = block.timestamp;
        vm.warp(uint256(_late) + 1);
        vm.expectRevert(abi.encodeWithSelector(IExits.OfferOver.selector, _late));
        _buy(0, PRICE);
        vm.warp(before);
        _buy(0, PRICE);
        vm.assertEq(OTHER.balance, PRICE);
        vm.assertEq(ALICE.balance, 1 ether);
    }

    function test_onlyWhatRootAcceptedAndDidNotVoidIsSold() external {
        _accepted();
        _offer(ALICE, PRICE);
        checkpoints[0].epoch = 1;
        vm.expectPartialRevert(IRootChain.NotAccepted.selector);
        _buy(0, PRICE);
        checkpoints[0].epoch = 0;
        _submit(_unsound(_checkpoint()));
        vm.assertEq(rootChain.head().accepted, 2);
        _makeVoid(1);
        vm.expectRevert(abi.encodeWithSelector(IExits.Void.selector, 1, 1));
        _buy(1, PRICE);
        _buy(0, PRICE);
    }

    /// @notice Of another deployment, or of two thirds that sign what root never saw: nothing but the very record is taken.
    function test_everyPartOfTheRecordIsCompared() external {
        _accepted();
        _offer(ALICE, PRICE);
        bytes32[] memory path = _path();
        for (uint256 part; part < 12; ++part) {
            IVault.Base memory shown = _shownAt(0);
            if (part == 0) shown.checkpoint.lastBlockTime ^= 1;
            if (part == 1) shown.checkpoint.blocksRoot ^= bytes32(uint256(1));
            if (part == 2) shown.checkpoint.stateRoot ^= bytes32(uint256(1));
            if (part == 3) shown.checkpoint.inboxCursor ^= 1;
            if (part == 4) shown.checkpoint.inboxLink ^= bytes32(uint256(1));
            if (part == 5) shown.checkpoint.nextSet ^= bytes32(uint256(1));
            if (part == 6) shown.checkpoint.relayer = OTHER;
            if (part == 7) shown.checkpoint.previous ^= bytes32(uint256(1));
            if (part == 8) shown.acceptance.signers[0] ^= bytes32(uint256(1));
            if (part == 9) shown.acceptance.time ^= 1;
            if (part == 10) shown.acceptance.blockNumber ^= 1;
            if (part == 11) shown.acceptance.dueCount ^= 1;
            vm.expectPartialRevert(IFraudCourt.NotTheAccepted.selector);
            vm.prank(BUYER);
            exits.buy{value: PRICE}(shown, _sold(), path, TO);
        }
        _buy(0, PRICE);
    }

    function test_everyPartOfTheWithdrawalIsProven() external {
        _withdrawal(NUMBER + 1, ALICE, address(0), 1);
        _accepted();
        _offer(ALICE, PRICE);
        IVault.Base memory base = _shownAt(0);
        for (uint256 part; part < 8; ++part) {
            IVault.Withdrawal memory one = _sold();
            bytes32[] memory path = _path();
            if (part == 0) ++one.index;
            if (part == 1) ++one.number;
            if (part == 2) one.recipient = BUYER;
            if (part == 3) one.token = OTHER;
            if (part == 4) ++one.amount;
            if (part == 5) one.next ^= bytes32(uint256(1));
            if (part == 6) path[3] ^= bytes32(uint256(1));
            if (part == 7) ++base.leafCount;
            vm.expectPartialRevert(IVault.StateRootMismatch.selector);
            vm.prank(BUYER);
            exits.buy{value: PRICE}(base, one, path, TO);
        }
        base.leafCount = uint32(_place);
        bytes32[] memory sound = _path();
        vm.expectRevert(abi.encodeWithSelector(IVault.IndexBeyondCount.selector, _place, _place));
        vm.prank(BUYER);
        exits.buy{value: PRICE}(base, _sold(), sound, TO);
        _buy(0, PRICE);
    }

    /// @notice What a sale says of the future binds nobody: each change in front of it in the same block makes it revert, and the buyer keeps his money.
    function test_whateverComesInFrontOfASaleUndoesIt() external {
        _accepted();
        _offer(ALICE, PRICE);
        _pass(CHALLENGE);
        uint256 before = vm.snapshotState();
        bytes[5] memory firsts = [
            abi.encodeCall(IExits.offer, (NUMBER, ALICE, PRICE - 1, _late)),
            abi.encodeCall(IExits.offer, (NUMBER, ALICE, PRICE, uint64(block.timestamp - 1))),
            abi.encodeCall(IExits.offer, (NUMBER, ALICE, 0, _late)),
            abi.encodeCall(IExits.assign, (NUMBER, ALICE, ALICE)),
            bytes("")
        ];
        bytes4[5] memory refusals = [
            IExits.WrongPrice.selector,
            IExits.OfferOver.selector,
            IExits.NotOffered.selector,
            IExits.NotOffered.selector,
            IExits.AlreadyClaimed.selector
        ];
        for (uint256 i; i < 5; ++i) {
            if (firsts[i].length == 0) {
                _claim(0);
            } else {
                vm.prank(ALICE);
                (bool ok,) = address(exits).call(firsts[i]);
                vm.assertTrue(ok);
            }
            vm.expectPartialRevert(refusals[i]);
            _buy(0, PRICE);
            vm.assertEq(BUYER.balance, 100 ether);
            vm.revertToState(before);
        }
    }

    /// @notice After a void the sold withdrawal is paid where the base has it, and the price is never given back.
    function test_aSaleUnderWhatIsThenVoidIsTheBuyersLoss() external {
        _accepted();
        uint256 late = _withdrawal(NUMBER + 1, ALICE, address(0), 4 ether);
        IRootChain.Checkpoint memory content = _checkpoint();
        content.stateRoot = _stateRoot();
        _submit(_unsound(content));
        bytes32[] memory path = TreeModel.path(_hashes(), late, 32);
        IVault.Withdrawal memory sold =
            IVault.Withdrawal(uint32(late), NUMBER + 1, ALICE, address(0), 4 ether, leaves[late].next);
        vm.prank(ALICE);
        exits.offer(NUMBER + 1, ALICE, PRICE, _late);
        vm.prank(BUYER);
        exits.buy{value: PRICE}(_shownAt(1), sold, path, TO);
        _assign(ALICE, OTHER);
        IVault.Base memory gone = _shownAt(1);
        _makeVoid(1);
        leaves.pop();
        _pass(CHALLENGE);
        _open();
        vm.expectPartialRevert(IRootChain.Void.selector);
        vault.claim(gone, sold, path);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_place));
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 1);
        vm.assertEq(TO.balance, 0, "it bought what nobody ever pays");
        vm.assertEq(ALICE.balance, 1 ether + PRICE);
        vm.assertEq(OTHER.balance, 3 ether, "the other one is in the base, and is paid to whom it was given");
    }

    function test_aSellerThatTakesNoMoneySellsNothing() external {
        Seller seller = new Seller(exits);
        _accepted();
        _assign(ALICE, address(seller));
        seller.call(address(exits), abi.encodeCall(IExits.offer, (NUMBER, ALICE, PRICE, _late)));
        seller.refuse(true);
        vm.expectRevert(abi.encodeWithSelector(IExits.PriceNotTaken.selector, address(seller), PRICE));
        _buy(0, PRICE);
        vm.assertEq(exits.payee(NUMBER, ALICE), address(seller));
        vm.assertEq(BUYER.balance, 100 ether);
    }

    function test_aSellerDoesNothingWithTheWithdrawalWhileItIsPaid() external {
        Seller seller = new Seller(exits);
        _accepted();
        _assign(ALICE, address(seller));
        bytes[3] memory tries = [
            abi.encodeCall(IExits.assign, (NUMBER, ALICE, OTHER)),
            abi.encodeCall(IExits.offer, (NUMBER, ALICE, 1, _late)),
            abi.encodeCall(IExits.buy, (_shownAt(0), _sold(), _path(), OTHER))
        ];
        uint256 before = vm.snapshotState();
        for (uint256 i; i < 3; ++i) {
            seller.call(address(exits), abi.encodeCall(IExits.offer, (NUMBER, ALICE, PRICE, _late)));
            seller.andThen(address(exits), tries[i]);
            _buy(0, PRICE);
            vm.assertFalse(seller.done());
            vm.assertEq(exits.payee(NUMBER, ALICE), TO);
            vm.assertEq(address(seller).balance, PRICE);
            vm.revertToState(before);
        }
        // It may carry the claim, as anybody may, and the buyer is paid by it.
        _pass(CHALLENGE);
        seller.call(address(exits), abi.encodeCall(IExits.offer, (NUMBER, ALICE, PRICE, _late)));
        seller.andThen(address(vault), abi.encodeCall(IVault.claim, (_shownAt(0), _sold(), _path())));
        _buy(0, PRICE);
        vm.assertTrue(seller.done());
        vm.assertEq(TO.balance, 3 ether);
        vm.assertEq(address(seller).balance, PRICE);
    }

    /// @notice Whom a withdrawal is paid to cannot sell it while it is paid.
    function test_whatIsBeingPaidIsNotSold() external {
        Seller owner = new Seller(exits);
        _accepted();
        _offer(ALICE, PRICE);
        _assign(ALICE, address(owner));
        owner.call(address(exits), abi.encodeCall(IExits.offer, (NUMBER, ALICE, 3 ether, _late)));
        _pass(CHALLENGE);
        owner.andThen(address(exits), abi.encodeCall(IExits.buy, (_shownAt(0), _sold(), _path(), OTHER)));
        _claim(0);
        vm.assertFalse(owner.done());
        vm.assertEq(address(owner).balance, 3 ether);
    }

    function test_anExitPaysTheOwnerToo() external {
        _accepted();
        _offer(ALICE, PRICE);
        _buy(0, PRICE);
        _silence();
        _open();
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(_place));
        vm.expectEmit(address(exits));
        emit IExits.Exited(uint32(_place), TO, address(0), 3 ether);
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 1);
        vm.assertEq(TO.balance, 3 ether);
    }

    function test_aTokenIsNotPaidToItself() external {
        TestToken token = new TestToken("Test", "TST", 6);
        token.mint(address(this), 1000);
        token.approve(address(vault), 1000);
        vault.depositToken{value: inbox.price()}(address(token), 1000, 0, IVault.Account(0, bytes20(ALICE)), ALICE);
        uint256 place = _withdrawal(NUMBER + 1, ALICE, address(token), 100);
        _accepted();
        IVault.Withdrawal memory withdrawal =
            IVault.Withdrawal(uint32(place), NUMBER + 1, ALICE, address(token), 100, leaves[place].next);
        bytes32[] memory path = TreeModel.path(_hashes(), place, 32);
        bytes memory unusable = abi.encodeWithSelector(IVault.AccountUnusable.selector, address(token));
        vm.prank(ALICE);
        exits.offer(NUMBER + 1, ALICE, PRICE, _late);
        vm.expectRevert(unusable);
        vm.prank(BUYER);
        exits.buy{value: PRICE}(_shownAt(0), withdrawal, path, address(token));
        vm.prank(ALICE);
        exits.assign(NUMBER + 1, ALICE, address(token));
        _silence();
        _open();
        vm.expectRevert(unusable);
        vault.claim(_shownAt(0), withdrawal, path);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(place));
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 0);
        vm.expectRevert(unusable);
        exits.exitAlone(uint32(leaves.length), shown, 0, siblings);
        vm.assertFalse(vault.claimed(uint32(place)));
    }

    /// @notice Whatever owners do one after the other, the last one is paid, once, and every price went to whoever sold.
    function testFuzz_theLastOwnerIsPaidOnce(uint256 seed) external {
        _accepted();
        address[4] memory people = [ALICE, BUYER, OTHER, address(0x4444)];
        uint256[4] memory has;
        for (uint256 i; i < 4; ++i) {
            vm.deal(people[i], 50 ether);
            has[i] = 50 ether;
        }
        uint256 owner;
        bytes32[] memory path = _path();
        for (uint256 step; step < 12; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 next = seed % 4;
            if (seed >> 8 & 1 == 0) {
                _assign(people[owner], people[next]);
            } else {
                uint128 price = uint128(seed >> 16) % 1 ether + 1;
                _offer(people[owner], price);
                vm.prank(people[(owner + 1) % 4]);
                exits.buy{value: price}(_shownAt(0), _sold(), path, people[next]);
                has[owner] += price;
                has[(owner + 1) % 4] -= price;
            }
            owner = next;
        }
        _pass(CHALLENGE);
        _claim(0);
        has[owner] += 3 ether;
        vm.expectRevert(abi.encodeWithSelector(IVault.AlreadyClaimed.selector, _place));
        _claim(0);
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(people[i].balance, has[i]);
        }
    }
}
