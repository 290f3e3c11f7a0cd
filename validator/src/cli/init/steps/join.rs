//! `plasmid init join`: the folder of a node, once the network stands.

use std::path::Path;

use plasmid_bridge::{
    abi::IRootChain,
    client::{ceremony, follower::view_call, rpc::At},
};
use serde_json::json;

use super::{
    super::{FINAL_PATIENCE, JoinCommand, peer, secrets},
    Step,
};
use crate::{
    cli::{CliError, connect::Connection, keys::KeyOptions},
    node::{
        config::Home,
        founding::{
            self,
            home::{self, Place},
        },
        tools::Tools,
    },
};

impl Step {
    pub(in crate::cli::init) async fn join(
        &self,
        command: &JoinCommand,
        connection: &Connection,
        keys: &KeyOptions,
    ) -> Result<(), CliError> {
        let peers = command.peers.iter().map(|text| peer(text));
        let peers = peers.collect::<Result<Vec<_>, _>>()?;
        let created = ceremony::read_back(&self.rpc, self.registry).await?;
        let progress = self.output.progress("waiting for finality on root");
        let finality = founding::finality(&self.plan.parameters);
        let mut tell = |what: &str| self.output.tell(what);
        let (block, patience) = (created.block, FINAL_PATIENCE);
        let done = ceremony::wait_final(&self.rpc, block, finality, patience, &mut tell).await;
        progress.finish_and_clear();
        done?;
        let created = ceremony::read_back(&self.rpc, self.registry).await?;
        let agreed = founding::agreed(&self.rpc, self.registry, &self.plan).await?;
        let file = founding::check_created(&self.rpc, &created, &self.plan, &agreed).await?;
        let home = Home::new(&command.home);
        let node_id = secrets::node(&home, self.plan.parameters.root_chain_id)?;
        let place = Place {
            moniker: command.moniker.clone(),
            grpc: command.grpc,
            rpc: command.rpc,
            p2p: command.p2p,
            peers,
            private: command.private,
            share_with: command.share_with.clone(),
            one_machine: false,
            metrics: command.metrics,
            retain_blocks: 0,
            root: connection.root_address()?,
            second_root: command.second_root.clone(),
        };
        home::write(&home, &place, &created, &agreed.genesis, &file)?;
        secrets::ensure_data_folder(&home)?;
        let head = IRootChain::headCall {};
        let head = view_call(&self.rpc, created.root_chain, head, At::Latest).await?;
        let open = |path: &Path| keys.checkpoint_key(path);
        home::ensure_sign_state(&home, created.id, &agreed.genesis, head.accepted, open)?;
        let engine = Tools::new(None)
            .ensure_cometbft()
            .map_err(|error| CliError::new(error.to_string()))?;
        let validates = home.checkpoint_key_path().exists();
        let has_sign_state = home.sign_state_path().exists();
        self.output.object(&json!({
            "home": command.home,
            "chain_id": created.chain_id(),
            "deployment_id": hex::encode(created.id),
            "node_id": node_id,
            "validates": validates,
            // A validator that has none is started with --new-sign-state the first time.
            "has_sign_state": has_sign_state,
            "engine": engine,
        }));
        let password = if validates {
            match has_sign_state {
                true => " --password-file FILE",
                false => " --password-file FILE --new-sign-state",
            }
        } else {
            ""
        };
        let (folder, comet) = (command.home.display(), home.engine());
        self.output
            .say("two processes run a node, the second in another terminal:");
        self.output
            .next(&format!("plasmid start --home {folder}{password}"));
        self.output.next(&format!(
            "{} start --home {}",
            engine.display(),
            comet.folder().display()
        ));
        Ok(())
    }
}
