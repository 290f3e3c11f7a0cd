//! Each step of a founding: what it asks of root, what it does there, and what comes next.

mod begun;
mod join;
mod money;
mod preset;
mod seat;
mod second;
mod shown;
mod status;
mod table;

pub(super) use self::join::kept_second;
pub(in crate::cli) use self::second::second_endpoint;

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use plasmid_bridge::{
    abi::IRegistry,
    client::{
        ceremony::{self, Artifacts, CeremonyError, CreationStep},
        rpc::Rpc,
        wallet::Wallet,
    },
};
use serde_json::json;

use self::{
    begun::Begun,
    money::Money,
    preset::Differences,
    shown::{Consent, Registered},
    table::OperatorTable,
};
use super::{DECIMALS, FINAL_PATIENCE, PlanFile, RegisterCommand, artifacts, secrets};
use crate::{
    cli::{
        CliError, amount, bridge,
        connect::Connection,
        keys::KeyOptions,
        output::{Output, listed},
    },
    node::{
        config::Home,
        founding::{self, AgreedGenesis, FoundingError, Plan},
    },
    plain,
};

/// One step: the plan, what stands on root, and who acts.
pub(super) struct InitStep {
    plan: Plan,
    artifacts: Artifacts,
    registry: Address,
    rpc: Arc<Rpc>,
    /// What the first endpoint says of what decides, this one must say, too.
    second: Option<Rpc>,
    wallet: Option<Wallet>,
    output: Output,
}

