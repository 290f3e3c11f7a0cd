//! Each step of a founding: what it asks of root, what it does there, and what comes next.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use plasmid_bridge::{
    abi::{IRegistry, IRootChain},
    client::{
        ceremony::{self, Artifacts, Progress},
        follower::view_call,
        rpc::{At, Call, Rpc},
        wallet::Wallet,
    },
    relay::seen::Which,
};
use serde_json::json;

use super::{
    DECIMALS, FINAL_PATIENCE, JoinCommand, PlanFile, RegisterCommand, artifacts, peer, secrets,
};
use crate::{
    cli::{CliError, amount, bridge, connect::Connection, keys::KeyOptions, output::Output},
    node::{
        config::Home,
        founding::{
            self, Agreed, FoundingError, Plan,
            home::{self, Place},
        },
        tools::Tools,
    },
    plain,
};

/// One step: the plan, what stands on root, and who acts.
pub(super) struct Step {
    plan: Plan,
    artifacts: Artifacts,
    registry: Address,
    rpc: Arc<Rpc>,
    wallet: Option<Wallet>,
    output: Output,
}

impl Step {
    pub(super) async fn open(
        file: &PlanFile,
        connection: &Connection,
        keys: &KeyOptions,
        from: Option<&str>,
        output: Output,
    ) -> Result<Self, CliError> {
        let plan = Plan::read(&file.plan)?;
        let artifacts = artifacts()?;
        let wanted = plan.parameters.root_chain_id;
        let wallet = match from {
            Some(name) => Some(bridge::wallet(connection, keys, name, wanted).await?),
            None => None,
        };
        let rpc = connection.root()?;
        let found = rpc.chain_id().await?;
        if found != wanted {
            return Err(CliError::new(format!(
                "the root chain at {} has id {found}, and the plan is for {wanted}",
                plain::place(&connection.root_address()?)
            )));
        }
        Ok(Self {
            registry: plan.registry().registry(&artifacts).1,
            plan,
            artifacts,
            rpc,
            wallet,
            output,
        })
    }

    fn wallet(&self) -> Result<&Wallet, CliError> {
        self.wallet
            .as_ref()
            .ok_or_else(|| CliError::new("no key was named: use --from"))
    }

    /// The wallet of an operator that the plan lists.
    fn operator(&self) -> Result<&Wallet, CliError> {
        let wallet = self.wallet()?;
        if self.plan.operators.contains(&wallet.address()) {
            return Ok(wallet);
        }
        Err(CliError::new(format!(
            "{} is no operator of the plan, which lists {:?}",
            wallet.address(),
            self.plan.operators
        )))
    }

    async fn read<C: SolCall>(&self, call: C) -> Result<C::Return, CliError> {
        Ok(view_call(&self.rpc, self.registry, call, At::Latest).await?)
    }

    /// That the Registry is the plan's, and that nothing was created yet.
    async fn open_registry(&self) -> Result<(), CliError> {
        let plan = self.plan.registry();
        ceremony::check_registry(&self.rpc, &self.artifacts, &plan, self.registry)
            .await
            .map_err(|error| {
                CliError::new(format!(
                    "{error}; `plasmid init deploy` makes what is missing"
                ))
            })?;
        if self.read(IRegistry::createdCall {}).await? {
            return Err(CliError::new(
                "the network was created already: `plasmid init join` makes a node's folder",
            ));
        }
        Ok(())
    }

    pub(super) async fn deploy(&self) -> Result<(), CliError> {
        let progress = self.output.progress("deploying verifier and Registry");
        let plan = self.plan.registry();
        let registry = ceremony::deploy(self.wallet()?, &self.artifacts, &plan).await;
        progress.finish_and_clear();
        self.output
            .object(&json!({ "registry": registry?.to_string() }));
        self.output
            .next("plasmid init register --home FOLDER --from KEY --stake AMOUNT");
        Ok(())
    }

