//! In what a plan differs from the preset that it is nearest to: a window of seconds in a plan of days is seen before anybody agrees on it.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::super::Preset;
use crate::{
    cli::{CliError, output::Output},
    node::founding::Plan,
};

/// What tells apart networks of one preset.
const OWN: [&str; 7] = [
    "version",
    "salt",
    "operators",
    "balances",
    "delegations",
    "terms",
    "parameters",
];

/// A plan beside the preset with which it has most in common.
pub(super) struct Differences {
    preset: Preset,
    rows: Vec<OtherField>,
}

/// A field of the plan, as it stands there and in the preset.
struct OtherField {
    name: String,
    plan: String,
    preset: String,
}

impl Differences {
    pub(super) fn of(plan: &Plan) -> Result<Self, CliError> {
        let given = fields(plan)?;
        let mut nearest: Option<Self> = None;
        for preset in [Preset::Network, Preset::Local] {
            let usual = fields(&preset.plan(plan.operators.clone()))?;
            let differs = |(name, value): &(String, String)| {
                let usual = usual.iter().find(|(usual, _)| usual == name);
                let usual = usual.map_or("", |(_, usual)| usual);
                (usual != value).then(|| OtherField {
                    name: name.clone(),
                    plan: value.clone(),
                    preset: usual.to_owned(),
                })
            };
            let rows: Vec<_> = given.iter().filter_map(differs).collect();
            if nearest
                .as_ref()
                .is_none_or(|nearest| rows.len() < nearest.rows.len())
            {
                nearest = Some(Self { preset, rows });
            }
        }
        nearest.ok_or_else(|| CliError::new("there is no preset to compare the plan with"))
    }

    /// A line each.
    pub(super) fn say(&self, output: Output) {
        for line in self.lines() {
            output.say(&line);
        }
    }

    fn lines(&self) -> Vec<String> {
        let name = self.name();
        let first = match self.rows.as_slice() {
            [] => format!("the plan has the parameters of the preset {name}"),
            rows => format!(
                "the plan is nearest to the preset {name}, and differs from it in {}:",
                rows.len()
            ),
        };
        let rows = self.rows.iter().map(|row| {
            let OtherField {
                name: field,
                plan,
                preset,
            } = row;
            format!("  {field} is {plan}, and {preset} in the preset {name}")
        });
        [first].into_iter().chain(rows).collect()
    }

    /// Puts all beside the fields of `object`.
    pub(super) fn add_to(&self, object: &mut Value) {
        let rows = self
            .rows
            .iter()
            .map(|row| json!({ "name": row.name, "plan": row.plan, "preset": row.preset }));
        object["preset"] = self.name().into();
        object["differences"] = rows.collect::<Vec<_>>().into();
    }

    fn name(&self) -> String {
        let value = self.preset.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The fields that a preset chooses, as they are in the file.
fn fields(plan: &Plan) -> Result<Vec<(String, String)>, CliError> {
    let plan = serde_json::to_value(plan)?;
    let nothing = Map::new();
    let object = |value: &Value| value.as_object().unwrap_or(&nothing).clone();
    let parameters = object(&plan["parameters"]);
    let parameters = parameters
        .into_iter()
        .map(|(name, value)| (format!("parameters.{name}"), value));
    let own = object(&plan).into_iter();
    let own = own.filter(|(name, _)| !OWN.contains(&name.as_str()));
    let text = |value: Value| match value {
        Value::String(text) => text,
        value => value.to_string(),
    };
    Ok(own
        .chain(parameters)
        .map(|(name, value)| (name, text(value)))
        .collect())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256};

    use super::*;

    #[test]
    fn a_plan_is_shown_beside_its_preset_with_every_field_that_differs() {
        for (preset, name) in [(Preset::Network, "network"), (Preset::Local, "local")] {
            let mut plan = preset.plan(vec![Address::repeat_byte(1)]);
            plan.salt = B256::repeat_byte(3);
            let same = Differences::of(&plan).expect("a plan");
            let mut shown = json!({});
            same.add_to(&mut shown);
            assert_eq!(shown, json!({ "preset": name, "differences": [] }));
            assert_eq!(
                same.lines(),
                [format!("the plan has the parameters of the preset {name}")]
            );
            let usual = plan.clone();
            plan.bond_wei = 7;
            plan.parameters.challenge_secs = 9;
            let other = Differences::of(&plan).expect("a plan");
            other.add_to(&mut shown);
            let challenge = usual.parameters.challenge_secs.to_string();
            let expected = json!([
                { "name": "bond_wei", "plan": "7", "preset": usual.bond_wei.to_string() },
                { "name": "parameters.challenge_secs", "plan": "9", "preset": challenge },
            ]);
            assert_eq!(shown["differences"], expected);
            let lines = other.lines();
            assert!(lines[0].ends_with("in 2:"), "{lines:?}");
            assert_eq!(
                lines[2],
                format!("  parameters.challenge_secs is 9, and {challenge} in the preset {name}")
            );
        }
    }
}
