//! `plasmid demo --fraud`: what becomes of validators that cheat with more than two thirds of the power. Three networks side by side, each of which ends once.
//!
//! ```text
//! mint      thieves' checkpoint ──▶ the watcher executes it again ──▶ void by one transaction ──▶ everybody leaves
//! withhold  the same, and the block is kept back ──▶ asked for on root ──▶ nobody answers: void ──▶ everybody leaves
//! censor    a transaction forced on root is never taken ──▶ overdue ──▶ the deployment is closed ──▶ everybody leaves
//! ```
//! Windows are seconds, and are waited for; but T is half an hour at least on any network: for it alone root's clock is moved on, in steps between which checkpoints come.
//! The thieves are a program of the tests, `plasmid-thief`.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::Future,
    path::{Path, PathBuf},
    time::Instant,
};

use indicatif::ProgressBar;

use super::{
    DemoCommand, FRAUD, end, ended, new_folder,
    observe::{ForgedSeen, FraudSeen, Observations},
    options,
    people::person,
    steps::{DemoStep, step},
    verdict,
};
use crate::{
    cli::{CliError, output::Output},
    ledger::Parameters,
    localnet::{
        found::ETHER,
        run::{Network, Options},
    },
    node::shutdown,
};
use leave::{Owed, balances};
use scene::{FraudScene, nobody};
use thief::ThievesAtWork;

mod censored;
mod leave;
mod robbed;
mod scene;
mod thief;

/// The steps, in their order.
pub const STEPS: [DemoStep; 9] = [
    step("mint", "three of four mint: root accepts their checkpoint"),
    step("mint", "the watcher executes it again: void"),
    step("mint", "everybody leaves with all they had"),
    step("withhold", "three of four mint, and keep the block back"),
    step("withhold", "asked for on root, nobody answers: void"),
    step("withhold", "everybody leaves with all they had"),
    step("censor", "forced on root, due, and never taken"),
    step("censor", "overdue: the deployment is closed"),
    step("censor", "everybody leaves with all they had"),
];

/// Milliseconds between two blocks, so that three networks find time on two cores.
const BLOCK_TIME_MS: u32 = 100;
/// What the watcher may put into questions.
const QUESTIONS: &str = "1";
/// Alice's tokens on the child, bob's withdrawal, and what carol deposits that is never consumed.
const TOKENS: u128 = 5_000_000;
const WITHDRAWN: u128 = ETHER + 1;
const STRANDED: u128 = 3 * ETHER;

fn parameters(command: &DemoCommand) -> Parameters {
    Parameters {
        block_time_ms: command.block_time_ms.unwrap_or(BLOCK_TIME_MS),
        epoch_blocks: 48,
        epoch_max_secs: 60,
        inbox_delay_secs: 3,
        answer_secs: 5,
        prove_secs: 3,
        challenge_secs: 24,
        evidence_secs: 30,
        unbonding_secs: 60,
        reveal_blocks: 6,
        exit_timeout_secs: 1_860,
        grace_secs: 2,
        ..Parameters::fast()
    }
}

/// Runs the story.
///
/// # Errors
/// When a step could not be made or a check failed.
pub async fn live(command: &DemoCommand, output: Output) -> Result<(), CliError> {
    let parameters = parameters(command);
    let folder = new_folder(command, &parameters)?;
    output.say(&format!("logs and state: {}", folder.display()));
    let progress = output.progress("the thieves' program");
    let thief = thief::ensure(|what| progress.set_message(what.to_owned()))?;
    let start = Instant::now();
    let desk = Desk {
        output,
        progress,
        sabotage: command.sabotage.as_deref(),
        thief: &thief,
        seen: RefCell::default(),
        rows: RefCell::default(),
        printed: Cell::new(0),
        failed: Cell::new(0),
    };
    let network = |name: &str| options(folder.join(name), parameters);
    let acts = async {
        let all = tokio::try_join!(
            desk.on(network("mint"), Desk::mint),
            desk.on(network("withhold"), Desk::withhold),
            desk.on(network("censor"), Desk::censor),
        );
        all.map(drop)
    };
    let outcome = tokio::select! {
        outcome = acts => outcome,
        () = shutdown::requested() => Err(CliError::new("interrupted")),
    };
    desk.print_rest();
    desk.progress.finish_and_clear();
    let verdict = verdict(desk.failed.get(), STEPS.len());
    let seen = desk.seen.into_inner();
    let ended = end(command, output, &seen, start);
    output.say(&format!("logs and state: {}", folder.display()));
    outcome.and(verdict).and(ended)
}

