// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CanonicalVote} from "../src/court/CanonicalVote.sol";
import {Overlaps} from "../src/court/Overlaps.sol";
import {Settlement} from "../src/court/Settlement.sol";
import {ICourt} from "../src/interfaces/ICourt.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Checkpoints} from "../src/libraries/Checkpoints.sol";
import {ListTree} from "../src/libraries/ListTree.sol";
import {Manifest} from "../src/libraries/Manifest.sol";
import {Members} from "../src/libraries/Members.sol";
import {Messages} from "../src/libraries/Messages.sol";
import {Possession} from "../src/libraries/Possession.sol";
import {Builds} from "./Builds.sol";
import {Ed25519Point} from "./Ed25519Point.sol";
import {Test} from "./Vm.sol";

/// @title What Rust writes, Solidity reads the same: `bridge/vectors/proof.json`
contract VectorsTest is Test {
    using Settlement for Settlement.State;

    string private json;
    mapping(uint256 => Settlement.State) private _cuts;

    function setUp() external {
        json = vm.readFile("../vectors/proof.json");
    }

    function test_everyMessageHashesAndLinksAsInRust() external view {
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".messages[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".messages[", vm.toString(i), "]");
            bytes memory message = vm.parseJsonBytes(json, string.concat(place, ".message"));
            bytes32 hash = Messages.hash(message);
            vm.assertEq(hash, vm.parseJsonBytes32(json, string.concat(place, ".hash")));
            bytes32 previous = vm.parseJsonBytes32(json, string.concat(place, ".previous"));
            uint64 index = uint64(vm.parseJsonUint(json, string.concat(place, ".index")));
            vm.assertEq(Messages.link(index, previous, hash), vm.parseJsonBytes32(json, string.concat(place, ".link")));
            vm.assertEq(this.dueMs(message), vm.parseJsonUint(json, string.concat(place, ".due")));
        }
        vm.assertGe(i, 8);
    }

    function test_aRegistrationsBodyIsWhatRustReads() external view {
        string memory fields = ".messages[0].fields";
        bytes memory body = Messages.registration(
            vm.parseJsonAddress(json, string.concat(fields, ".operator")),
            uint64(vm.parseJsonUint(json, string.concat(fields, ".registration"))),
            vm.parseJsonBytes32(json, string.concat(fields, ".consensusKey")),
            vm.parseJsonBytes(json, string.concat(fields, ".checkpointKey")),
            uint128(vm.parseJsonUint(json, string.concat(fields, ".bountyBond")))
        );
        vm.assertEq(vm.parseJsonUint(json, ".messages[0].kind"), Messages.REGISTRATION);
        bytes memory message = vm.parseJsonBytes(json, ".messages[0].message");
        vm.assertEq(message.length, 33 + 172);
        vm.assertEq(this.bodyOf(message), body);
    }

    function test_aFundingsBodyIsWhatRustReads() external view {
        string memory fields = ".messages[6].fields";
        bytes memory body = Messages.funding(
            uint128(vm.parseJsonUint(json, string.concat(fields, ".amount"))),
            vm.parseJsonAddress(json, string.concat(fields, ".funder"))
        );
        vm.assertEq(vm.parseJsonUint(json, ".messages[6].kind"), Messages.FUNDING);
        bytes memory message = vm.parseJsonBytes(json, ".messages[6].message");
        vm.assertEq(message.length, 33 + 36);
        vm.assertEq(this.bodyOf(message), body);
    }

    function bodyOf(bytes calldata message) external pure returns (bytes memory) {
        return message[33:];
    }

    function dueMs(bytes calldata message) external pure returns (uint64) {
        return Messages.dueMs(message);
    }

    function test_setsHashAsInRust() external view {
        _checkSet(".set4");
        _checkSet(".set7");
    }

    function test_aCheckpointHashesAsInRust() external view {
        vm.assertEq(
            this.digest(_checkpoint(), bytes20(vm.parseJsonBytes(json, ".checkpoint.deployment"))),
            vm.parseJsonBytes32(json, ".checkpoint.digest")
        );
    }

    function digest(IRootChain.Checkpoint calldata content, bytes20 deployment) external pure returns (bytes32) {
        return Checkpoints.digest(content, deployment);
    }

    function test_certificatesOfRustVerify() external view {
        _checkCertificate("All", 4006);
        _checkCertificate("Three", 3005);
    }

    /// @dev The keys, bitmap, absent members, their siblings and the signature, all from Rust.
    function _checkCertificate(string memory name, uint256 expected) private view {
        string memory place = string.concat(".checkpoint.certificate", name);
        uint256[] memory absentNumbers = vm.parseJsonUintArray(json, string.concat(place, ".absent"));
        IRootChain.SetMember[] memory absent = new IRootChain.SetMember[](absentNumbers.length);
        bytes32[] memory siblings;
        for (uint256 i; i < absent.length; ++i) {
            absent[i] = _member(".set4", absentNumbers[i]);
            // With one member away the multiproof is its path.
            siblings = vm.parseJsonBytes32Array(json, string.concat(".set4.proofs[", vm.toString(absentNumbers[i]), "]"));
        }
        bytes memory bits = vm.parseJsonBytes(json, string.concat(place, ".bitmap"));
        (bytes32 low, bytes32 high) = abi.decode(bits, (bytes32, bytes32));
        (bytes memory key, uint256 power) = this.signers(_set(".set4"), [low, high], absent, siblings);
        vm.assertEq(power, expected);
        bytes32 signed = vm.parseJsonBytes32(json, ".checkpoint.digest");
        bytes memory signature = vm.parseJsonBytes(json, string.concat(place, ".signature"));
        vm.assertTrue(Bls.verifyCheckpoint(signature, signed, key));
        vm.assertFalse(Bls.verifyCheckpoint(signature, keccak256("another"), key));
    }

    function signers(
        IRootChain.Set calldata set,
        bytes32[2] calldata bitmap,
        IRootChain.SetMember[] calldata absent,
        bytes32[] calldata siblings
    ) external view returns (bytes memory key, uint256 power) {
        return Members.signers(set, bitmap, absent, siblings);
    }

    function test_possessionIsProvenAsInRust() external {
        IEd25519Verifier verifier = IEd25519Verifier(Builds.deploy(Builds.VERIFIER));
        for (uint256 i; i < 4; ++i) {
            string memory place = string.concat(".possession[", vm.toString(i), "]");
            address registry = vm.parseJsonAddress(json, string.concat(place, ".registry"));
            bytes32 consensusKey = vm.parseJsonBytes32(json, string.concat(place, ".consensusKey"));
            bytes memory checkpointKey = vm.parseJsonBytes(json, string.concat(place, ".checkpointKey"));
            vm.etch(registry, address(this).code);
            bytes32 p = VectorsTest(registry).possession(
                vm.parseJsonAddress(json, string.concat(place, ".operator")), consensusKey, checkpointKey
            );
            vm.assertEq(p, vm.parseJsonBytes32(json, string.concat(place, ".message")));
            bytes memory vote = Possession.vote(p);
            vm.assertEq(vote, vm.parseJsonBytes(json, string.concat(place, ".voteSignBytes")));
            bytes memory signature = vm.parseJsonBytes(json, string.concat(place, ".checkpointSignature"));
            vm.assertTrue(Bls.verifyPossession(signature, p, checkpointKey));
            (bytes32 r, bytes32 s) =
                abi.decode(vm.parseJsonBytes(json, string.concat(place, ".consensusSignature")), (bytes32, bytes32));
            (uint256 xKey,) = Ed25519Point.xOf(consensusKey);
            (uint256 xR,) = Ed25519Point.xOf(r);
            vm.assertTrue(verifier.verify(consensusKey, r, s, vote, xKey, xR));
        }
    }

    function possession(address operator, bytes32 consensusKey, bytes calldata checkpointKey)
        external
        view
        returns (bytes32)
    {
        return Possession.digest(operator, consensusKey, checkpointKey);
    }

    function test_consensusKeysThatRustRefusesAreWeakOrNoPoint() external view {
        bytes32[] memory accepted = vm.parseJsonBytes32Array(json, ".consensusKeys.accepted");
        for (uint256 i; i < accepted.length; ++i) {
            (, bool decodes) = Ed25519Point.xOf(accepted[i]);
            vm.assertTrue(decodes && !Possession.weak(accepted[i]));
        }
        bytes32[] memory refused = vm.parseJsonBytes32Array(json, ".consensusKeys.refused");
        for (uint256 i; i < refused.length; ++i) {
            (, bool decodes) = Ed25519Point.xOf(refused[i]);
            vm.assertTrue(!decodes || Possession.weak(refused[i]));
        }
        vm.assertGe(refused.length, 4);
    }

    function test_theDeploymentIdHashesAsInRust() external view {
        bytes32 id = keccak256(
            abi.encodePacked(
                "PDEP",
                vm.parseJsonUint(json, ".deployment.rootChainId"),
                vm.parseJsonAddress(json, ".deployment.rootChain"),
                vm.parseJsonBytes32(json, ".deployment.parentBlockHash"),
                vm.parseJsonBytes32(json, ".deployment.genesisRoot")
            )
        );
        vm.assertEq(bytes32(bytes20(id)), vm.parseJsonBytes32(json, ".deployment.salt"));
    }

    /// Where a Registry's own `contracts()` are: Manifest.t.sol.
    function test_whatARegistryMakesStandsWhereRustLooks() external view {
        address registry = vm.parseJsonAddress(json, ".manifest.registry");
        uint256 place;
        for (;; ++place) {
            string memory item = string.concat(".manifest.contracts[", vm.toString(place), "]");
            if (!vm.keyExistsJson(json, item)) break;
            vm.assertEq(vm.parseJsonAddress(json, item), vm.computeCreateAddress(registry, place + 1));
        }
        vm.assertEq(place, Manifest.MAX_LENGTH);
        vm.assertEq(vm.parseJsonUint(json, ".manifest.shortest"), Manifest.MIN_LENGTH);
    }

    function test_votesHaveTheSignBytesOfRust() external view {
        bytes memory chain = CanonicalVote.chainId(bytes20(vm.parseJsonAddress(json, ".votes.deployment")));
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".votes.cases[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".votes.cases[", vm.toString(i), "]");
            ICourt.Vote memory vote;
            vote.id = ICourt.BlockId({
                hash: vm.parseJsonBytes32(json, string.concat(place, ".hash")),
                total: uint32(vm.parseJsonUint(json, string.concat(place, ".total"))),
                partsHash: vm.parseJsonBytes32(json, string.concat(place, ".partsHash"))
            });
            vote.secs = int64(uint64(vm.parseJsonUint(json, string.concat(place, ".secsBits"))));
            vote.nanos = uint32(vm.parseJsonUint(json, string.concat(place, ".nanos")));
            bytes memory made = this.signBytes(
                uint8(vm.parseJsonUint(json, string.concat(place, ".kind"))),
                uint64(vm.parseJsonUint(json, string.concat(place, ".height"))),
                uint32(vm.parseJsonUint(json, string.concat(place, ".round"))),
                vote,
                chain
            );
            vm.assertEq(made, vm.parseJsonBytes(json, string.concat(place, ".signBytes")));
        }
        vm.assertGe(i, 6);
    }

    function signBytes(uint8 kind, uint64 height, uint32 round, ICourt.Vote calldata vote, bytes calldata chain)
        external
        pure
        returns (bytes memory)
    {
        return CanonicalVote.signBytes(kind, height, round, vote, chain);
    }

    function test_cutsAreThoseOfRust() external {
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".cuts[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".cuts[", vm.toString(i), "]");
            Settlement.State storage state = _cuts[i];
            for (uint256 j;; ++j) {
                string memory one = string.concat(place, ".offences[", vm.toString(j), "]");
                if (!vm.keyExistsJson(json, one)) break;
                address operator = vm.parseJsonAddress(json, string.concat(one, ".operator"));
                uint64 epoch = uint64(vm.parseJsonUint(json, string.concat(one, ".epoch")));
                uint256 share = vm.parseJsonUint(json, string.concat(one, ".share"));
                state.offences[operator][epoch].share = uint32(share);
                state.reveal(epoch);
                state.count(operator, epoch);
            }
            uint256[] memory convicted = vm.parseJsonUintArray(json, string.concat(place, ".convicted"));
            for (uint256 j; j < 2 * convicted.length; ++j) {
                state.convict(uint64(convicted[j / 2])); // the second time it is nothing
            }
            uint256 least = vm.parseJsonUint(json, string.concat(place, ".least"));
            uint256[] memory cuts = vm.parseJsonUintArray(json, string.concat(place, ".cuts"));
            for (uint64 epoch; epoch < cuts.length; ++epoch) {
                vm.assertEq(state.fraction(epoch, least), cuts[epoch]);
            }
        }
        vm.assertGe(i, 6);
    }

    function test_whoIsInTwoCertificatesIsAsInRust() external view {
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".overlaps[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".overlaps[", vm.toString(i), "]");
            uint256[2] memory first = _bitmap(string.concat(place, ".first"));
            uint256[2] memory second = _bitmap(string.concat(place, ".second"));
            uint256[2] memory both = _bitmap(string.concat(place, ".both"));
            vm.assertEq(first[0] & second[0], both[0]);
            vm.assertEq(first[1] & second[1], both[1]);
            uint256[] memory numbers = vm.parseJsonUintArray(json, string.concat(place, ".numbers"));
            uint256 next;
            for (uint256 number; number < 1024; ++number) {
                bool expected = next < numbers.length && numbers[next] == number;
                vm.assertEq(Overlaps.has(both, uint16(number)), expected);
                if (expected) ++next;
            }
            vm.assertEq(next, numbers.length);
        }
        vm.assertGe(i, 5);
    }

    function _bitmap(string memory place) private view returns (uint256[2] memory) {
        return abi.decode(vm.parseJsonBytes(json, place), (uint256[2]));
    }

    function test_aReportsCommitmentIsThatOfRust() external {
        bytes32 evidence = vm.parseJsonBytes32(json, ".report.evidence");
        address beneficiary = vm.parseJsonAddress(json, ".report.beneficiary");
        bytes32 salt = vm.parseJsonBytes32(json, ".report.salt");
        address court = vm.parseJsonAddress(json, ".report.court");
        vm.chainId(vm.parseJsonUint(json, ".report.rootChainId"));
        // The code of a court, at the address that the vector names: the commitment reads nothing else of it.
        IRegistry.Founding memory founding;
        founding.contracts = new address[](7);
        founding.genesis.court = ICourt.Parameters(1, 1);
        vm.etch(court, Builds.deploy(Builds.COURT, abi.encode(founding)).code);
        bytes32 made = ICourt(court).commitmentOf(evidence, beneficiary, salt);
        vm.assertEq(made, vm.parseJsonBytes32(json, ".report.commitment"));
    }

    /// Three rewards of the report's court.
    function bond() external pure returns (uint128) {
        return 3;
    }

    function verifier() external pure returns (address) {
        return address(1);
    }

    function test_theAgreementHashesAsInRust() external view {
        bytes32 registrations;
        for (uint256 i; i < 3; ++i) {
            string memory place = string.concat(".agreement.registrations[", vm.toString(i), "]");
            registrations = keccak256(
                abi.encodePacked(
                    "PREG",
                    registrations,
                    vm.parseJsonAddress(json, string.concat(place, ".operator")),
                    uint64(vm.parseJsonUint(json, string.concat(place, ".registration"))),
                    vm.parseJsonBytes32(json, string.concat(place, ".consensusKey")),
                    vm.parseJsonBytes(json, string.concat(place, ".checkpointKey")),
                    uint128(vm.parseJsonUint(json, string.concat(place, ".stake"))),
                    uint128(vm.parseJsonUint(json, string.concat(place, ".bond")))
                )
            );
        }
        vm.assertEq(registrations, vm.parseJsonBytes32(json, ".agreement.registrationsHash"));
        bytes32 genesis = keccak256(vm.parseJsonBytes(json, ".agreement.genesis"));
        bytes32 hash = keccak256(abi.encodePacked("PAGR", registrations, genesis));
        vm.assertEq(hash, vm.parseJsonBytes32(json, ".agreement.hash"));
    }

    function _checkSet(string memory place) private view {
        IRootChain.Set memory set = _set(place);
        bytes32[] memory leaves = new bytes32[](set.count);
        for (uint256 i; i < leaves.length; ++i) {
            IRootChain.SetMember memory member = _member(place, i);
            leaves[i] = Members.leaf(
                member.seat,
                member.operator,
                member.registration,
                member.consensusKey,
                member.checkpointKey,
                member.power
            );
            vm.assertEq(
                leaves[i], vm.parseJsonBytes32(json, string.concat(place, ".leaves[", vm.toString(i), "]"))
            );
        }
        vm.assertEq(ListTree.root(leaves), set.membersRoot);
        vm.assertEq(
            Members.commitment(set.membersRoot, set.count, set.aggregateKey, set.totalPower),
            vm.parseJsonBytes32(json, string.concat(place, ".commitment"))
        );
    }

    function _set(string memory place) private view returns (IRootChain.Set memory set) {
        set.membersRoot = vm.parseJsonBytes32(json, string.concat(place, ".membersRoot"));
        set.count = uint16(vm.parseJsonUint(json, string.concat(place, ".count")));
        set.aggregateKey = vm.parseJsonBytes(json, string.concat(place, ".aggregate"));
        set.totalPower = uint64(vm.parseJsonUint(json, string.concat(place, ".total")));
    }

    function _member(string memory place, uint256 i) private view returns (IRootChain.SetMember memory member) {
        string memory item = string.concat("[", vm.toString(i), "]");
        member.number = uint16(i);
        member.seat = uint16(vm.parseJsonUint(json, string.concat(place, ".seats", item)));
        member.operator = vm.parseJsonAddress(json, string.concat(place, ".operators", item));
        member.registration = uint64(vm.parseJsonUint(json, string.concat(place, ".registrations", item)));
        member.consensusKey = vm.parseJsonBytes32(json, string.concat(place, ".consensusKeys", item));
        member.checkpointKey = vm.parseJsonBytes(json, string.concat(place, ".checkpointKeys", item));
        member.power = uint64(vm.parseJsonUint(json, string.concat(place, ".powers", item)));
    }

    function _checkpoint() private view returns (IRootChain.Checkpoint memory content) {
        content.epoch = uint64(vm.parseJsonUint(json, ".checkpoint.epoch"));
        content.lastBlockTime = uint64(vm.parseJsonUint(json, ".checkpoint.lastBlockTime"));
        content.blocksRoot = vm.parseJsonBytes32(json, ".checkpoint.blocksRoot");
        content.stateRoot = vm.parseJsonBytes32(json, ".checkpoint.stateRoot");
        content.inboxCursor = uint64(vm.parseJsonUint(json, ".checkpoint.inboxCursor"));
        content.inboxLink = vm.parseJsonBytes32(json, ".checkpoint.inboxLink");
        content.nextSet = vm.parseJsonBytes32(json, ".checkpoint.nextSet");
        content.relayer = vm.parseJsonAddress(json, ".checkpoint.relayer");
        content.previous = vm.parseJsonBytes32(json, ".checkpoint.previous");
    }
}
