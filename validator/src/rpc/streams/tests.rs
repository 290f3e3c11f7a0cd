//! Streams: what is handed in together, in which order, and what ends them.

use std::cell::{Cell, RefCell};
use std::future::ready;

use tokio::sync::mpsc;

use super::*;

/// Nothing waits for others.
const AT_ONCE: StreamPace = StreamPace {
    silence: Duration::from_secs(30),
    pace: Duration::ZERO,
};
/// What follows a batch that was not full never goes.
const FOR_EVER: StreamPace = StreamPace {
    pace: Duration::from_secs(1 << 30),
    ..AT_ONCE
};

type Sent = Result<SubmitManyRequest, Status>;

/// What a client sends over time.
struct Channel(mpsc::UnboundedReceiver<Sent>);

impl Stream for Channel {
    type Item = Sent;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Sent>> {
        self.0.poll_recv(context)
    }
}

fn message(bytes: Vec<u8>) -> Sent {
    Ok(SubmitManyRequest {
        transaction: bytes,
        replace: false,
    })
}

fn numbered(number: u32) -> Sent {
    message(number.to_be_bytes().to_vec())
}

/// The result of a transaction is its last byte.
fn taken(batch: &[Submission]) -> Vec<Taken> {
    let code = |one: &Submission| one.bytes.last().copied().unwrap_or(0);
    let taken = batch.iter().map(|one| Taken {
        code: code(one).into(),
        log: format!("code {}", code(one)),
    });
    taken.collect()
}

#[tokio::test]
async fn all_that_is_there_is_handed_in_together_in_order_and_within_bounds() {
    let batches = RefCell::new(Vec::new());
    let (sender, receiver) = mpsc::unbounded_channel();
    for number in 0..150 {
        sender.send(numbered(256 * number)).unwrap();
    }
    drop(sender);
    let hand_in = |batch: Vec<Submission>| {
        let answer = taken(&batch);
        batches.borrow_mut().push(batch);
        ready(Ok(answer))
    };
    let answer = submit(Channel(receiver), AT_ONCE, hand_in).await;
    let answer = answer.unwrap();
    assert_eq!((answer.accepted, answer.refusals.len()), (150, 0));
    let batches = batches.into_inner();
    let lengths: Vec<_> = batches.iter().map(Vec::len).collect();
    assert_eq!(lengths, [MAX_BATCH, MAX_BATCH, 150 - 2 * MAX_BATCH]);
    let order = batches.concat().into_iter().map(|one| one.bytes);
    assert!(order.is_sorted());

    // By bytes: the one that goes over the bound is the last one.
    let batches = RefCell::new(Vec::new());
    let sent: Vec<_> = (0..5).map(|_| message(vec![0; 30 << 10])).collect();
    let hand_in = |batch: Vec<Submission>| {
        batches.borrow_mut().push(batch.len());
        ready(Ok(taken(&batch)))
    };
    let answer = submit(tokio_stream::iter(sent), AT_ONCE, hand_in).await;
    answer.unwrap();
    assert_eq!(batches.into_inner(), [3, 2]);
}

#[tokio::test]
async fn who_is_slow_is_handed_in_one_by_one_and_one_batch_is_on_its_way_at_a_time() {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (asked, mut batches) = mpsc::unbounded_channel();
    let (answers, go) = mpsc::unbounded_channel::<()>();
    let go = tokio::sync::Mutex::new(go);
    let under_way = Cell::new(0);
    let hand_in = |batch: Vec<Submission>| {
        let (asked, go, under_way) = (asked.clone(), &go, &under_way);
        async move {
            under_way.set(under_way.get() + 1);
            assert_eq!(under_way.get(), 1);
            asked.send(batch.len()).unwrap();
            go.lock().await.recv().await;
            under_way.set(0);
            Ok(taken(&batch))
        }
    };
    let drive = async {
        sender.send(numbered(0)).unwrap();
        assert_eq!(batches.recv().await, Some(1));
        // These come while the first one is judged.
        for _ in 0..5 {
            sender.send(numbered(0)).unwrap();
        }
        answers.send(()).unwrap();
        assert_eq!(batches.recv().await, Some(5));
        answers.send(()).unwrap();
        sender.send(numbered(0)).unwrap();
        assert_eq!(batches.recv().await, Some(1));
        answers.send(()).unwrap();
        drop(sender);
    };
    let (answer, ()) = tokio::join!(submit(Channel(receiver), AT_ONCE, hand_in), drive);
    assert_eq!(answer.unwrap().accepted, 7);
}