/// A step that was made, or why it was not.
struct Made {
    seconds: f64,
    outcome: Result<(bool, String), String>,
}

/// What the three acts have together: what was seen, and the rows in the order of the steps.
struct Desk<'a> {
    output: Output,
    progress: ProgressBar,
    sabotage: Option<&'a str>,
    thief: &'a Path,
    seen: RefCell<Observations>,
    rows: RefCell<BTreeMap<usize, Made>>,
    printed: Cell<usize>,
    failed: Cell<usize>,
}

/// A robbery: the thieves, once they work, and what their victims' watcher had sent on root before.
pub struct Stolen {
    program: PathBuf,
    withholds: bool,
    thieves: Option<ThievesAtWork>,
    sent: u128,
}

impl Stolen {
    fn new(program: &Path, withholds: bool) -> Self {
        Self {
            program: program.to_owned(),
            withholds,
            thieves: None,
            sent: 0,
        }
    }

    /// The thieves begin.
    fn begin(&mut self, scene: &FraudScene) -> Result<&mut ThievesAtWork, CliError> {
        let (purse, port) = (scene::purse().to_string(), scene.port.to_string());
        let mut words = vec!["rob", &purse, &port];
        words.extend(self.withholds.then_some("withhold"));
        let thieves = ThievesAtWork::start(&self.program, &scene.network, &words)?;
        Ok(self.thieves.insert(thieves))
    }
}

