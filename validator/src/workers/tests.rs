//! Who is served in which turn, who makes way, and what becomes of jobs that nobody waits for.

use std::sync::mpsc::channel;

use super::*;

fn asker(last: u8) -> IpAddr {
    [127, 0, 0, last].into()
}

#[tokio::test]
async fn jobs_beyond_the_queue_are_refused_and_the_others_are_all_answered() {
    let workers = Workers::start("test", (2, 2), (3, 3)).unwrap();
    let (began, begun) = channel();
    let (open, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let job = |number: u32| {
        let (began, gate) = (began.clone(), Arc::clone(&gate));
        workers.run(asker(1), move |_| {
            began.send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            number
        })
    };
    let mut running = vec![job(0).unwrap(), job(1).unwrap()];
    (0..2).for_each(|_| begun.recv().unwrap());
    running.extend((2..5).map(|number| job(number).unwrap()));
    assert_eq!(job(5).unwrap_err(), Full::PerAsker);
    (0..5).for_each(|_| open.send(()).unwrap());
    for (number, running) in running.into_iter().enumerate() {
        assert_eq!(running.await, Ok(number as u32));
    }
}

#[tokio::test]
async fn who_goes_away_stops_a_job_and_one_that_waits_never_begins() {
    let workers = Workers::start("test", (1, 1), (2, 2)).unwrap();
    let (began, begun) = channel();
    let (ended, end) = channel();
    let long = workers.run(asker(1), move |cancelled| {
        began.send(()).unwrap();
        while !cancelled.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        ended.send(()).unwrap();
    });
    begun.recv().unwrap();
    let waiting = workers
        .run(asker(1), |_| panic!("it must not begin"))
        .unwrap();
    drop(waiting);
    drop(long);
    end.recv().unwrap();
    assert_eq!(workers.run(asker(1), |_| 7).unwrap().await, Ok(7));
}

#[tokio::test]
async fn a_job_that_panics_loses_its_answer_and_no_thread() {
    let workers = Workers::start("test", (1, 1), (2, 2)).unwrap();
    let lost = workers.run(asker(1), |_| panic!("as asked")).unwrap();
    assert_eq!(Result::<(), _>::Err(Lost::Broken), lost.await);
    assert_eq!(workers.run(asker(1), |_| 7).unwrap().await, Ok(7));
}

#[tokio::test]
async fn askers_are_served_in_turn_and_the_longest_queue_makes_way_for_who_has_less() {
    let workers = Workers::start("test", (1, 1), (6, 5)).unwrap();
    let (open, gate) = channel::<()>();
    let (began, begun) = channel();
    let first = workers.run(asker(9), move |_| {
        began.send(()).unwrap();
        gate.recv().unwrap();
    });
    begun.recv().unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let job = |last: u8, number: u32| {
        let served = Arc::clone(&served);
        workers.run(asker(last), move |_| {
            served.lock().unwrap().push((last, number))
        })
    };
    let mut of_one: Vec<_> = (0..5).map(|number| job(1, number).unwrap()).collect();
    assert_eq!(job(1, 5).unwrap_err(), Full::PerAsker);
    let mut of_others = vec![job(2, 0).unwrap(), job(3, 0).unwrap(), job(2, 1).unwrap()];
    assert_eq!(of_one.pop().unwrap().await, Err(Lost::MadeWay));
    assert_eq!(of_one.pop().unwrap().await, Err(Lost::MadeWay));
    assert_eq!(job(2, 2).unwrap_err(), Full::InAll);
    drop(of_one.pop());
    of_others.push(job(4, 0).unwrap());
    open.send(()).unwrap();
    first.unwrap().await.unwrap();
    for running in of_one.into_iter().chain(of_others) {
        running.await.unwrap();
    }
    let served = served.lock().unwrap();
    let expected = [(1, 0), (2, 0), (3, 0), (4, 0), (1, 1), (2, 1)];
    assert_eq!(served[..], expected);
}

#[tokio::test]
async fn one_asker_has_so_many_running_as_one_may_have_and_others_do_not_wait_for_it() {
    let workers = Workers::start("test", (4, 2), (200, 100)).unwrap();
    let (began, begun) = channel();
    let (open, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let greedy: Vec<_> = (0..100)
        .map(|_| {
            let (began, gate) = (began.clone(), Arc::clone(&gate));
            let job = move |_: &AtomicBool| {
                began.send(()).unwrap();
                // The gate is shut while it has a sender.
                let _ = gate.lock().unwrap().recv();
            };
            workers.run(asker(1), job).unwrap()
        })
        .collect();
    (0..2).for_each(|_| begun.recv().unwrap());
    for last in 2..20 {
        let answer = workers.run(asker(last), move |_| last).unwrap();
        assert_eq!(answer.await, Ok(last));
    }
    assert!(begun.try_recv().is_err(), "a third one of the first runs");
    drop(open);
    for running in greedy {
        running.await.unwrap();
    }
}
