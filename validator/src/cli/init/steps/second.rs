//! A second endpoint of root, which must say what the first one says.

use std::fmt;

use plasmid_bridge::client::{
    endpoints::Endpoints,
    rpc::{Limits, Rpc},
};

use super::InitStep;
use crate::cli::{CliError, init::SecondRoot, output};

/// The endpoint of root at this address, which must be another one than the first; `None` when no address is named. A person is then told what
/// depends on the only one, unless it is on this machine.
pub(in crate::cli) fn second_endpoint(
    first: &Rpc,
    second: Option<&str>,
    risk: &str,
) -> Result<Option<Rpc>, CliError> {
    let Some(url) = second else {
        if !first.is_on_loopback() {
            output::note(&format!(
                "only one endpoint of the root chain is believed, {}: {risk}. Name a second one with --second-root",
                first.place()
            ));
        }
        return Ok(None);
    };
    let second = Rpc::new(url, Limits::default())?;
    if second.is_same(first) {
        return Err(CliError::new(format!(
            "--second-root names the same endpoint as --root, {}: name one that somebody else runs",
            second.place()
        )));
    }
    Ok(Some(second))
}

impl fmt::Display for SecondRoot {
    /// As it is typed behind other options, without the endpoint itself, which may hold a provider's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.second_root {
            Some(_) => f.write_str(" --second-root URL"),
            None => Ok(()),
        }
    }
}

impl InitStep {
    /// With a second endpoint of root, which every reading that decides is compared with. Without one a person is told what depends on the only
    /// one, unless it is on this machine.
    pub(in crate::cli::init) async fn beside(
        mut self,
        second: Option<&str>,
        risk: &str,
    ) -> Result<Self, CliError> {
        let Some(second) = second_endpoint(&self.rpc, second, risk)? else {
            return Ok(self);
        };
        self.second = Some(second);
        self.endpoints().chain_id().await?;
        Ok(self)
    }

    /// The endpoints that everything is asked of which decides.
    pub(super) fn endpoints(&self) -> Endpoints<'_> {
        Endpoints::new(&self.rpc, self.second.as_ref())
    }
}
