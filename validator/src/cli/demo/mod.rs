//! `plasmid demo`: the main job, end to end on real parts, with every step checked.
//!
//! ```text
//! steps ──see──▶ Observations ──checks──▶ a row a step: what was checked, seconds, ok
//!                    │   ▲
//!              --record  --replay, --sabotage NAME (alters what was seen: the check of that name must fail)
//! ```
//! Nothing jumps in time: windows are seconds, and the demo waits for them. (`--fraud` is another story: `fraud`.)

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, builder::PossibleValuesParser};
use plasmid_bridge::client::whole;
use serde_json::{Value, json};

use super::{
    CliError,
    output::{self, Output},
};
use crate::{
    ledger::Parameters,
    localnet::run::{Network, Options},
    node::shutdown,
};

mod checks;
mod fraud;
mod observe;
pub(in crate::cli) mod people;
mod steps;

use checks::Check;
use observe::Observations;
use steps::{DemoStep, STEPS, chosen, parts};

/// The largest file of observations that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// Options of the demo.
#[derive(Debug, Args)]
pub struct DemoCommand {
    /// Folder of logs and state [default: a new one under .plasmid/demo].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Prints one JSON object a line (the same as `--output json`).
    #[arg(long)]
    json: bool,
    /// The block time in milliseconds, 16 to 1,875; by default the shortest that misses no votes (20), and with `--fraud`, whose networks run side by side, 100.
    #[arg(long, value_name = "MS")]
    block_time_ms: Option<u32>,
    /// Shows what becomes of validators that cheat with more than two thirds of the power, and how everybody else leaves with all that they had: a forged checkpoint, one that is withheld, and an account that is censored.
    #[arg(long, conflicts_with = "only")]
    fraud: bool,
    /// Makes the steps of these parts alone, with those that they need before them.
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = PossibleValuesParser::new(parts()))]
    only: Vec<String>,
    /// Fails when the whole run takes longer than this many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with = "replay")]
    at_most: Option<u32>,
    /// Keeps what was seen in this file.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Checks what an earlier run kept, and starts nothing.
    #[arg(long, conflicts_with = "record")]
    replay: Option<PathBuf>,
    /// Alters what was seen before it is checked, so that the check of this name must fail; `list` names them.
    #[arg(long, hide = true)]
    sabotage: Option<String>,
}

/// Runs `plasmid demo`.
///
/// # Errors
/// When a step could not be made or a check failed.
pub async fn run(command: DemoCommand, output: Output) -> Result<(), CliError> {
    let output = if command.json {
        Output::new(output::Format::Json)
    } else {
        output
    };
    let story = match command.fraud {
        true => &FRAUD,
        false => &BRIDGE,
    };
    if command.sabotage.as_deref() == Some("list") {
        (story.checks)()
            .iter()
            .for_each(|check| output::line(check.name));
        return Ok(());
    }
    if let Some(file) = &command.replay {
        let mut seen = read(file)?;
        story.sabotage(&mut seen, command.sabotage.as_deref(), None)?;
        let steps = match command.fraud {
            true => (1..=story.steps.len()).collect(),
            false => chosen(&command.only),
        };
        let failed = steps
            .iter()
            .filter(|step| !story.report(output, **step, &seen, 0.0));
        return verdict(failed.count(), steps.len());
    }
    match command.fraud {
        true => fraud::live(&command, output).await,
        false => live(&command, output).await,
    }
}

/// What is shown, step by step.
struct Story {
    steps: &'static [DemoStep],
    checks: fn() -> Vec<&'static Check>,
}

/// The main job.
const BRIDGE: Story = Story {
    steps: &STEPS,
    checks: || checks::all().collect(),
};
/// What thieves get.
const FRAUD: Story = Story {
    steps: &fraud::STEPS,
    checks: || checks::fraud::CHECKS.iter().collect(),
};

