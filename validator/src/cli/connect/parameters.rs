//! The chain's parameters, as several nodes say them: a command that follows from them believes none alone.

use std::time::Duration;

use plasmid_proto::chain::v1::{
    GetParametersRequest, Parameter, chain_service_client::ChainServiceClient,
};

use super::channel_to;
use crate::{cli::CliError, plain};

/// How long a node may take to say them.
const PATIENCE: Duration = Duration::from_secs(10);

/// The chain's parameters as each of these nodes says them, with its address as it may be shown. One that does not answer is left out while
/// another one does.
///
/// # Errors
/// When none answers.
pub async fn all_parameters(nodes: &[String]) -> Result<Vec<(String, Vec<Parameter>)>, CliError> {
    let (mut told, mut failed) = (Vec::new(), None);
    for node in nodes {
        let place = plain::place(node);
        let asked = tokio::time::timeout(PATIENCE, parameters_of(node)).await;
        match asked {
            Ok(Ok(parameters)) => told.push((place, parameters)),
            Ok(Err(error)) => failed = Some(error),
            Err(_) => {
                let why =
                    format!("the node at {place} does not say the chain's parameters in time");
                failed = Some(CliError::new(why));
            }
        }
    }
    match failed.filter(|_| told.is_empty()) {
        Some(error) => Err(error),
        None => Ok(told),
    }
}

/// What all nodes say alike: `read` takes it from the parameters of one. Where two differ, `differ` says in words what each of them says; `nobody`
/// is the error where no node says anything.
///
/// # Errors
/// What `read` finds wrong, and the two above.
pub fn agreed<T: PartialEq>(
    told: &[(String, Vec<Parameter>)],
    read: impl Fn(&[Parameter]) -> Result<T, CliError>,
    differ: impl Fn([(&str, &T); 2]) -> String,
    nobody: &str,
) -> Result<T, CliError> {
    let mut known: Option<(&str, T)> = None;
    for (node, parameters) in told {
        let said = read(parameters)?;
        match &known {
            Some((other, before)) if *before != said => {
                return Err(CliError::new(differ([(other, before), (node, &said)])));
            }
            _ => known = Some((node, said)),
        }
    }
    let (_, said) = known.ok_or_else(|| CliError::new(nobody))?;
    Ok(said)
}

/// The value of a parameter, where it is among them.
pub fn value_of<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    let found = parameters.iter().find(|parameter| parameter.name == name);
    found.map(|parameter| parameter.value.as_str())
}

async fn parameters_of(node: &str) -> Result<Vec<Parameter>, CliError> {
    let mut client = ChainServiceClient::new(channel_to(node).await?);
    let answer = client.get_parameters(GetParametersRequest {}).await?;
    Ok(answer.into_inner().parameters)
}
