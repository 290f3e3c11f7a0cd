//! The Registry's errors.

use crate::abi::IRegistry::IRegistryErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::OperatorCount(e) => format!("{} operators are listed; 1 to 128 can be", e.count),
        E::OperatorZero(e) => format!("operator {} of the list is the zero address", e.index),
        E::OperatorTwice(e) => format!("operator {} is listed twice", e.operator),
        E::NoVerifier(e) => format!(
            "there is no Ed25519 verifier at {}; `plasmid init deploy` makes it",
            e.verifier
        ),
        E::CodeCount(e) => format!(
            "the manifest has {} codes; 7 to 16 can be, the Inbox, the Vault, the Court, Exits, the FraudCourt, DataChallenges and RootChain among them",
            e.count
        ),
        E::CodeHashZero(e) => format!("code {} of the manifest is zero", e.step),
        E::CodeTwice(e) => format!(
            "codes {} and {} of the manifest are the same",
            e.first, e.second
        ),
        E::ParameterOutOfRange(e) => super::parameter(&e.name, e.value),
        E::NotListed(e) => format!("{} is not a genesis operator of this Registry", e.sender),
        E::AlreadyRegistered(e) => format!("{} is registered already", e.operator),
        E::NotRegistered(e) => format!(
            "{} is not registered; it runs `plasmid init register`",
            e.operator
        ),
        E::RegistrationClosed(_) => {
            "the network is created, so genesis is over; `plasmid bridge register` registers a validator from now on"
                .to_owned()
        }
        E::NotCreated(_) => {
            "the network is not created yet, so nobody registers but its genesis operators, by `plasmid init register`, and no bond is raised"
                .to_owned()
        }
        E::BondOutOfRange(e) => format!(
            "the bond would be {} wei, and a registration's bond is {} to {}",
            e.bond, e.min, e.max
        ),
        E::ValueTooLow(e) => super::too_low(e.needed, e.value),
        E::ExcessNotTaken(e) => super::excess(e.sender, e.excess),
        E::UnknownRegistration(e) => format!(
            "operator {} has no registration {}; look at its number again, nothing was paid",
            e.operator, e.registration
        ),
        E::NotCourt(e) => format!(
            "only the Court pays from bonds, and {} asked for it",
            e.sender
        ),
        E::RewardNotTaken(e) => format!(
            "{} did not take the {} wei that its report is paid; its account must be able to receive coin",
            e.to, e.amount
        ),
        E::Closing(e) => format!(
            "the deployment is closing, with exit mode from root time {} on: no bond is raised any more, because nobody could take it back",
            e.exitAt
        ),
        E::NothingSent(_) => "a bond is raised by at least 1 wei".to_owned(),
        E::OtherChainId(e) => format!(
            "the root chain has id {} now, and had {} when this Registry was made: the other contracts are made under that one alone",
            e.seen, e.expected
        ),
        E::AlreadyCreated(_) => {
            "the network is created already; `plasmid init join` makes a node's folder".to_owned()
        }
        E::StakeMissing(e) => format!(
            "{} wei were sent, and more than the bond of {} are needed",
            e.value, e.bond
        ),
        E::WeakConsensusKey(e) => format!(
            "consensus key {} is of small order or not canonical, so that others could sign for it; make another",
            e.key
        ),
        E::KeyTaken(e) => format!(
            "the {} was registered by operator {}; make another: a key never serves two operators, and one that was replaced never comes back",
            super::foreign(&e.key).trim_matches('"'),
            e.operator
        ),
        E::KeysUnchanged(e) => format!(
            "both keys are those of registration {} of operator {} already; a registration changes at least one of them",
            e.registration, e.operator
        ),
        E::BadPossession(e) => format!(
            "the proof that the operator holds its {} is wrong; register with the key's own file, from the operator's own account",
            super::foreign(&e.key).trim_matches('"')
        ),
        E::Locked(e) => format!(
            "the stake is locked until root time {}, by an agreement or because the creation has begun, and it is {}; wait until then",
            e.until, e.time
        ),
        E::AgreementZero(_) => "zero is not an agreement".to_owned(),
        E::RefundNotTaken(e) => format!(
            "operator {} did not take its {} wei; its account must be able to receive coin",
            e.operator, e.amount
        ),
        E::NotAgreed(e) => format!(
            "operator {} agreed on {}, and the genesis is {}; it runs `plasmid init agree` with this plan",
            e.operator, e.agreed, e.wanted
        ),
        E::AgreementLapsed(e) => format!(
            "the agreement of operator {} ran out at root time {}, and it is {}; it runs `plasmid init agree` again",
            e.operator, e.until, e.time
        ),
        E::BegunWithAnother(e) => format!(
            "the creation has begun with agreement {}, and this one is {}; use the plan that it began with, or take the stakes back with \
             `plasmid init refund`",
            e.begun, e.given
        ),
        E::NotNextStep(e) => format!(
            "step {} of the creation is next, and step {} was sent: somebody else took it; `plasmid init create` goes on",
            e.next, e.given
        ),
        E::CodeMismatch(e) => format!(
            "the code of step {} has hash {}, and the Registry wants {}; use the version of plasmid that made the Registry",
            e.step, e.given, e.expected
        ),
        E::SigmaTooHigh(e) => format!(
            "stakes and balances add up to {} wei; at most 2^112 go into the Vault",
            e.sigma
        ),
        E::SigmaTooLow(e) => format!(
            "the sum of the genesis is {} wei, and the stakes alone are {}",
            e.sigma, e.stakes
        ),
        E::BalancesMismatch(e) => format!(
            "{} wei came with this step, and the genesis balances that it takes are {}",
            e.value, e.expected
        ),
        E::CreationFailed(e) => format!(
            "the contract of step {} was not created, and it gives no reason; the gas may have run out, try again with more",
            e.step
        ),
    }
}