impl Desk<'_> {
    /// Makes a step, checks it, and prints its row when those before it are printed.
    async fn step<T>(
        &self,
        number: usize,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let start = Instant::now();
        let title = STEPS.get(number - 1).map_or("", |step| step.title);
        self.progress.set_message(format!("{number} {title}"));
        let made = work.await;
        let mut seen = self.seen.borrow().clone();
        FRAUD.sabotage(&mut seen, self.sabotage, Some(number))?;
        let outcome = match &made {
            Ok(_) => Ok(FRAUD.judge(number, &seen)),
            Err(error) => Err(error.to_string()),
        };
        let seconds = start.elapsed().as_secs_f64();
        self.rows
            .borrow_mut()
            .insert(number, Made { seconds, outcome });
        while self.print(self.printed.get() + 1) {}
        made.map_err(|error| CliError::new(format!("step {number} could not be made: {error}")))
    }

    /// Prints the row of a step, if there is one.
    fn print(&self, number: usize) -> bool {
        let Some(made) = self.rows.borrow_mut().remove(&number) else {
            return false;
        };
        let (ok, said) = made.outcome.unwrap_or_else(|why| (false, why));
        self.failed.set(self.failed.get() + usize::from(!ok));
        self.progress
            .suspend(|| FRAUD.row(self.output, number, ok, made.seconds, &said));
        self.printed.set(number);
        true
    }

    /// Prints what waits for a step that did not come.
    fn print_rest(&self) {
        for number in 1..=STEPS.len() {
            self.print(number);
        }
    }

    /// Keeps what was seen.
    fn see(&self, note: impl FnOnce(&mut FraudSeen)) {
        note(&mut self.seen.borrow_mut().fraud);
    }

    /// Founds a network, does something on it until root's process ends, and stops it.
    async fn on<'n, F>(
        &'n self,
        options: Options,
        act: impl FnOnce(&'n Self, Network) -> F,
    ) -> Result<(), CliError>
    where
        F: Future<Output = Result<FraudScene, CliError>>,
    {
        let mut network = Network::open(&options, &mut |_| {}).await?;
        let root = network.anvil.process().pid();
        let scene = tokio::select! {
            scene = act(self, network) => scene?,
            () = ended(Some(root)) => return Err(CliError::new("a root chain (anvil) ended by itself; its log is in the folder root of its network")),
        };
        Ok(scene.network.stop().await?)
    }

    async fn mint(&self, network: Network) -> Result<FraudScene, CliError> {
        let mut stolen = Stolen::new(self.thief, false);
        let (mut scene, owed) = self
            .step(1, async {
                let scene = FraudScene::start(network, None).await?;
                let owed = self.rob_people(&scene, &mut stolen).await?;
                Ok((scene, owed))
            })
            .await?;
        self.step(2, async {
            let seen = robbed::void(&scene, &stolen).await?;
            self.see(|fraud| fraud.voided = Some(seen));
            Ok(())
        })
        .await?;
        let had = self.seen.borrow().fraud.minted.as_ref().map(had);
        self.step(3, async {
            let seen = leave::everybody(&mut scene, &owed, had).await?;
            self.see(|fraud| fraud.left = Some(seen));
            Ok(())
        })
        .await?;
        Ok(scene)
    }

    /// People with coins, tokens, a withdrawal that waits and a deposit that is never consumed, when thieves mint. Gives what is theirs.
    async fn rob_people(
        &self,
        scene: &FraudScene,
        stolen: &mut Stolen,
    ) -> Result<Vec<Owed>, CliError> {
        let (alice, carol) = (person("alice")?, person("carol")?);
        let world = &scene.world;
        let on_root = scene.wallet(&alice).await?;
        let message = world
            .deposit_token(&on_root, &alice.account, TOKENS)
            .await?;
        world.consumed(message).await?;
        let recipient = nobody("recipient of a withdrawal");
        world.withdraw(recipient, WITHDRAWN).await?;
        robbed::prepare(scene).await?;
        let mut owed = balances(scene).await?;
        let to = alice.account.id.into();
        owed.push(Owed {
            token: world.token,
            ..Owed::coins("alice's tokens", to, TOKENS)
        });
        owed.push(Owed::coins("bob's withdrawal", recipient, WITHDRAWN));
        let carols = scene.wallet(&carol).await?;
        let deposit = async || {
            let sent = world.deposit_native(&carols, &carol.account, STRANDED);
            sent.await.map(drop)
        };
        let seen = robbed::rob(scene, stolen, deposit).await?;
        let to = carol.account.id.into();
        owed.push(Owed {
            is_refund: true,
            ..Owed::coins("carol's deposit", to, STRANDED)
        });
        self.see(|fraud| fraud.minted = Some(seen));
        Ok(owed)
    }

    async fn withhold(&self, network: Network) -> Result<FraudScene, CliError> {
        let mut stolen = Stolen::new(self.thief, true);
        let (mut scene, owed) = self
            .step(4, async {
                let scene = FraudScene::start(network, Some(QUESTIONS)).await?;
                robbed::prepare(&scene).await?;
                let owed = balances(&scene).await?;
                let seen = robbed::rob(&scene, &mut stolen, async || Ok(())).await?;
                self.see(|fraud| fraud.withheld = Some(seen));
                Ok((scene, owed))
            })
            .await?;
        self.step(5, async {
            let seen = robbed::void(&scene, &stolen).await?;
            self.see(|fraud| fraud.expired = Some(seen));
            Ok(())
        })
        .await?;
        let had = self.seen.borrow().fraud.withheld.as_ref().map(had);
        self.step(6, async {
            let seen = leave::everybody(&mut scene, &owed, had).await?;
            self.see(|fraud| fraud.left_withheld = Some(seen));
            Ok(())
        })
        .await?;
        Ok(scene)
    }

    async fn censor(&self, network: Network) -> Result<FraudScene, CliError> {
        let (mut scene, owed, blind) = self
            .step(7, async {
                let (scene, blind) = censored::blind(network, self.thief).await?;
                let owed = balances(&scene).await?;
                let seen = censored::force(&scene).await?;
                self.see(|fraud| fraud.censored = Some(seen));
                Ok((scene, owed, blind))
            })
            .await?;
        let seen = self
            .seen
            .borrow()
            .fraud
            .censored
            .clone()
            .unwrap_or_default();
        self.step(8, async {
            let seen = censored::close(&scene, &seen).await?;
            self.see(|fraud| fraud.closed = Some(seen));
            Ok(())
        })
        .await?;
        self.step(9, async {
            let seen = leave::everybody(&mut scene, &owed, None).await?;
            self.see(|fraud| fraud.left_censored = Some(seen));
            Ok(())
        })
        .await?;
        drop(blind);
        Ok(scene)
    }
}

/// What thieves had before, in wei.
fn had(seen: &ForgedSeen) -> String {
    seen.purse.before.clone()
}
