//! `plasmid init join`: the folder of a node, once the network stands.

use std::path::Path;

use alloy_primitives::{Address, B256};
use plasmid_bridge::{
    abi::IRootChain,
    client::ceremony::{self, Created},
};
use serde_json::{Value, json};

use super::{
    super::{FINAL_PATIENCE, JoinCommand, peer, secrets},
    InitStep,
};
use crate::{
    cli::{CliError, connect::Connection, keys::KeyOptions},
    node::{
        comet::statesync::StateSync,
        config::{Config, Home},
        founding::{
            self,
            home::{self, Place},
        },
        joining::trusted::trusted,
        tools::Tools,
    },
    plain,
};

/// What is said of a checkpoint key that may have signed on another node.
const NO_STATE: &str = "the checkpoint key in this folder has no sign state. Where it has signed on another node, stop that node for good and take its sign state along \
    (`plasmid sign-state export` and `import`, or a copy of data/sign_state where the consensus key stays behind). --new-sign-state begins above what root has accepted, \
    and is for a key whose sign state is nowhere";

impl InitStep {
    pub(in crate::cli::init) async fn join(
        &self,
        command: &JoinCommand,
        connection: &Connection,
        keys: &KeyOptions,
    ) -> Result<(), CliError> {
        let peers = command.peers.iter().map(|text| peer(text));
        let peers = peers.collect::<Result<Vec<_>, _>>()?;
        let created = self.created().await?;
        let root = self.endpoints();
        let agreed = founding::agreed(root, self.registry, &self.plan).await?;
        is_named(command.agreement, agreed.agreement)?;
        let file = founding::check_created(root, &created, &self.plan, &agreed).await?;
        let head = IRootChain::headCall {};
        let head = root.view(created.root_chain, head).await?;
        let home = Home::new(&command.home);
        let statesync = self
            .snapshot(command, connection, created.root_chain)
            .await?;
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
            statesync,
        };
        home::write(&home, &place, &created, &agreed.genesis, &file)?;
        secrets::ensure_data_folder(&home)?;
        let open = |path: &Path| keys.checkpoint_key(path);
        home::ensure_sign_state(&home, created.id, &agreed.genesis, head.accepted, open)?;
        let engine = Tools::new(None)
            .ensure_cometbft()
            .map_err(|error| CliError::new(error.to_string()))?;
        let validates = home.checkpoint_key_path().exists();
        let has_sign_state = home.sign_state_path().exists();
        let joined = Joined {
            home: &command.home,
            chain_id: created.chain_id(),
            deployment: created.id,
            node_id: &node_id,
            validates,
            has_sign_state,
            engine: &engine,
        };
        self.output.object(&joined.shown());
        if validates {
            self.output.say(&shares_go_to(&home.read_config()?));
        }
        if validates && !has_sign_state {
            self.output.say(NO_STATE);
        }
        let password = joined.options();
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

impl InitStep {
    /// From whom the node takes its first state, if from anybody: what is trusted is asked of all root endpoints that the node will ask.
    async fn snapshot(
        &self,
        command: &JoinCommand,
        connection: &Connection,
        root_chain: Address,
    ) -> Result<Option<StateSync>, CliError> {
        if command.snapshot.is_empty() {
            return Ok(None);
        }
        let first = connection.root_address()?;
        let kept = kept_second(&Home::new(&command.home), &first)?;
        let second = command.second_root.clone().or(kept);
        let endpoints: Vec<String> = [Some(first), second].into_iter().flatten().collect();
        let parameters = &self.plan.parameters;
        let root = (
            endpoints.as_slice(),
            root_chain,
            founding::finality(parameters),
        );
        let progress = self
            .output
            .progress("looking for the newest checkpoint on root");
        let found = trusted(root, parameters, &command.snapshot).await;
        progress.finish_and_clear();
        found
            .map(Some)
            .map_err(|error| CliError::new(format!("{error}. Nothing was written")))
    }

