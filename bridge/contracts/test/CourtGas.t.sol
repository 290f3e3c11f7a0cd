// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {Accusing} from "./Accusing.sol";

/// @title Gas of the steps of a report, as transactions of their own
/// @dev All that is measured is prepared in setUp, which forge commits: so slots are cold and have their original values.
contract CourtGasTest is Accusing {
    uint256 private constant COLD_ACCOUNT = 2600; // the callee of a transaction is warm, of a call here it is cold
    uint256 private constant LIMIT = 500_000;

    bytes private _commitCall;
    bytes private _countCall;
    bytes private _votesCall;
    bytes private _sharesCall;
    bytes private _collectCall;
    bytes private _certificatesCall;
    bytes private _acceptedCall;
    bytes[2] private _freezeCalls;
    bytes private _settleCall;
    bytes private _parts;
    bytes private _message;

    function setUp() public override {
        super.setUp();
        vm.deal(address(this), 1000 ether);
        // Root's rings are warm, and the freeze is one of the 31 messages of 32 whose link is not kept for ever.
        for (uint256 i; i < 1032; ++i) {
            inbox.force{value: inbox.price()}("a transaction");
        }
        _accept(4, 10);
        _report(0, 4);
        _countCall = abi.encodeCall(court.count, (operators[0].owner, 4));
        bytes32 first = court.commitmentOf(keccak256(abi.encode(_doubleVote(0, 4))), REPORTER, bytes32(uint256(1)));
        _blocks(REVEAL + 1);
        _collectCall = abi.encodeCall(court.collect, (operators[0].owner, 4, first));
        _counted(2, 2);
        _pass(EVIDENCE);
        _accept(1, 10);
        _pass(EVIDENCE + REVEAL_SECS);
        _settleCall = abi.encodeCall(court.settle, (operators[2].owner, 2, _kept(4)));
        _commitCall = abi.encodeCall(court.commit, (keccak256("a report")));

        ICourt.Claim memory claim = _claim(REPORTER, bytes32(uint256(5)), 0);
        ICourt.DoubleVote memory votes = _votes(5 * BLOCKS + 7);
        votes.round = 1;
        _signVotes(1, votes);
        _commit(abi.encode(votes), claim);
        _votesCall = abi.encodeCall(court.revealVotes, (votes, _accused(1, 5), claim));
        ICourt.DoubleCheckpoint memory shares = _doubleCheckpoint(1, 4);
        _commit(abi.encode(shares), claim);
        _sharesCall = abi.encodeCall(court.revealCheckpoints, (shares, _accused(1, 5), claim));
        _showSet();
        _prepareCertificates(claim);
        _blocks(2);
        while (inbox.count() % 32 > 20) inbox.force{value: inbox.price()}("a transaction");
        _message = abi.encodeCall(court.signBytes, (votes, votes.first));
        _parts = abi.encodeCall(
            registry.verifier().verify,
            (
                operators[1].consensusKey,
                votes.first.r,
                votes.first.s,
                _signBytes(votes, votes.first),
                _accused(1, 5).xKey,
                votes.first.xR
            )
        );
    }

    /// @dev All four signed both; in epoch 6 the first of both checkpoints is the one that root accepted. Of epoch 4 an overlap stands.
    function _prepareCertificates(ICourt.Claim memory claim) private {
        ICourt.Kept memory none;
        ICourt.DoubleCertificate memory certificates = _certificates(4, _none(), _none());
        _commit(abi.encode(certificates), claim);
        _certificatesCall = abi.encodeCall(court.revealCertificates, (certificates, _accused(1, 5), none, claim));
        certificates.first = checkpoints[4];
        delete certificates.firstCertificate;
        _commit(abi.encode(certificates), claim);
        _acceptedCall = abi.encodeCall(court.revealCertificates, (certificates, _accused(1, 5), _kept(4), claim));

        certificates = _certificates(5, _none(), _none());
        _commit(abi.encode(certificates), claim);
        _blocks(2);
        court.revealCertificates(certificates, _accused(1, 6), none, claim);
        for (uint256 i; i < 2; ++i) {
            uint16[] memory numbers = i == 0 ? _one(0) : _list(1, 2);
            (IRootChain.SetMember[] memory members, bytes32[] memory siblings) = _shown(numbers);
            _freezeCalls[i] = abi.encodeCall(court.freeze, (1, members, siblings));
        }
    }

    function test_gasOfTwoCertificates() external {
        vm.snapshotValue("operations", "court: two certificates, 4 members (tx)", _transaction(address(court), _certificatesCall));
    }

    function test_gasOfACertificateBesideTheAcceptedOne() external {
        vm.snapshotValue(
            "operations", "court: a certificate beside the accepted one, 4 members (tx)", _transaction(address(court), _acceptedCall)
        );
    }

    function test_gasOfFreezingWhoSignedBoth() external {
        vm.snapshotValue("operations", "court: freeze one of an overlap (tx)", _transaction(address(court), _freezeCalls[0]));
        vm.cool(address(court));
        vm.cool(address(registry));
        vm.cool(address(inbox));
        vm.snapshotValue("operations", "court: freeze two of an overlap (tx)", _transaction(address(court), _freezeCalls[1]));
    }

    function test_gasOfACommitment() external {
        vm.snapshotValue("operations", "court: commit (tx)", _transaction(address(court), _commitCall));
    }

    function test_gasOfCounting() external {
        vm.snapshotValue("operations", "court: count (tx)", _transaction(address(court), _countCall));
    }

    function test_gasOfTwoVotes() external {
        uint256 gas = _transaction(address(court), _votesCall);
        vm.snapshotValue("operations", "court: double vote (tx)", gas);
        vm.assertLe(gas, LIMIT);
    }

    /// The part of the proof that is about votes: their sign bytes and signatures.
    function test_gasOfSignBytesAndSignatures() external {
        uint256 signature = _gasOf(address(registry.verifier()), 0, _parts) - COLD_ACCOUNT;
        uint256 message = _gasOf(address(court), 0, _message) - COLD_ACCOUNT;
        vm.snapshotValue("operations", "court: double vote, part: sign bytes and signatures (call)", 2 * (signature + message));
        vm.assertLe(2 * (signature + message), 420_000);
    }

    function test_gasOfTwoShares() external {
        vm.snapshotValue("operations", "court: double checkpoint (tx)", _transaction(address(court), _sharesCall));
    }

    function test_gasOfASettlement() external {
        court.count(operators[0].owner, 4);
        vm.cool(address(court));
        vm.snapshotValue("operations", "court: settle (tx)", _transaction(address(court), _settleCall));
    }

    function test_gasOfACollection() external {
        vm.snapshotValue("operations", "court: collect (tx)", _transaction(address(court), _collectCall));
    }

    function _transaction(address to, bytes memory data) private returns (uint256 today) {
        (today,) = _priced(to, data);
    }
}
