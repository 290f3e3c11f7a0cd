//! When a relayer takes a root block as final: as the chain does, unless the person who runs it says otherwise.

use plasmid_bridge::relay::seen::Finality;
use plasmid_proto::chain::v1::Parameter;

use crate::cli::CliError;

/// When the chain calls a root block final, and that in words.
pub(super) fn chain_finality(parameters: &[Parameter]) -> Result<(Finality, String), CliError> {
    let value = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        found.map(|parameter| parameter.value.as_str())
    };
    let depth = value("finality_depth").and_then(|depth| depth.parse::<u32>().ok());
    match (value("finality_rule"), depth) {
        (Some("tag"), _) => Ok((
            Finality::Tag,
            "when the root node gives it the `finalized` tag".to_owned(),
        )),
        (Some("depth"), Some(depth)) => Ok((
            Finality::Depth(depth),
            format!("when {depth} blocks stand on it"),
        )),
        _ => Err(CliError::new(
            "the node does not say when the chain calls a root block final: name the blocks that must stand on it with --depth",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::parameters::FinalityRule;

    #[test]
    fn a_relayer_follows_the_chains_own_rule_of_finality() {
        let mut chain = crate::ledger::parameters::Parameters::local();
        for rule in [FinalityRule::Tag, FinalityRule::Depth] {
            chain.finality_rule = rule;
            chain.finality_depth = 77;
            let (followed, words) = chain_finality(&crate::wire::parameters(&chain)).unwrap();
            assert_eq!(followed, crate::node::founding::finality(&chain));
            assert_eq!(words.contains("77"), rule == FinalityRule::Depth, "{words}");
        }
        let error = chain_finality(&[]).unwrap_err().to_string();
        assert!(error.contains("--depth"), "{error}");
    }
}
