//! What a plan says of its founders from the first block: the commission of each one's line, the bounds of it, and who it is.
//!
//! They stand in the leaves of the genesis, so the agreement of the operators binds them exactly, as it binds every balance.

use alloy_primitives::Address;
use plasmid_staking::Opening;
use serde::{Deserialize, Serialize};

use super::Plan;
use crate::{
    chain::genesis::check_opening,
    ledger::{
        Reject, address,
        transaction::{Profile, Text},
    },
    node::founding::FoundingError,
};

/// What a founder begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FounderTerms {
    /// One of the plan's operators.
    #[serde(with = "address::text")]
    pub operator: Address,
    /// Share of the operator in the rewards, in 1/10,000.
    #[serde(default)]
    pub commission: u16,
    /// The most that the share may become, in 1/10,000; the parameters' `max_commission_bps` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_commission: Option<u16>,
    /// The most by which one change may raise or lower it, in 1/10,000; the parameters' `commission_step_bps` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commission_step: Option<u16>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where its page is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub website: String,
    /// How it is reached.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact: String,
    /// Whatever else it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub details: String,
}

impl FounderTerms {
    /// What somebody begins with of whom nothing is said.
    #[must_use]
    pub fn of(operator: Address) -> Self {
        Self {
            operator,
            commission: 0,
            max_commission: None,
            commission_step: None,
            name: String::new(),
            website: String::new(),
            contact: String::new(),
            details: String::new(),
        }
    }

    /// What its line promises.
    #[must_use]
    pub fn opening(&self) -> Opening {
        Opening {
            commission: self.commission,
            max_commission: self.max_commission,
            commission_step: self.commission_step,
        }
    }

    /// What it says of itself; `None` where it says nothing.
    ///
    /// # Errors
    /// [`FoundingError::Plan`] for a text that is too long or has control characters.
    pub fn profile(&self) -> Result<Option<Profile>, FoundingError> {
        let texts = [&self.name, &self.website, &self.contact, &self.details];
        if texts.iter().all(|text| text.is_empty()) {
            return Ok(None);
        }
        let read = || -> Result<Profile, Reject> {
            Ok(Profile {
                name: Text::new("the name", &self.name)?,
                website: Text::new("the website", &self.website)?,
                contact: Text::new("the contact", &self.contact)?,
                details: Text::new("the details", &self.details)?,
            })
        };
        let refused =
            |why: Reject| FoundingError::Plan(format!("terms: operator {}: {why}", self.operator));
        read().map(Some).map_err(refused)
    }
}

impl Plan {
    /// What the plan says of an operator.
    #[must_use]
    pub fn terms_of(&self, operator: &Address) -> Option<&FounderTerms> {
        self.terms.iter().find(|terms| terms.operator == *operator)
    }

    /// Checks what the plan says of its operators, by the rules that change it later.
    pub(super) fn check_terms(&self) -> Result<(), FoundingError> {
        for (place, terms) in self.terms.iter().enumerate() {
            let operator = terms.operator;
            let refuse = |why: &str| {
                Err(FoundingError::Plan(format!(
                    "terms: operator {operator} {why}"
                )))
            };
            if !self.operators.contains(&operator) {
                return refuse("does not stand in operators");
            }
            let before = self.terms.iter().take(place);
            if before.into_iter().any(|other| other.operator == operator) {
                return refuse("is listed twice");
            }
            let opening = check_opening(operator.into_array(), &terms.opening(), &self.parameters);
            opening.map_err(|why| FoundingError::Plan(format!("terms: {why}")))?;
            terms.profile()?;
        }
        Ok(())
    }
}