async fn live(command: &DemoCommand, output: Output) -> Result<(), CliError> {
    let parameters = Parameters {
        block_time_ms: command
            .block_time_ms
            .unwrap_or(Parameters::fast().block_time_ms),
        // On other local networks nobody is jailed. A node that is killed and started again here misses a fraction of an epoch.
        jail_divisor: Parameters::network().jail_divisor,
        jail_epochs: 1,
        // What is waited for most: a message on root, reports, and what was undelegated.
        inbox_delay_secs: 3,
        evidence_secs: 8,
        unbonding_secs: 20,
        reveal_blocks: 6,
        ..Parameters::fast()
    };
    let folder = new_folder(command, &parameters)?;
    output.say(&format!("logs and state: {}", folder.display()));
    let options = options(folder.clone(), parameters);
    let (mut network, start) = (None, Instant::now());
    let mut seen = Observations::default();
    let outcome = tokio::select! {
        outcome = play(&options, &mut network, &mut seen, command, output) => outcome,
        () = shutdown::requested() => Err(CliError::new("interrupted")),
    };
    let stopped = match network {
        Some(network) => network
            .stop()
            .await
            .map_err(|error| CliError::new(error.to_string())),
        None => Ok(()),
    };
    let ended = end(command, output, &seen, start);
    output.say(&format!("logs and state: {}", folder.display()));
    outcome.and(stopped).and(ended)
}

/// A folder of its own, once the parameters hold together.
fn new_folder(command: &DemoCommand, parameters: &Parameters) -> Result<PathBuf, CliError> {
    let checked = parameters.validate();
    checked.map_err(|error| CliError::new(format!("--block-time-ms: {error}")))?;
    match &command.dir {
        Some(folder) if fs::read_dir(folder).is_ok_and(|mut held| held.next().is_some()) => {
            Err(CliError::new(format!(
                "{} is not empty: the demo founds a network of its own, choose a new folder",
                folder.display()
            )))
        }
        Some(folder) => Ok(folder.clone()),
        None => fresh_folder(),
    }
}

/// A network of four validators in this folder.
fn options(folder: PathBuf, parameters: Parameters) -> Options {
    Options {
        folder,
        validators: Some(4),
        parameters,
        retain_blocks: 0,
        first_port: None,
        root_idle_secs: 1,
        reset: false,
        verify_segments: true,
        tools: None,
    }
}

/// Keeps what was seen where that is wanted, and says how long it took.
fn end(
    command: &DemoCommand,
    output: Output,
    seen: &Observations,
    start: Instant,
) -> Result<(), CliError> {
    if let Some(file) = &command.record {
        whole::replace(file, &serde_json::to_vec(seen)?, whole::READABLE)?;
    }
    let total = rounded(start.elapsed().as_secs_f64());
    figure(output, "total_time", total.into(), "s");
    in_time(total, command.at_most)
}

fn in_time(total: f64, at_most: Option<u32>) -> Result<(), CliError> {
    match at_most {
        Some(most) if total > f64::from(most) => Err(CliError::new(format!(
            "the demo took {total} s, and --at-most is {most}"
        ))),
        _ => Ok(()),
    }
}

/// Waits until the root chain's process has ended: a step that waits for a receipt would wait for minutes without it.
async fn ended(root: Option<u32>) {
    let Some(pid) = root else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        // A process that ended stays as a zombie until its end was noticed.
        if state.is_empty() || state.trim_start().starts_with('Z') {
            return;
        }
    }
}

/// Makes and checks every step; stops at the first that cannot be made.
async fn play(
    options: &Options,
    place: &mut Option<Network>,
    seen: &mut Observations,
    command: &DemoCommand,
    output: Output,
) -> Result<(), CliError> {
    let mut failed = 0;
    let steps = chosen(&command.only);
    for step in steps.iter().copied() {
        let title = STEPS[step - 1].title;
        let progress = output.progress(&format!("{step} {title}"));
        let start = Instant::now();
        let root = place.as_mut().map(|network| network.anvil.process().pid());
        let mut say = |text: &str| progress.set_message(format!("{step} {text}"));
        let made = tokio::select! {
            made = steps::make(step, options, place, seen, &mut say) => made,
            () = ended(root) => Err(CliError::new("the root chain (anvil) ended by itself; its log is in the folder root")),
        };
        progress.finish_and_clear();
        let seconds = start.elapsed().as_secs_f64();
        if let Err(error) = made {
            BRIDGE.row(output, step, false, seconds, &error.to_string());
            return Err(CliError::new(format!(
                "step {step} could not be made: {error}"
            )));
        }
        let mut checked = seen.clone();
        BRIDGE.sabotage(&mut checked, command.sabotage.as_deref(), Some(step))?;
        if !BRIDGE.report(output, step, &checked, seconds) {
            failed += 1;
        }
    }
    if let Some(checkpoint) = &seen.checkpoint {
        figure(output, "checkpoint_gas", checkpoint.gas.into(), "gas");
    }
    verdict(failed, steps.len())
}

