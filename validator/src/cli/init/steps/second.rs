//! A second endpoint of root, which must say what the first one says.

use plasmid_bridge::client::{
    endpoints::Endpoints,
    rpc::{Limits, Rpc},
};

use super::Step;
use crate::cli::{CliError, output};

impl Step {
    /// With a second endpoint of root, which every reading that decides is compared with. Without one a person is told what depends on the only
    /// one, unless it is on this machine.
    pub(in crate::cli::init) async fn beside(
        mut self,
        second: Option<&str>,
        risk: &str,
    ) -> Result<Self, CliError> {
        let Some(url) = second else {
            if !self.rpc.is_on_loopback() {
                output::note(&format!(
                    "only one endpoint of the root chain is believed, {}: {risk}. Name a second one with --second-root",
                    self.rpc.place()
                ));
            }
            return Ok(self);
        };
        let second = Rpc::new(url, Limits::default())?;
        if second.is_same(&self.rpc) {
            return Err(CliError::new(format!(
                "--second-root names the same endpoint as --root, {}: name one that somebody else runs",
                second.place()
            )));
        }
        self.second = Some(second);
        self.endpoints().chain_id().await?;
        Ok(self)
    }

    /// The endpoints that everything is asked of which decides.
    pub(super) fn endpoints(&self) -> Endpoints<'_> {
        Endpoints::new(&self.rpc, self.second.as_ref())
    }
}