impl InitStep {
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
        let registry = plan.registry().registry(&artifacts).1;
        plan.check_contracts(registry)?;
        Ok(Self {
            registry,
            plan,
            artifacts,
            rpc,
            second: None,
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
            "{} is not an operator of the plan, which lists {}",
            wallet.address(),
            listed(&self.plan.operators)
        )))
    }

    async fn read<C: SolCall>(&self, call: C) -> Result<C::Return, CliError> {
        Ok(self.endpoints().view(self.registry, call).await?)
    }

    /// That the Registry is the plan's.
    async fn is_deployed(&self) -> Result<(), CliError> {
        let plan = self.plan.registry();
        ceremony::check_registry(self.endpoints(), &self.artifacts, &plan, self.registry)
            .await
            .map_err(|error| match error {
                CeremonyError::NoCode { .. } => CliError::new(format!(
                    "{error}; `plasmid init deploy` makes what is missing"
                )),
                error => error.into(),
            })
    }

    /// That the Registry is the plan's, that no reorganisation of root can take it away any more, and that nothing was created yet.
    async fn open_registry(&self) -> Result<(), CliError> {
        self.is_deployed().await?;
        let progress = self.output.progress("waiting for finality on root");
        let done = ceremony::wait_registry_final(
            self.endpoints(),
            &self.artifacts,
            &self.plan.registry(),
            founding::finality(&self.plan.parameters),
            FINAL_PATIENCE,
            &mut |what| self.output.tell(what),
        )
        .await;
        progress.finish_and_clear();
        done?;
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
        self.tell_begun().await?;
        let stake = amount::parse(&command.stake, DECIMALS)?;
        seat::check(&self.plan.parameters, stake)?;
        let home = Home::new(&command.home);
        let (pair, node_id) = secrets::validator(&home, keys, self.plan.parameters.root_chain_id)?;
        let sum = stake.saturating_add(self.plan.bond_wei);
        self.output.tell(&format!(
            "registering sends {} coins: the stake of {} and the plan's bond of {}",
            amount::show(sum, DECIMALS),
            amount::show(stake, DECIMALS),
            amount::show(self.plan.bond_wei, DECIMALS)
        ));
        let progress = self.output.progress("registering");
        let value = U256::from(sum);
        let done = ceremony::register(wallet, self.registry, &pair, value).await;
        progress.finish_and_clear();
        let receipt = done?;
        let registered = Registered {
            operator: wallet.address(),
            consensus_key: &pair.consensus_key(),
            checkpoint_key: &pair.checkpoint_key(),
            node_id: &node_id,
            sent: sum,
            transaction: receipt.hash,
        };
        self.output.object(&registered.shown());
        self.output.say("give the others node_id and where your peers connect: their `init join` takes ID@HOST:PORT");
        self.output.next(&format!(
            "plasmid init status, then plasmid init agree --from {} --agreement HASH, with the hash that it shows when every operator has \
             registered",
            command.from
        ));
        Ok(())
    }

    pub(super) async fn agree(&self, wanted: B256) -> Result<(), CliError> {
        let wallet = self.operator()?;
        self.open_registry().await?;
        let agreed = self.agreed(&Money::of(&self.plan)?).await?;
        let table = OperatorTable::of(&agreed);
        // What is signed is what a person has looked at, and not what root happens to hold now.
        if agreed.agreement != wanted {
            return Err(CliError::new(format!(
                "you named agreement {wanted}, and this plan with what is registered now gives {}: an operator has come back with another \
                 stake or other keys since that was shown, or the plan is another file. Nothing was sent. Registered now: {}. See \
                 `plasmid init status`, and agree on what all operators want",
                agreed.agreement,
                table.sentence()
            )));
        }
        let money = Money::of(&self.plan)?;
        self.output.tell(&money.sentence());
        let differences = Differences::of(&self.plan)?;
        differences.say(self.output);
        let operator = wallet.address();
        let standing = self.read(IRegistry::agreementByCall { operator }).await?;
        let now = self.now().await?;
        let mut transaction = None;
        // The same agreement again extends nothing while it locks, and is refused.
        if standing.agreement != agreed.agreement || standing.lockedUntil <= now {
            let progress = self.output.progress("agreeing");
            let done = ceremony::agree(wallet, self.registry, agreed.agreement).await;
            progress.finish_and_clear();
            transaction = Some(done?.hash.to_string());
        }
        let consent = Consent {
            operator,
            agreement: agreed.agreement,
            genesis_state_root: agreed.built.root(),
            sum: agreed.built.sum,
            first_set: B256::from(agreed.built.sets[1].commitment),
            transaction,
        };
        let mut object = consent.shown();
        money.add_to(&mut object);
        differences.add_to(&mut object);
        table.show(self.output, &mut object);
        self.output.next(&format!(
            "plasmid init create --from KEY --pay {} (when every operator has agreed: `plasmid init status` says)",
            money.paid_text()
        ));
        Ok(())
    }

    pub(super) async fn refund(&self) -> Result<(), CliError> {
        let wallet = self.operator()?;
        self.open_registry().await?;
        self.tell_begun().await?;
        let receipt = ceremony::refund(wallet, self.registry).await?;
        self.output.object(&json!({
            "operator": wallet.address().to_string(),
            "transaction": receipt.hash.to_string(),
        }));
        Ok(())
    }

    pub(super) async fn create(&self, pay: Option<&str>) -> Result<(), CliError> {
        let wallet = self.wallet()?;
        let money = Money::of(&self.plan)?;
        money.require(pay)?;
        self.open_registry().await?;
        let agreed = self.agreed(&money).await?;
        self.may_create(&agreed, &money).await?;
        self.output.tell(&money.sentence());
        let paid = U256::from(money.paid);
        let (registry, artifacts) = (self.registry, &self.artifacts);
        let mut say = |progress: CreationStep| {
            let CreationStep {
                number,
                steps,
                name,
            } = progress;
            self.output
                .say(&format!("step {number} of {steps}: creating the {name}"));
        };
        let arguments = &agreed.arguments;
        let mined =
            ceremony::create(wallet, registry, artifacts, arguments, paid, &mut say).await?;
        let created = ceremony::read_back(&self.rpc, registry).await;
        let created = created.map_err(|error| error.after(&mined))?;
        let mined: Vec<_> = mined.iter().map(B256::to_string).collect();
        self.output.object(&json!({
            "chain_id": created.chain_id(),
            "root_chain": created.root_chain.to_string(),
            "inbox": created.inbox.to_string(),
            "vault": created.vault.to_string(),
            "block": created.block,
            "steps_taken": mined.len(),
            "transactions": mined,
        }));
        self.output
            .next("plasmid init join --home FOLDER --peer ID@HOST:PORT --root URL");
        Ok(())
    }

    /// Root's clock.
    async fn now(&self) -> Result<u64, CliError> {
        Ok(self.endpoints().time().await?)
    }

    /// The creation, if it is half made.
    async fn begun(&self) -> Result<Option<Begun>, CliError> {
        let creation = self.read(IRegistry::creationCall {}).await?;
        Ok(Begun::of(&creation, self.now().await?))
    }

    /// Tells what has begun: a creation goes on with the registrations that it began with, and with no others.
    async fn tell_begun(&self) -> Result<(), CliError> {
        if let Some(begun) = self.begun().await? {
            let paid = Money::of(&self.plan)?.paid_text();
            self.output.tell(&begun.sentence(&paid));
        }
        Ok(())
    }

    /// What follows from the plan and everybody's registration. A stake that was taken back after the creation began is told apart from one that
    /// was never sent.
    async fn agreed(&self, money: &Money) -> Result<AgreedGenesis, CliError> {
        let error = match founding::agreed(self.endpoints(), self.registry, &self.plan).await {
            Ok(agreed) => return Ok(agreed),
            Err(error) => error,
        };
        match (&error, self.begun().await?) {
            (FoundingError::Unregistered(_), Some(begun)) => Err(CliError::new(format!(
                "{error}. {}",
                begun.sentence(&money.paid_text())
            ))),
            _ => Err(error.into()),
        }
    }

    /// That the next step will find everybody's agreement on this genesis: from the first step on it binds them for a while.
    async fn may_create(&self, agreed: &AgreedGenesis, money: &Money) -> Result<(), CliError> {
        let begun = match self.begun().await? {
            None => return self.all_agreed(agreed).await,
            Some(begun) => begun,
        };
        let sentence = begun.sentence(&money.paid_text());
        if begun.agreement != agreed.agreement {
            return Err(CliError::new(format!(
                "the creation has begun with agreement {}, and the plan with the registrations of now gives {}: use the plan \
                 that it began with. An operator that has come back with another stake or other keys takes them back with `plasmid init refund`, and \
                 registers with those of before. {sentence}",
                begun.agreement, agreed.agreement
            )));
        }
        match begun.is_over {
            false => Ok(()),
            true => self
                .all_agreed(agreed)
                .await
                .map_err(|error| CliError::new(format!("{error}. {sentence}"))),
        }
    }

    async fn all_agreed(&self, agreed: &AgreedGenesis) -> Result<(), CliError> {
        let now = self.now().await?;
        for operator in self.plan.operators.iter().copied() {
            let found = self.read(IRegistry::agreementByCall { operator }).await?;
            if found.agreement != agreed.agreement {
                return Err(CliError::new(format!(
                    "operator {operator} has agreed on {}, and the plan with its registrations gives {}: \
                     it runs `plasmid init agree` with this plan",
                    found.agreement, agreed.agreement
                )));
            }
            if found.lockedUntil <= now {
                return Err(CliError::new(format!(
                    "the agreement of operator {operator} ran out at root time {}, and it is {now}: it runs `plasmid init agree` again",
                    found.lockedUntil
                )));
            }
        }
        Ok(())
    }
}