    /// The deployment, once it is final.
    async fn created(&self) -> Result<Created, CliError> {
        let progress = self.output.progress("waiting for finality on root");
        let done = ceremony::read_final(
            self.endpoints(),
            self.registry,
            founding::finality(&self.plan.parameters),
            FINAL_PATIENCE,
            &mut |what| self.output.tell(what),
        )
        .await;
        progress.finish_and_clear();
        Ok(done?)
    }
}

/// Where the node hands shares that no vote carried, and who can hand theirs to it, in words.
fn shares_go_to(config: &Config) -> String {
    let places: Vec<_> = config
        .share_with
        .iter()
        .map(|url| plain::place(url))
        .collect();
    let mut told = match places.is_empty() {
        true => "no other node gets the shares over checkpoints that no vote carried: name some with --share-with".to_owned(),
        false => format!(
            "shares over checkpoints that no vote carried go to {}; `plasmid status` says when none of them answers, and --share-with names others",
            places.join(", ")
        ),
    };
    if config.grpc.ip().is_loopback() {
        told.push_str("; members on other machines can hand theirs to this node only if --grpc names an address that they reach");
    }
    told
}

/// The second endpoint of root that stands in a folder which was written before.
pub(in crate::cli::init) fn kept_second(
    home: &Home,
    root: &str,
) -> Result<Option<String>, CliError> {
    if !home.config_path().exists() {
        return Ok(None);
    }
    let config = home.read_config()?;
    Ok(home::second_beside(&config.root.endpoints, root).cloned())
}

/// Refuses a network of other registrations than those that the operators agreed on.
fn is_named(named: Option<B256>, found: B256) -> Result<(), CliError> {
    match named {
        Some(named) if named != found => Err(CliError::new(format!(
            "you named agreement {named}, and this plan with the registrations that the root endpoint shows gives {found}: the endpoint lies, or the \
             plan is another file. Nothing was written"
        ))),
        _ => Ok(()),
    }
}

/// A node's folder that was written.
struct Joined<'a> {
    home: &'a Path,
    chain_id: String,
    deployment: [u8; 20],
    node_id: &'a str,
    validates: bool,
    has_sign_state: bool,
    engine: &'a Path,
}

impl Joined<'_> {
    fn shown(&self) -> Value {
        json!({
            "home": self.home,
            "chain_id": self.chain_id,
            "deployment_id": hex::encode(self.deployment),
            "node_id": self.node_id,
            "validates": self.validates,
            "has_sign_state": self.has_sign_state,
            "engine": self.engine,
        })
    }

    /// What its first `plasmid start` needs besides the folder: a validator without a sign state has one made.
    fn options(&self) -> &'static str {
        match (self.validates, self.has_sign_state) {
            (false, _) => "",
            (true, true) => " --password-file FILE",
            (true, false) => " --password-file FILE --new-sign-state",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_with_another_agreement_than_the_named_one_is_not_joined() {
        let (ours, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
        assert!(is_named(None, ours).is_ok() && is_named(Some(ours), ours).is_ok());
        let said = is_named(Some(ours), other)
            .expect_err("another")
            .to_string();
        assert!(
            said.contains(&ours.to_string()) && said.contains(&other.to_string()),
            "{said}"
        );
    }

    #[test]
    fn a_folder_that_was_written_is_shown_under_its_names_and_with_what_its_start_needs() {
        for (validates, has_sign_state, options) in [
            (false, false, ""),
            (true, true, " --password-file FILE"),
            (true, false, " --password-file FILE --new-sign-state"),
        ] {
            let joined = Joined {
                home: Path::new("home"),
                chain_id: "chain".into(),
                deployment: [1; 20],
                node_id: "id",
                validates,
                has_sign_state,
                engine: Path::new("engine"),
            };
            let expected = json!({
                "home": "home", "chain_id": "chain", "deployment_id": "01".repeat(20), "node_id": "id", "validates": validates,
                "has_sign_state": has_sign_state, "engine": "engine",
            });
            assert_eq!(joined.shown(), expected);
            assert_eq!(joined.options(), options);
        }
    }
}