#[tokio::test]
async fn what_follows_a_batch_waits_for_others_unless_that_one_was_full() {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (asked, mut batches) = mpsc::unbounded_channel();
    let hand_in = |batch: Vec<Submission>| {
        asked.send(batch.len()).unwrap();
        ready(Ok(taken(&batch)))
    };
    let drive = async {
        for _ in 0..MAX_BATCH + 1 {
            sender.send(numbered(0)).unwrap();
        }
        assert_eq!(batches.recv().await, Some(MAX_BATCH));
        assert_eq!(batches.recv().await, Some(1));
        for _ in 0..3 {
            sender.send(numbered(0)).unwrap();
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        assert!(batches.try_recv().is_err());
    };
    tokio::select! {
        _ = submit(Channel(receiver), FOR_EVER, hand_in) => panic!("it goes on"),
        () = drive => {}
    }

    // Where the time is over, it is one batch.
    let soon = StreamPace {
        pace: Duration::from_millis(200),
        ..AT_ONCE
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let lengths = RefCell::new(Vec::new());
    let hand_in = |batch: Vec<Submission>| {
        lengths.borrow_mut().push(batch.len());
        if lengths.borrow().len() == 1 {
            for _ in 0..3 {
                sender.send(numbered(0)).unwrap();
            }
        }
        ready(Ok(taken(&batch)))
    };
    sender.send(numbered(0)).unwrap();
    let ended = async {
        while lengths.borrow().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = submit(Channel(receiver), soon, hand_in) => panic!("nobody ended it"),
        () = ended => {}
    }
    assert_eq!(lengths.into_inner(), [1, 3]);
}

#[tokio::test]
async fn each_refusal_names_its_place_in_the_whole_stream() {
    let code = |number: u32| if number % 50 == 49 { 7 } else { 0 };
    let sent: Vec<_> = (0..200).map(|number| numbered(code(number))).collect();
    let hand_in = |batch: Vec<Submission>| ready(Ok(taken(&batch)));
    let answer = submit(tokio_stream::iter(sent), AT_ONCE, hand_in).await;
    let answer = answer.unwrap();
    let told = answer.refusals.iter();
    let told: Vec<_> = told
        .map(|one| (one.index, one.code, one.log.as_str()))
        .collect();
    assert_eq!(told, [49, 99, 149, 199].map(|index| (index, 7, "code 7")));
    assert_eq!(answer.accepted, 196);
}

#[tokio::test]
async fn too_many_refusals_end_a_stream_in_the_middle_of_a_batch() {
    let count = Cell::new(0);
    let hand_in = |batch: Vec<Submission>| {
        count.set(count.get() + batch.len());
        ready(Ok(taken(&batch)))
    };
    // It never ends by itself.
    let sent = tokio_stream::iter(std::iter::repeat_with(|| numbered(1)));
    let status = submit(sent, AT_ONCE, hand_in).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    let behind = count.get() - MAX_REFUSALS - 1;
    assert!(behind < MAX_BATCH);
    let said = status.message();
    assert!(
        said.contains("stopped at position 1000;") && said.contains(&format!("{behind} behind it")),
        "{said}"
    );
}

#[tokio::test]
async fn what_was_read_before_an_error_is_handed_in_and_then_the_error_is_told() {
    let sent = vec![
        numbered(0),
        numbered(0),
        Err(Status::out_of_range("too long")),
        numbered(0),
    ];
    let count = Cell::new(0);
    let hand_in = |batch: Vec<Submission>| {
        count.set(count.get() + batch.len());
        ready(Ok(taken(&batch)))
    };
    let status = submit(tokio_stream::iter(sent), AT_ONCE, hand_in).await;
    let code = status.unwrap_err().code();
    assert_eq!((code, count.get()), (tonic::Code::OutOfRange, 2));
    // Where the engine fails, nothing more is read.
    let hand_in = |_| ready(Err(Status::unavailable("gone")));
    let sent = tokio_stream::iter(std::iter::repeat_with(|| numbered(0)));
    let status = submit(sent, AT_ONCE, hand_in).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    // Later, too, and what was said before is not lost with it.
    let first = Cell::new(0);
    let hand_in = |batch: Vec<Submission>| {
        let is_first = first.get() == 0;
        ready(if is_first {
            first.set(batch.len());
            Ok(taken(&batch))
        } else {
            Err(Status::unavailable("gone"))
        })
    };
    let sent = (0..100).map(|number| numbered(u32::from(number == 9)));
    let status = submit(tokio_stream::iter(sent), AT_ONCE, hand_in).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    let (first, taken) = (first.get(), first.get() - 1);
    assert!(first > 9, "the one that is refused is in the first batch");
    assert_eq!(
        status.message(),
        format!(
            "gone: look up what you sent from position {first} on before you send it again; of those before it {taken} were taken and 1 refused"
        )
    );
}

#[tokio::test]
async fn a_stream_that_brings_nothing_more_ends_and_what_it_brought_is_handed_in() {
    let (sender, receiver) = mpsc::unbounded_channel();
    sender.send(numbered(0)).unwrap();
    let count = Cell::new(0);
    let hand_in = |batch: Vec<Submission>| {
        count.set(count.get() + batch.len());
        ready(Ok(taken(&batch)))
    };
    let patience = StreamPace {
        silence: Duration::from_millis(1),
        ..AT_ONCE
    };
    let status = submit(Channel(receiver), patience, hand_in).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    assert!(status.message().contains("after 1:"), "{status}");
    assert_eq!(count.get(), 1);
    drop(sender);
}
