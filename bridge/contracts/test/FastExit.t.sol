// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IExits} from "../src/interfaces/IExits.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Leaving} from "./Leaving.sol";
import {TreeModel} from "./TreeModel.sol";
import {TestToken} from "./tokens/TestToken.sol";

/// @title A seller that does something with the price, or does not take it
contract Seller {
    IExits private immutable EXITS;
    bool public refuses;
    bytes public then_;
    bool public done;

    constructor(IExits exits) {
        EXITS = exits;
    }

    function refuse(bool whether) external {
        refuses = whether;
    }

    function andThen(bytes calldata data) external {
        then_ = data;
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
        (done,) = address(EXITS).call(then_);
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

    function _buy(uint64 epoch, uint128 price) private {
        bytes32[] memory path = TreeModel.path(_hashes(), _place, 32);
        vm.prank(BUYER);
        exits.buy{value: price}(
            checkpoints[epoch], acceptances[epoch], uint32(leaves.length), leaves[_place], path, TO
        );
    }

    function _claim(uint64 epoch) private {
        IVault.Base memory base = IVault.Base(checkpoints[epoch], acceptances[epoch], uint32(leaves.length));
        IExits.Leaf memory leaf = leaves[_place];
        IVault.Withdrawal memory withdrawal =
            IVault.Withdrawal(leaf.index, NUMBER, ALICE, address(0), 3 ether, leaf.next);
        vault.claim(base, withdrawal, TreeModel.path(_hashes(), _place, 32));
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
        vm.expectRevert(abi.encodeWithSelector(IExits.PaidAlready.selector, _place));
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
        IRootChain.Checkpoint memory content = checkpoints[0];
        checkpoints[0].stateRoot = keccak256("mine");
        vm.expectRevert(abi.encodeWithSelector(IExits.NotAcceptedSo.selector, 0));
        _buy(0, PRICE);
        checkpoints[0] = content;
        checkpoints[0].epoch = 1;
        vm.expectPartialRevert(IRootChain.NotAccepted.selector);
        _buy(0, PRICE);
        checkpoints[0].epoch = 0;
        _submit(_unsound(_checkpoint()));
        vm.assertEq(rootChain.head().accepted, 2);
        _makeVoid(1);
        vm.expectRevert(abi.encodeWithSelector(IExits.VoidCheckpoint.selector, 1));
        _buy(1, PRICE);
        _buy(0, PRICE);
    }

    function test_everyPartOfTheLeafIsProven() external {
        uint256 other = _withdrawal(NUMBER + 1, ALICE, address(0), 1);
        uint256 account = _holder(0, bytes20(ALICE), 1 ether, address(0));
        _accepted();
        _offer(ALICE, PRICE);
        IExits.Leaf memory sound = leaves[_place];
        for (uint256 part; part < 5; ++part) {
            IExits.Leaf storage one = leaves[_place];
            bytes32[] memory path = TreeModel.path(_hashes(), _place, 32);
            if (part == 0) one.index = uint32(other);
            if (part == 1) one.next = keccak256("next");
            if (part == 2) one.fields = bytes.concat(bytes8(NUMBER + 1));
            if (part == 3) one.value = bytes.concat(bytes20(ALICE), new bytes(20), bytes16(uint128(4 ether)));
            if (part == 4) path[3] = keccak256("sibling");
            vm.expectPartialRevert(IExits.StateRootMismatch.selector);
            vm.prank(BUYER);
            exits.buy{value: PRICE}(checkpoints[0], acceptances[0], uint32(leaves.length), one, path, TO);
            leaves[_place] = sound;
        }
        _place = account;
        vm.expectRevert(abi.encodeWithSelector(IExits.NotWithdrawal.selector, account, 0x02));
        _buy(0, PRICE);
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
        bytes[3] memory tries = [
            abi.encodeCall(IExits.assign, (NUMBER, ALICE, OTHER)),
            abi.encodeCall(IExits.offer, (NUMBER, ALICE, 1, _late)),
            abi.encodeCall(
                IExits.buy,
                (
                    checkpoints[0],
                    acceptances[0],
                    uint32(leaves.length),
                    leaves[_place],
                    TreeModel.path(_hashes(), _place, 32),
                    OTHER
                )
            )
        ];
        Seller seller = new Seller(exits);
        _accepted();
        _assign(ALICE, address(seller));
        uint256 before = vm.snapshotState();
        for (uint256 i; i < 3; ++i) {
            seller.call(address(exits), abi.encodeCall(IExits.offer, (NUMBER, ALICE, PRICE, _late)));
            seller.andThen(tries[i]);
            _buy(0, PRICE);
            vm.assertFalse(seller.done());
            vm.assertEq(exits.payee(NUMBER, ALICE), TO);
            vm.assertEq(address(seller).balance, PRICE);
            vm.revertToState(before);
        }
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
        vm.prank(ALICE);
        exits.assign(NUMBER + 1, ALICE, address(token));
        _silence();
        _open();
        IVault.Base memory base = IVault.Base(checkpoints[0], acceptances[0], uint32(leaves.length));
        IVault.Withdrawal memory withdrawal = IVault.Withdrawal(
            uint32(place), NUMBER + 1, ALICE, address(token), 100, leaves[place].next
        );
        bytes32[] memory path = TreeModel.path(_hashes(), place, 32);
        vm.expectRevert(abi.encodeWithSelector(IVault.AccountUnusable.selector, address(token)));
        vault.claim(base, withdrawal, path);
        (IExits.Leaf[] memory shown, bytes32[] memory siblings) = _shown(_one(place));
        vm.assertEq(exits.exit(uint32(leaves.length), shown, siblings), 0);
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
        bytes32[] memory path = TreeModel.path(_hashes(), _place, 32);
        for (uint256 step; step < 12; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 next = seed % 4;
            if (seed >> 8 & 1 == 0) {
                _assign(people[owner], people[next]);
            } else {
                uint128 price = uint128(seed >> 16) % 1 ether + 1;
                _offer(people[owner], price);
                vm.prank(people[(owner + 1) % 4]);
                exits.buy{value: price}(
                    checkpoints[0], acceptances[0], uint32(leaves.length), leaves[_place], path, people[next]
                );
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
