//! Every method of the three packages against a running node under CometBFT: good answers beside an independent source (a proof against
//! a header, the engine's own RPC, root's contracts), and refusals with their code and words. One network for all of it.

use plasmid_proto::bridge::v1::CheckpointStage;

mod bridge;
mod history;
mod leaves;
mod net;
mod paths;
mod reads;
mod stake;
mod submission;
mod web;

use net::Net;
use plasmid_tests::pace::keeps_the_block_time;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_answers_what_independent_sources_say_and_refuses_in_words() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let net = Net::start(folder.path()).await;
    let clock = std::time::Instant::now();
    let step = |name: &str| println!("{:>6.1} s  {name}", clock.elapsed().as_secs_f32());

    step("reads at the tip");
    net.wait_height(3).await;
    keeps_the_block_time(&net.engine, net::block_time_ms()).await;
    reads::status(&net).await;
    reads::validators(&net).await;
    reads::parameters(&net).await;
    reads::accounts(&net).await;
    step("browsers, reflection, health");
    web::browsers(&net).await;
    web::reflection_and_health(&net).await;
    step("fees and simulation");
    submission::fees_and_simulation(&net).await;
    submission::refusals(&net).await;
    step("every kind of transaction");
    let included = submission::every_kind(&net).await;
    submission::many(&net).await;
    submission::pool(&net).await;
    submission::given_up(&net).await;
    step("deposits and forced transactions");
    bridge::deposits(&net).await;
    bridge::forced_transactions(&net).await;
    reads::balances(&net, &net.bob.account).await;
    reads::supply(&net).await;
    step("withdrawals");
    let (numbers, epoch) = bridge::withdraw(&net).await;
    bridge::list(&net, numbers).await;
    step("events by account");
    history::events(&net, &included[0]).await;
    step("shares and checkpoints");
    bridge::late_shares(&net).await;
    bridge::checkpoints(&net).await;
    bridge::proofs(&net, numbers[1], epoch).await;
    leaves::leaves(&net, epoch).await;
    step("a transaction followed to its end");
    submission::follow(&net).await;
    step("claims");
    bridge::claims(&net, numbers).await;
    step("the same by ABCI");
    paths::both_ways(&net, &included[0].hash, numbers[0]).await;
    step("hostile requests");
    web::hostile(&net).await;
    step("retention");
    history::settled(&net).await;
    history::results(&net, &included).await;
    history::retention(&net).await;
    reads::blocks(&net).await;

    step("restart");
    let net = net.restart().await;
    history::results(&net, &included).await;
    bridge::wait_stage(&net, 2, CheckpointStage::Final).await;
    history::retention(&net).await;
    reads::blocks(&net).await;
    reads::status(&net).await;
    step("a delegator's life");
    stake::life(&net).await;
    step("done");
}
