// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../src/interfaces/ICourt.sol";
import {IDataChallenges} from "../src/interfaces/IDataChallenges.sol";
import {IEd25519Verifier} from "../src/interfaces/IEd25519Verifier.sol";
import {IInbox} from "../src/interfaces/IInbox.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRootChain} from "../src/interfaces/IRootChain.sol";
import {LocalOnly} from "../src/libraries/LocalOnly.sol";
import {BlsSigner} from "./BlsSigner.sol";
import {Builds} from "./Builds.sol";
import {Test} from "./Vm.sol";

/// @title What constructors take: each number at its limits, and one past them
/// @notice Numbers are written out, so that a slip of a unit in a contract is not copied here. The test stands for the Registry of
/// a RootChain with one operator.
contract ParametersTest is Test {
    uint256 private constant DAY = 86_400;
    uint256 private constant YEAR = 31_536_000;
    uint256 private constant TEN_YEARS = 315_360_000;
    uint256 private constant WEEK_MS = 604_800_000;

    uint256 private constant UNIT = 9_007_199_254_740_992; // 2^53

    uint256 private _stake = 1000 * UNIT;

    function setUp() external {
        vm.warp(1_700_000_000);
        vm.roll(10);
    }

    // RootChain.

    function test_rootChainIsRefusedOnAnyRootChainButLocalOnes() external {
        IRegistry.Founding memory arguments = _with("unit", UNIT);
        vm.chainId(11_155_111);
        bytes memory reason = abi.encodeWithSelector(LocalOnly.UnsupportedRootChain.selector, 11_155_111);
        vm.assertEq(Builds.refusal(Builds.ROOT_CHAIN, abi.encode(arguments)), reason);
    }

    function test_rootChainDurationsEndAtTenYears() external {
        _refuses("graceSecs", 0);
        _takes("graceSecs", 1);
        _takes("graceSecs", TEN_YEARS);
        _refuses("graceSecs", TEN_YEARS + 1);
        _refuses("graceSecs", type(uint64).max);
    }

    function test_theTimeoutIsHalfAnHourLongerThanTheLongestEpoch() external {
        _refuses("exitTimeoutSecs", 0);
        _refuses("exitTimeoutSecs", YEAR + 1799);
        _takes("exitTimeoutSecs", YEAR + 1800);
        _takes("exitTimeoutSecs", TEN_YEARS);
        _refuses("exitTimeoutSecs", TEN_YEARS + 1);
        _refuses("exitTimeoutSecs", type(uint64).max);
        _refuses("epochMaxSecs", 0);
        _takes("epochMaxSecs", 1);
        _takes("epochMaxSecs", TEN_YEARS - 1800);
        _refusesOther("epochMaxSecs", TEN_YEARS - 1799, "exitTimeoutSecs", TEN_YEARS);
        _refuses("epochMaxSecs", TEN_YEARS + 1);
        _refuses("epochMaxSecs", type(uint64).max);
    }

    function test_theChallengeWindowEndsAtTenYearsWhichNoEvidenceWindowCovers() external {
        _refuses("challengeSecs", 0);
        _takes("challengeSecs", 1);
        _refusesOther("challengeSecs", TEN_YEARS, "evidenceSecs", 1000);
        _refuses("challengeSecs", TEN_YEARS + 1);
        _refuses("challengeSecs", type(uint64).max);
    }

    function test_theEvidenceWindowCoversChallengeAndDelay() external {
        _refuses("evidenceSecs", 100 + 50 - 1);
        _takes("evidenceSecs", 100 + 50);
        _refusesOther("evidenceSecs", TEN_YEARS, "unbondingSecs", 1_000_000);
        _refuses("evidenceSecs", TEN_YEARS + 1);
        _refuses("evidenceSecs", type(uint64).max);
    }

    function test_theUnbondingCoversEvidenceAndTwoReveals() external {
        _refuses("unbondingSecs", 1000 + 2 * 2 * 12 - 1);
        _takes("unbondingSecs", 1000 + 2 * 2 * 12);
        _takes("unbondingSecs", TEN_YEARS);
        _refuses("unbondingSecs", TEN_YEARS + 1);
        _refuses("unbondingSecs", type(uint64).max);
    }

    function test_blocksAndSlotsHaveTheirRanges() external {
        _refuses("revealBlocks", 1);
        _takes("revealBlocks", 2);
        _takes("revealBlocks", 256);
        _refuses("revealBlocks", 257);
        _refuses("rootBlockSecs", 0);
        _takes("rootBlockSecs", 1);
        _takes("rootBlockSecs", 60);
        _refuses("rootBlockSecs", 61);
        _refuses("rootBlockSecs", type(uint64).max);
        _refuses("epochBlocks", 15);
        _takes("epochBlocks", 16);
        _takes("epochBlocks", 65_535);
        _refuses("epochBlocks", 65_536);
        _refuses("recordSlots", 8);
        _refuses("recordSlots", 9);
        _takes("recordSlots", 10);
        _refuses("recordSlots", 11); // odd
        _takes("recordSlots", 65_536);
        _refuses("recordSlots", 65_537);
        _refuses("recordSlots", 65_538);
    }

    function test_theShortestEpochIsNotLongerThanTheLongest() external {
        _refuses("epochMinSecs", 0);
        _takes("epochMinSecs", 1);
        _takes("epochMinSecs", TEN_YEARS - 1800);
        _refuses("epochMinSecs", TEN_YEARS - 1799);
        _refuses("epochMinSecs", type(uint64).max);
    }

    /// What a plan of `plasmid init` may not say (`bridge/vectors/limits.json`), no constructor takes.
    function test_whatAPlanRefusesTheConstructorsRefuse() external {
        string memory json = vm.readFile("../vectors/limits.json");
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".numbers[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".numbers[", vm.toString(i), "]");
            string memory contract_ = vm.parseJsonString(json, string.concat(place, ".contract"));
            string memory field = vm.parseJsonString(json, string.concat(place, ".field"));
            uint256[] memory refused = vm.parseJsonUintArray(json, string.concat(place, ".refused"));
            vm.assertGt(refused.length, 1);
            for (uint256 j; j < refused.length; ++j) {
                if (_is(contract_, "Registry")) _registryRefuses(field, refused[j]);
                else if (_is(contract_, "Inbox")) _inboxRefuses(field, refused[j]);
                else if (_is(contract_, "Court")) _courtRefusesField(field, refused[j]);
                else if (_is(contract_, "DataChallenges")) _challengesRefuse(field, refused[j]);
                else _refuses(field, refused[j]);
            }
        }
        vm.assertGe(i, 20);
    }

    /// A plan and RootChain ask for the same lengths of the windows that depend on others, and for the same number of records.
    function test_windowsCoverEachOtherAsInAPlan() external {
        string memory json = vm.readFile("../vectors/limits.json");
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".windows[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".windows[", vm.toString(i), "].");
            IRegistry.Founding memory founding = _with("unit", UNIT);
            IRootChain.Parameters memory given = founding.genesis.rootChain;
            founding.genesis.inbox.delaySecs = _number(json, place, "delaySecs");
            given.challengeSecs = _number(json, place, "challengeSecs");
            given.exitTimeoutSecs = _number(json, place, "exitTimeoutSecs");
            given.graceSecs = _number(json, place, "graceSecs");
            given.revealBlocks = uint32(_number(json, place, "revealBlocks"));
            given.rootBlockSecs = _number(json, place, "rootBlockSecs");
            given.epochMaxSecs = _number(json, place, "epochMaxSecs");
            given.epochMinSecs = _number(json, place, "epochMinSecs");
            uint64 evidence = _number(json, place, "leastEvidenceSecs");
            uint64 unbonding = _number(json, place, "leastUnbondingSecs");

            given.evidenceSecs = evidence - 1;
            _refusesFounding(founding, "evidenceSecs", evidence - 1);
            given.evidenceSecs = evidence;
            given.unbondingSecs = unbonding - 1;
            _refusesFounding(founding, "unbondingSecs", unbonding - 1);
            given.unbondingSecs = _number(json, place, "unbondingSecs");
            _needsSlots(founding, uint32(_number(json, place, "leastRecordSlots")));
        }
        vm.assertGe(i, 8);
    }

    function _number(string memory json, string memory place, string memory name) private pure returns (uint64) {
        return uint64(vm.parseJsonUint(json, string.concat(place, name)));
    }

    function _refusesFounding(IRegistry.Founding memory founding, string memory name, uint256 value) private {
        bytes memory reason = abi.encodeWithSelector(IRootChain.ParameterOutOfRange.selector, name, value);
        vm.assertEq(Builds.refusal(Builds.ROOT_CHAIN, abi.encode(founding)), reason);
    }

    /// E 1000, U 2000, T 1900, grace 100, two reveals of two blocks of 12 s: 4048 s; at epochs of 100 s that is 41 and 4 more, and an
    /// unbonding 20 and 4 more in each half.
    function test_theRingHoldsEveryWindowAtTheShortestEpochs() external {
        IRegistry.Founding memory founding = _with("epochMinSecs", 100);
        founding.genesis.rootChain.unbondingSecs = 2000;
        founding.genesis.rootChain.epochMaxSecs = 100;
        founding.genesis.rootChain.exitTimeoutSecs = 1900;
        _needsSlots(founding, 48);
        founding.genesis.rootChain.exitTimeoutSecs = 10_000;
        _needsSlots(founding, 126); // 12,148 s
        founding.genesis.rootChain.exitTimeoutSecs = 10_052;
        _needsSlots(founding, 126); // 12,200 s exactly
        founding.genesis.rootChain.exitTimeoutSecs = 10_053;
        _needsSlots(founding, 128); // 127 are needed, and the number is even
        founding.genesis.rootChain.exitTimeoutSecs = 18_000;
        founding.genesis.rootChain.graceSecs = 2000;
        _needsSlots(founding, 226); // 22,048 s: ten times U in the place of T and grace
        founding.genesis.rootChain.exitTimeoutSecs = 3650 days;
        _needsSlots(founding, 226); // and never more
    }

    function _needsSlots(IRegistry.Founding memory founding, uint32 least) private {
        founding.genesis.rootChain.recordSlots = least - 2;
        _refusesFounding(founding, "recordSlots", least - 2);
        founding.genesis.rootChain.recordSlots = least;
        Builds.deploy(Builds.ROOT_CHAIN, abi.encode(founding));
    }

    function test_theUnitIs2To53AtLeastAndAtMostTheSmallestStake() external {
        _refuses("unit", 0);
        _refuses("unit", 1);
        _refuses("unit", UNIT - 1);
        _takes("unit", UNIT);
        _takes("unit", _stake);
        for (uint256 unit = _stake + 1; unit != 0; unit = unit == _stake + 1 ? type(uint128).max : 0) {
            IRegistry.Founding memory arguments = _with("unit", unit);
            bytes memory reason =
                abi.encodeWithSelector(IRootChain.StakeBelowUnit.selector, address(this), _stake, unit);
            vm.assertEq(Builds.refusal(Builds.ROOT_CHAIN, abi.encode(arguments)), reason);
        }
    }

    /// 2^59, which all that fits the escrow has at the smallest unit, as `plasmid_staking::MAX_TOTAL_POWER`.
    function test_theTotalPowerIsAtMost2To59() external {
        _stake = 576_460_752_303_423_488 * UNIT;
        _takes("unit", UNIT);
        _stake += UNIT;
        IRegistry.Founding memory arguments = _with("unit", UNIT);
        bytes memory reason = abi.encodeWithSelector(IRootChain.PowerTooHigh.selector, 576_460_752_303_423_489);
        vm.assertEq(Builds.refusal(Builds.ROOT_CHAIN, abi.encode(arguments)), reason);
    }

    function test_aSetOrStateThatIsNotTheAgreedOneIsRefused() external {
        IRegistry.Founding memory arguments = _with("unit", UNIT);
        bytes32 set = arguments.genesis.rootChain.setCommitment;
        arguments.genesis.rootChain.setCommitment = ~set;
        bytes memory reason = abi.encodeWithSelector(IRootChain.SetCommitmentMismatch.selector, ~set, set);
        vm.assertEq(Builds.refusal(Builds.ROOT_CHAIN, abi.encode(arguments)), reason);
        arguments.genesis.rootChain.setCommitment = set;
        arguments.genesis.stateRoot = 0;
        reason = abi.encodeWithSelector(IRootChain.ZeroRoot.selector, "genesis state");
        vm.assertEq(Builds.refusal(Builds.ROOT_CHAIN, abi.encode(arguments)), reason);
    }

    // Inbox.

    function test_inboxParametersHaveTheirRanges() external {
        _inboxRange("delaySecs", 1, YEAR);
        _inboxRange("intervalMs", 1, 86_400_000); // a day
        _inboxRange("price", 1, 79_228_162_514_264_337_593_543_950_336); // 2^96
        _inboxRange("doublingSecs", 1, YEAR);
        _inboxRefuses("intervalMs", WEEK_MS);
        _inboxRefuses("delaySecs", type(uint64).max);
        _inboxRefuses("intervalMs", type(uint64).max);
        _inboxRefuses("price", type(uint128).max);
        _inboxRefuses("doublingSecs", type(uint64).max);
    }

    // Registry.

    function test_registryNumbersHaveTheirRanges() external {
        _registryRefuses("lockSecs", 0);
        _registryRefuses("lockSecs", 59);
        _registryTakes("lockSecs", 60);
        _registryTakes("lockSecs", YEAR);
        _registryRefuses("lockSecs", YEAR + 1);
        _registryRefuses("lockSecs", type(uint64).max);
        _registryRefuses("lockSecs", type(uint64).max - 1_700_000_000); // with today's time the largest number
        _registryRefuses("bond", 0);
        _registryTakes("bond", 1);
        _registryTakes("bond", 79_228_162_514_264_337_593_543_950_336); // 2^96
        _registryRefuses("bond", 79_228_162_514_264_337_593_543_950_337);
        _registryRefuses("bond", 1 << 112);
        _registryRefuses("bond", type(uint128).max);
    }

    function test_oneTo128OperatorsAreListed() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        for (uint256 count; count < 130; count = count == 1 ? 128 : count + 1) {
            arguments.operators = new address[](count);
            for (uint256 i; i < count; ++i) {
                arguments.operators[i] = address(uint160(i + 1));
            }
            if (count == 0 || count == 129) {
                bytes memory reason = abi.encodeWithSelector(IRegistry.OperatorCount.selector, count);
                vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
            } else {
                address registry = Builds.deploy(Builds.REGISTRY, abi.encode(arguments));
                vm.assertEq(IRegistry(registry).operatorCount(), count);
            }
        }
    }

    function test_sevenToSixteenCodesAreListed() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        for (uint256 count; count < 20; ++count) {
            arguments.codes = _codes(count);
            if (count < 7 || count > 16) {
                bytes memory reason = abi.encodeWithSelector(IRegistry.CodeCount.selector, count);
                vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
                continue;
            }
            IRegistry registry = IRegistry(Builds.deploy(Builds.REGISTRY, abi.encode(arguments)));
            vm.assertEq(keccak256(abi.encode(registry.codeHashes())), keccak256(abi.encode(arguments.codes)));
            address[] memory contracts = registry.contracts();
            vm.assertEq(contracts.length, count);
            for (uint256 i; i < count; ++i) {
                vm.assertEq(contracts[i], vm.computeCreateAddress(address(registry), i + 1));
            }
            vm.assertEq(registry.inbox(), contracts[0]);
            vm.assertEq(registry.vault(), contracts[1]);
            vm.assertEq(registry.court(), contracts[2]);
            vm.assertEq(registry.rootChain(), contracts[count - 1]);
        }
    }

    function test_noCodeIsZeroOrListedTwice() external {
        IRegistry.Arguments memory arguments = _registryArguments();
        for (uint256 i; i < 16; ++i) {
            arguments.codes = _codes(16);
            arguments.codes[i] = 0;
            bytes memory reason = abi.encodeWithSelector(IRegistry.CodeHashZero.selector, i);
            vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
            for (uint256 j; j < i; ++j) {
                arguments.codes = _codes(16);
                arguments.codes[i] = arguments.codes[j];
                reason = abi.encodeWithSelector(IRegistry.CodeTwice.selector, j, i);
                vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
            }
        }
    }

    function test_theCourtsParametersHaveTheirRanges() external {
        _courtTakes(1, 1);
        _courtTakes(1e9, BOND / 3);
        _courtRefuses(0, 2, "minCut", 0);
        _courtRefuses(1e9 + 1, 2, "minCut", 1e9 + 1);
        _courtRefuses(1, 0, "reward", 0);
        _courtRefuses(1, BOND / 3 + 1, "reward", BOND / 3 + 1);
    }

    /// A bond covers three rewards, by the same numbers as in a plan.
    function test_aBondCoversThreeRewardsAsInAPlan() external {
        string memory json = vm.readFile("../vectors/limits.json");
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".rewards[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".rewards[", vm.toString(i), "].");
            bond = uint128(vm.parseJsonUint(json, string.concat(place, "bond")));
            uint128 most = uint128(vm.parseJsonUint(json, string.concat(place, "most")));
            vm.assertEq(most, bond / 3);
            _courtTakes(1, most);
            _courtRefuses(1, most + 1, "reward", most + 1);
        }
        vm.assertGe(i, 5);
        // Of a bond that has no third there is no reward.
        bond = 2;
        _courtRefuses(1, 1, "reward", 1);
    }

    function _courtTakes(uint64 minCut, uint128 reward) private {
        IRegistry.Founding memory founding = _courtWith(minCut, reward);
        ICourt made = ICourt(Builds.deploy(Builds.COURT, abi.encode(founding)));
        vm.assertEq(abi.encode(made.parameters()), abi.encode(founding.genesis.court));
        vm.assertEq(made.inbox(), address(1));
        vm.assertEq(address(made.rootChain()), address(7));
    }

    function _courtRefuses(uint64 minCut, uint128 reward, string memory name, uint256 value) private {
        bytes memory reason = abi.encodeWithSelector(ICourt.ParameterOutOfRange.selector, name, value);
        vm.assertEq(Builds.refusal(Builds.COURT, abi.encode(_courtWith(minCut, reward))), reason);
    }

    function _courtRefusesField(string memory field, uint256 value) private {
        if (_is(field, "minCut")) _courtRefuses(uint64(value), 1, field, value);
        else if (_is(field, "reward")) _courtRefuses(1, uint128(value), field, value);
        else revert(field);
    }

    function _courtWith(uint64 minCut, uint128 reward) private view returns (IRegistry.Founding memory founding) {
        founding = _with("unit", UNIT);
        founding.genesis.court = ICourt.Parameters(minCut, reward);
    }

    /// W is 1,000 s, A 100, P 200, a block of root 12.
    function test_theParametersOfDataChallengesHaveTheirRanges() external {
        _challengesRefuse("answerSecs", 0);
        _challengesRefuse("answerSecs", 11);
        _challengesTake("answerSecs", 12);
        _challengesTake("answerSecs", 399); // C is 401
        _challengesRefuseOther("answerSecs", 400, "proveSecs", 200);
        _challengesRefuse("answerSecs", 1001);
        _challengesRefuse("answerSecs", type(uint64).max);
        _challengesRefuse("proveSecs", 0);
        _challengesRefuse("proveSecs", 11);
        _challengesTake("proveSecs", 12);
        _challengesTake("proveSecs", 799); // C is 101
        _challengesRefuse("proveSecs", 800);
        _challengesRefuse("proveSecs", type(uint64).max);
        _challengesTake("slotSecs", 0);
        _challengesTake("slotSecs", 100);
        _challengesRefuse("slotSecs", 101);
        _challengesTake("floor", 1);
        _challengesTake("floor", 1 << 80);
        _challengesRefuse("floor", 0);
        _challengesRefuse("floor", (1 << 80) + 1);
        _challengesRefuse("floor", type(uint128).max);
    }

    /// A plan and DataChallenges ask for the same shortest W and U for given A and P.
    function test_windowsOfChallengesFitTogetherAsInAPlan() external {
        string memory json = vm.readFile("../vectors/limits.json");
        uint256 i;
        for (; vm.keyExistsJson(json, string.concat(".challenges[", vm.toString(i), "]")); ++i) {
            string memory place = string.concat(".challenges[", vm.toString(i), "].");
            IRegistry.Founding memory founding = _challengesWith("floor", 1);
            IDataChallenges.Parameters memory given = founding.genesis.challenges;
            given.answerSecs = _number(json, place, "answerSecs");
            given.proveSecs = _number(json, place, "proveSecs");
            IRootChain.Parameters memory root = founding.genesis.rootChain;
            root.rootBlockSecs = _number(json, place, "rootBlockSecs");
            root.challengeSecs = _number(json, place, "leastChallengeSecs");
            root.unbondingSecs = _number(json, place, "leastUnbondingSecs");
            Builds.deploy(Builds.DATA_CHALLENGES, abi.encode(founding));
            --root.unbondingSecs;
            _challengesRefuseFounding(founding, "answerSecs", given.answerSecs);
            --root.challengeSecs;
            _challengesRefuseFounding(founding, "proveSecs", given.proveSecs);
        }
        vm.assertGe(i, 4);
    }

    function _challengesTake(string memory name, uint256 value) private {
        IRegistry.Founding memory founding = _challengesWith(name, value);
        IDataChallenges made = IDataChallenges(Builds.deploy(Builds.DATA_CHALLENGES, abi.encode(founding)));
        IDataChallenges.Parameters memory given = founding.genesis.challenges;
        vm.assertEq(abi.encode(made.parameters()), abi.encode(given));
        vm.assertEq(made.challengeSecs(), 1000 - given.answerSecs - given.proveSecs);
        vm.assertEq(address(made.rootChain()), address(7));
    }

    function _challengesRefuse(string memory name, uint256 value) private {
        _challengesRefuseOther(name, value, name, value);
    }

    function _challengesRefuseOther(string memory name, uint256 value, string memory other, uint256 found) private {
        _challengesRefuseFounding(_challengesWith(name, value), other, found);
    }

    function _challengesRefuseFounding(IRegistry.Founding memory founding, string memory name, uint256 found) private {
        bytes memory reason = abi.encodeWithSelector(IDataChallenges.ParameterOutOfRange.selector, name, found);
        vm.assertEq(Builds.refusal(Builds.DATA_CHALLENGES, abi.encode(founding)), reason);
    }

    function _challengesWith(string memory name, uint256 value) private view returns (IRegistry.Founding memory founding) {
        IDataChallenges.Parameters memory given =
            IDataChallenges.Parameters({answerSecs: 100, proveSecs: 200, slotSecs: 0, floor: 1});
        if (_is(name, "answerSecs")) given.answerSecs = uint64(value);
        else if (_is(name, "proveSecs")) given.proveSecs = uint64(value);
        else if (_is(name, "slotSecs")) given.slotSecs = uint64(value);
        else if (_is(name, "floor")) given.floor = uint128(value);
        else revert(name);
        founding = _with("unit", UNIT);
        founding.genesis.rootChain.challengeSecs = 1000;
        founding.genesis.challenges = given;
    }

    // As the Registry of a RootChain and of a Court.

    uint128 private constant BOND = 3 ether;

    /// @notice As the Registry's: this is who the Court is created by.
    uint128 public bond = BOND;

    function verifier() external view returns (IEd25519Verifier) {
        return IEd25519Verifier(address(this));
    }

    function operatorCount() external pure returns (uint256) {
        return 1;
    }

    function memberAt(uint256) public view returns (IRegistry.Member memory member) {
        member.operator = address(this);
        member.registration = 1;
        member.consensusKey = keccak256("consensus key");
        member.checkpointKey = BlsSigner.key(7);
        member.stake = _stake;
    }

    /// @dev Good ones, but for one field.
    function _with(string memory name, uint256 value) private view returns (IRegistry.Founding memory arguments) {
        IRootChain.Parameters memory given = IRootChain.Parameters({
            setCommitment: 0,
            unit: uint128(UNIT),
            challengeSecs: 100,
            evidenceSecs: 1000,
            unbondingSecs: 1_000_000,
            exitTimeoutSecs: uint64(TEN_YEARS),
            graceSecs: 100,
            rootBlockSecs: 12,
            epochMaxSecs: uint64(TEN_YEARS - 1800),
            epochMinSecs: uint64(YEAR), // so that few slots hold ten years
            revealBlocks: 2,
            epochBlocks: 64,
            recordSlots: 65_536
        });
        if (_is(name, "unit")) given.unit = uint128(value);
        else if (_is(name, "challengeSecs")) given.challengeSecs = uint64(value);
        else if (_is(name, "evidenceSecs")) given.evidenceSecs = uint64(value);
        else if (_is(name, "unbondingSecs")) given.unbondingSecs = uint64(value);
        else if (_is(name, "exitTimeoutSecs")) (given.exitTimeoutSecs, given.epochMaxSecs) = (uint64(value), uint64(YEAR));
        else if (_is(name, "graceSecs")) given.graceSecs = uint64(value);
        else if (_is(name, "rootBlockSecs")) given.rootBlockSecs = uint64(value);
        else if (_is(name, "epochMaxSecs")) (given.epochMaxSecs, given.epochMinSecs) = (uint64(value), 1);
        else if (_is(name, "epochMinSecs")) given.epochMinSecs = uint64(value);
        else if (_is(name, "revealBlocks")) given.revealBlocks = uint32(value);
        else if (_is(name, "epochBlocks")) given.epochBlocks = uint32(value);
        else if (_is(name, "recordSlots")) given.recordSlots = uint32(value);
        else revert(name);
        // Where epochs may be as short as a second, the ring holds little.
        if (given.epochMinSecs == 1) given.unbondingSecs = 2000;
        uint256 power = given.unit == 0 ? 0 : _stake / given.unit;
        given.setCommitment = _commitment(uint64(power));
        arguments.contracts = _contracts();
        arguments.genesis.stateRoot = keccak256("genesis state");
        arguments.genesis.inbox.delaySecs = 50;
        arguments.genesis.rootChain = given;
    }

    function _commitment(uint64 power) private view returns (bytes32) {
        IRegistry.Member memory member = memberAt(0);
        bytes32 leaf = keccak256(
            bytes.concat(
                bytes.concat("PMEM", bytes2(0), bytes20(member.operator), bytes8(uint64(1)), member.consensusKey),
                bytes.concat(member.checkpointKey, bytes8(power))
            )
        );
        return keccak256(bytes.concat("PSET", leaf, bytes2(uint16(1)), member.checkpointKey, bytes8(power)));
    }

    function _takes(string memory name, uint256 value) private {
        IRegistry.Founding memory arguments = _with(name, value);
        IRootChain made = IRootChain(Builds.deploy(Builds.ROOT_CHAIN, abi.encode(arguments)));
        vm.assertEq(keccak256(abi.encode(made.parameters())), keccak256(abi.encode(arguments.genesis.rootChain)));
    }

    function _refuses(string memory name, uint256 value) private {
        _refusesOther(name, value, name, value);
    }

    /// @dev With this value of one field it is another that is found out of its range.
    function _refusesOther(string memory name, uint256 value, string memory other, uint256 found) private {
        _refusesFounding(_with(name, value), other, found);
    }

    function _inboxRange(string memory name, uint256 low, uint256 high) private {
        _inboxRefuses(name, low - 1);
        Builds.deploy(Builds.INBOX, abi.encode(_inboxWith(name, low)));
        Builds.deploy(Builds.INBOX, abi.encode(_inboxWith(name, high)));
        _inboxRefuses(name, high + 1);
    }

    function _inboxRefuses(string memory name, uint256 value) private {
        IRegistry.Founding memory arguments = _inboxWith(name, value);
        bytes memory reason = abi.encodeWithSelector(IInbox.ParameterOutOfRange.selector, name, value);
        vm.assertEq(Builds.refusal(Builds.INBOX, abi.encode(arguments)), reason);
    }

    function _contracts() private pure returns (address[] memory contracts) {
        contracts = new address[](7);
        for (uint160 i; i < 7; ++i) {
            contracts[i] = address(i + 1);
        }
    }

    function _inboxWith(string memory name, uint256 value) private pure returns (IRegistry.Founding memory founding) {
        IInbox.Parameters memory given = IInbox.Parameters(3600, 1000, 1 gwei, 600);
        if (_is(name, "delaySecs")) given.delaySecs = uint64(value);
        else if (_is(name, "intervalMs")) given.intervalMs = uint64(value);
        else if (_is(name, "price")) given.price = uint128(value);
        else if (_is(name, "doublingSecs")) given.doublingSecs = uint64(value);
        else revert(name);
        founding.contracts = _contracts();
        founding.genesis.inbox = given;
    }

    function _codes(uint256 count) private pure returns (bytes32[] memory codes) {
        codes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            codes[i] = keccak256(abi.encode("code", i));
        }
    }

    function _registryArguments() private view returns (IRegistry.Arguments memory arguments) {
        arguments.operators = new address[](1);
        arguments.operators[0] = address(1);
        arguments.verifier = IEd25519Verifier(address(this));
        arguments.codes = _codes(7);
        arguments.bond = 1;
        arguments.lockSecs = 60;
    }

    function _registryWith(string memory name, uint256 value)
        private
        view
        returns (IRegistry.Arguments memory arguments)
    {
        arguments = _registryArguments();
        if (_is(name, "bond")) arguments.bond = uint128(value);
        else if (_is(name, "lockSecs")) arguments.lockSecs = uint64(value);
        else revert(name);
    }

    function _registryTakes(string memory name, uint256 value) private {
        Builds.deploy(Builds.REGISTRY, abi.encode(_registryWith(name, value)));
    }

    function _registryRefuses(string memory name, uint256 value) private {
        IRegistry.Arguments memory arguments = _registryWith(name, value);
        bytes memory reason = abi.encodeWithSelector(IRegistry.ParameterOutOfRange.selector, name, value);
        vm.assertEq(Builds.refusal(Builds.REGISTRY, abi.encode(arguments)), reason);
    }

    function _is(string memory left, string memory right) private pure returns (bool) {
        return keccak256(bytes(left)) == keccak256(bytes(right));
    }
}