    pub(super) async fn register(
        &self,
        command: &RegisterCommand,
        keys: &KeyOptions,
    ) -> Result<(), CliError> {
        let wallet = self.operator()?;
        self.open_registry().await?;
        let stake = amount::parse(&command.stake, DECIMALS)?;
        if stake < self.plan.parameters.unit {
            return Err(CliError::new(format!(
                "a stake of {} coins is less than one unit of power, {} coins",
                command.stake,
                amount::show(self.plan.parameters.unit, DECIMALS)
            )));
        }
        let home = Home::new(&command.home);
        let (pair, node_id) = secrets::validator(&home, keys, self.plan.parameters.root_chain_id)?;
        let progress = self.output.progress("registering");
        let value = U256::from(stake).saturating_add(U256::from(self.plan.bond_wei));
        let done = ceremony::register(wallet, self.registry, &pair, value).await;
        progress.finish_and_clear();
        let receipt = done?;
        self.output.object(&json!({
            "operator": wallet.address().to_string(),
            "consensus_key": hex::encode(pair.consensus_key()),
            "checkpoint_key": hex::encode(pair.checkpoint_key()),
            "node_id": node_id,
            "sent": amount::show(stake.saturating_add(self.plan.bond_wei), DECIMALS),
            "transaction": receipt.hash.to_string(),
        }));
        self.output.say("give the others node_id and where your peers connect: their `init join` takes ID@HOST:PORT");
        self.output.next(&format!(
            "plasmid init agree --from {} (when every operator has registered: `plasmid init status` says)",
            command.from
        ));
        Ok(())
    }

    pub(super) async fn agree(&self) -> Result<(), CliError> {
        let wallet = self.operator()?;
        self.open_registry().await?;
        let agreed = founding::agreed(&self.rpc, self.registry, &self.plan).await?;
        let operator = wallet.address();
        let standing = self.read(IRegistry::agreementByCall { operator }).await?;
        let now = self
            .rpc
            .block(Which::Latest)
            .await?
            .map_or(0, |block| block.time);
        // The same agreement again extends nothing while it locks, and is refused.
        if standing.agreement != agreed.agreement || standing.lockedUntil <= now {
            let progress = self.output.progress("agreeing");
            let done = ceremony::agree(wallet, self.registry, agreed.agreement).await;
            progress.finish_and_clear();
            done?;
        }
        self.output.object(&json!({
            "operator": operator.to_string(),
            "agreement": agreed.agreement.to_string(),
            "genesis_state_root": agreed.built.root().to_string(),
            "sum": amount::show(agreed.built.sum, DECIMALS),
            "first_set": B256::from(agreed.built.sets[1].commitment).to_string(),
        }));
        self.output.next("plasmid init create --from KEY (when every operator has agreed: `plasmid init status` says)");
        Ok(())
    }

    pub(super) async fn refund(&self) -> Result<(), CliError> {
        let wallet = self.operator()?;
        self.open_registry().await?;
        let call = Call::to(self.registry, IRegistry::refundCall {}.abi_encode());
        let receipt = wallet.execute(call).await?;
        self.output.object(&json!({
            "operator": wallet.address().to_string(),
            "transaction": receipt.hash.to_string(),
        }));
        Ok(())
    }

    pub(super) async fn create(&self) -> Result<(), CliError> {
        let wallet = self.wallet()?;
        self.open_registry().await?;
        let agreed = founding::agreed(&self.rpc, self.registry, &self.plan).await?;
        self.may_create(&agreed).await?;
        let balances = agreed.genesis.balances.iter();
        let paid = balances.fold(U256::ZERO, |sum, (_, wei)| {
            sum.saturating_add(U256::from(*wei))
        });
        let (registry, artifacts) = (self.registry, &self.artifacts);
        let mut say = |progress: Progress| {
            let Progress {
                number,
                steps,
                name,
            } = progress;
            self.output
                .say(&format!("step {number} of {steps}: creating the {name}"));
        };
        let arguments = &agreed.arguments;
        let taken =
            ceremony::create(wallet, registry, artifacts, arguments, paid, &mut say).await?;
        let created = ceremony::read_back(&self.rpc, registry).await?;
        self.output.object(&json!({
            "chain_id": created.chain_id(),
            "root_chain": created.root_chain.to_string(),
            "inbox": created.inbox.to_string(),
            "vault": created.vault.to_string(),
            "block": created.block,
            "steps_taken": taken,
        }));
        self.output
            .next("plasmid init join --home FOLDER --peer ID@HOST:PORT --root URL");
        Ok(())
    }

    /// That the next step will find everybody's agreement on this genesis: from the first step on it binds them for a while.
    async fn may_create(&self, agreed: &Agreed) -> Result<(), CliError> {
        let creation = self.read(IRegistry::creationCall {}).await?;
        let begun = creation.agreement;
        if begun != B256::ZERO && begun != agreed.agreement {
            return Err(CliError::new(format!(
                "the creation has begun with agreement {begun}, and the plan with the registrations of now gives {}: use the plan \
                 that it began with; if an operator came back with other keys or another stake, every operator takes its stake back \
                 with `plasmid init refund`, and a plan with another salt begins anew",
                agreed.agreement
            )));
        }
        let now = self.rpc.block(Which::Latest).await?;
        if begun != B256::ZERO && now.is_some_and(|block| block.time < creation.until) {
            return Ok(());
        }
        self.all_agreed(agreed).await
    }

