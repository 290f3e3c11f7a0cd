//! When a relayer takes a root block as final: as the chain does, unless the person who runs it says otherwise.

use plasmid_bridge::relay::seen::Finality;
use plasmid_proto::chain::v1::Parameter;

use crate::cli::{CliError, connect};

/// When all nodes say that the chain calls a root block final, and that in words.
pub(super) fn chain_finality(
    told: &[(String, Vec<Parameter>)],
) -> Result<(Finality, String), CliError> {
    let differ = |[(other, (_, before)), (node, (_, rule))]: [(&str, &(Finality, String)); 2]| {
        format!(
            "a root block is final {before} as the node at {other} says, and {rule} as the one at {node} says: one of them lies, so name the \
             blocks that must stand on it with --depth"
        )
    };
    let nobody = "no node says the chain's parameters: name the blocks that must stand on a root block with --depth";
    connect::agreed(told, finality_of, differ, nobody)
}

fn finality_of(parameters: &[Parameter]) -> Result<(Finality, String), CliError> {
    let value = |name| connect::value_of(parameters, name);
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
        let mut all = Vec::new();
        for rule in [FinalityRule::Tag, FinalityRule::Depth] {
            chain.finality_rule = rule;
            chain.finality_depth = 77;
            let told = (format!("node {rule:?}"), crate::wire::parameters(&chain));
            let (followed, words) = chain_finality(&[told.clone(), told.clone()]).unwrap();
            assert_eq!(followed, crate::node::founding::finality(&chain));
            assert_eq!(words.contains("77"), rule == FinalityRule::Depth, "{words}");
            all.push(told);
        }
        let differ = chain_finality(&all).unwrap_err().to_string();
        for word in ["node Tag", "node Depth", "--depth"] {
            assert!(differ.contains(word), "{differ}");
        }
        let silent = [("a".to_owned(), Vec::new())];
        assert!(
            chain_finality(&silent)
                .unwrap_err()
                .to_string()
                .contains("--depth")
        );
        let error = chain_finality(&[]).unwrap_err().to_string();
        assert!(error.contains("--depth"), "{error}");
    }
}