fn verdict(failed: usize, steps: usize) -> Result<(), CliError> {
    match failed {
        0 => Ok(()),
        failed => Err(CliError::new(format!("{failed} of {steps} steps failed"))),
    }
}

impl Story {
    /// Checks a step: whether all its checks hold, and what they say.
    fn judge(&self, step: usize, seen: &Observations) -> (bool, String) {
        let mut ok = true;
        let mut said = Vec::new();
        let checks = (self.checks)().into_iter();
        for check in checks.filter(|check| usize::from(check.step) == step) {
            match (check.verify)(seen) {
                Ok(text) => said.push(text),
                Err(text) => {
                    ok = false;
                    said.push(format!("{} FAILED: {text}", check.name));
                }
            }
        }
        (ok, said.join("; "))
    }

    /// Checks a step and prints its row; says whether all its checks hold.
    fn report(&self, output: Output, step: usize, seen: &Observations, seconds: f64) -> bool {
        let (ok, said) = self.judge(step, seen);
        self.row(output, step, ok, seconds, &said);
        ok
    }

    fn row(&self, output: Output, step: usize, ok: bool, seconds: f64, checked: &str) {
        if output.is_json() {
            let seconds = rounded(seconds);
            return output::json_line(
                &json!({ "step": step, "ok": ok, "seconds": seconds, "checked": checked }),
            );
        }
        let mark = if ok { "ok  " } else { "FAIL" };
        output::line(&format!(
            "{step:>2}  {mark}  {seconds:>6.1} s  {}",
            self.steps[step - 1].title
        ));
        output::line(&format!("                     {checked}"));
    }

    /// Alters what was seen as the check of this name must notice; where a step is given, only if the check is of that step.
    fn sabotage(
        &self,
        seen: &mut Observations,
        name: Option<&str>,
        step: Option<usize>,
    ) -> Result<(), CliError> {
        let Some(name) = name else { return Ok(()) };
        let checks = (self.checks)();
        let check = checks.iter().find(|check| check.name == name);
        let check = check.ok_or_else(|| {
            CliError::new(format!(
                "no check is called {name}; `plasmid demo --sabotage list` names them"
            ))
        })?;
        if step.is_none_or(|step| usize::from(check.step) == step) {
            (check.sabotage)(seen);
        }
        Ok(())
    }
}

/// Seconds, to the millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn figure(output: Output, name: &str, value: Value, unit: &str) {
    if output.is_json() {
        output::json_line(&json!({ "name": name, "value": value, "unit": unit }));
    } else {
        output::line(&format!("{}: {value} {unit}", name.replace('_', " ")));
    }
}

fn fresh_folder() -> Result<PathBuf, CliError> {
    let parent = crate::node::tools::project().join(".plasmid/demo");
    fs::create_dir_all(&parent)?;
    let kept = tempfile::Builder::new()
        .prefix("run-")
        .tempdir_in(&parent)?;
    Ok(kept.keep())
}

fn read(file: &Path) -> Result<Observations, CliError> {
    let mut bytes = Vec::new();
    let named = |error: std::io::Error| CliError::new(format!("{}: {error}", file.display()));
    fs::File::open(file)
        .map_err(named)?
        .take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(named)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_takes_longer_than_it_may_fails() {
        assert!(in_time(150.1, None).is_ok());
        assert!(in_time(150.0, Some(150)).is_ok());
        let said = in_time(150.1, Some(150)).unwrap_err().to_string();
        assert_eq!(said, "the demo took 150.1 s, and --at-most is 150");
    }
}