    async fn all_agreed(&self, agreed: &Agreed) -> Result<(), CliError> {
        for operator in self.plan.operators.iter().copied() {
            let found = self.read(IRegistry::agreementByCall { operator }).await?;
            if found.agreement != agreed.agreement {
                return Err(CliError::new(format!(
                    "operator {operator} has agreed on {}, and the plan with its registrations gives {}: \
                     it runs `plasmid init agree` with this plan",
                    found.agreement, agreed.agreement
                )));
            }
        }
        Ok(())
    }

    pub(super) async fn join(
        &self,
        command: &JoinCommand,
        connection: &Connection,
    ) -> Result<(), CliError> {
        let peers = command.peers.iter().map(|text| peer(text));
        let peers = peers.collect::<Result<Vec<_>, _>>()?;
        let created = ceremony::read_back(&self.rpc, self.registry).await?;
        let progress = self
            .output
            .progress("waiting until the creation is final on root");
        let finality = founding::finality(&self.plan);
        ceremony::wait_final(&self.rpc, created.block, finality, FINAL_PATIENCE).await?;
        progress.finish_and_clear();
        let created = ceremony::read_back(&self.rpc, self.registry).await?;
        let agreed = founding::agreed(&self.rpc, self.registry, &self.plan).await?;
        let file = founding::check_created(&self.rpc, &created, &self.plan, &agreed).await?;
        let home = Home::new(&command.home);
        let node_id = secrets::node(&home, self.plan.parameters.root_chain_id)?;
        let endpoints = [
            Some(connection.root_address()?),
            command.second_root.clone(),
        ];
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
            endpoints: endpoints.into_iter().flatten().collect(),
        };
        home::write(&home, &place, &created, &agreed.genesis, &file)?;
        secrets::ensure_data_folder(&home)?;
        let head = IRootChain::headCall {};
        let head = view_call(&self.rpc, created.root_chain, head, At::Latest).await?;
        home::ensure_sign_state(&home, created.id, &agreed.genesis, head.accepted)?;
        let engine = Tools::new(None)
            .ensure_cometbft()
            .map_err(|error| CliError::new(error.to_string()))?;
        let validates = home.checkpoint_key_path().exists();
        self.output.object(&json!({
            "home": command.home,
            "chain_id": created.chain_id(),
            "deployment_id": hex::encode(created.id),
            "node_id": node_id,
            "validates": validates,
            "engine": engine,
        }));
        let password = if validates {
            match home.sign_state_path().exists() {
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

    pub(super) async fn status(&self) -> Result<(), CliError> {
        let plan = self.plan.registry();
        let standing = ceremony::check_registry(&self.rpc, &self.artifacts, &plan, self.registry);
        if let Err(error) = standing.await {
            let hint = format!("{error}; `plasmid init deploy` makes what is missing");
            return Err(CliError::new(hint));
        }
        let wanted = match founding::agreed(&self.rpc, self.registry, &self.plan).await {
            Ok(agreed) => Some(agreed.agreement),
            Err(FoundingError::Unregistered(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let mut rows = Vec::new();
        for (number, operator) in self.plan.operators.iter().copied().enumerate() {
            let index = U256::from(number);
            let member = self.read(IRegistry::memberAtCall { index }).await?;
            let found = self.read(IRegistry::agreementByCall { operator }).await?;
            let agreed = match wanted {
                _ if found.agreement == B256::ZERO => "no",
                Some(wanted) if wanted == found.agreement => "yes",
                _ => "on something else",
            };
            rows.push(json!({
                "operator": operator.to_string(),
                "registered": if member.registration == 0 { "no" } else { "yes" },
                "stake": amount::show(u128::try_from(member.stake).unwrap_or(u128::MAX), DECIMALS),
                "agreed": agreed,
                "locked_until": found.lockedUntil,
            }));
        }
        let columns = ["operator", "registered", "stake", "agreed", "locked_until"];
        self.output.rows("operators", &columns, &rows);
        let creation = self.read(IRegistry::creationCall {}).await?;
        let (made, steps) = (creation.made, creation.steps);
        self.output.say(&if made == steps {
            "the network is created: `plasmid init join` makes a node's folder".to_owned()
        } else if made.is_zero() {
            "the creation has not begun".to_owned()
        } else {
            format!(
                "{made} of {steps} steps of the creation are taken; until root time {} anyone can take the others with `plasmid init create`, \
                 and nobody can take a stake back",
                creation.until
            )
        });
        Ok(())
    }
}
