//! Readers of a stream of events who read too slowly, or go away.

use super::*;

fn message(next_index: u32) -> FollowEventsResponse {
    FollowEventsResponse {
        next_index,
        ..FollowEventsResponse::default()
    }
}

#[tokio::test]
async fn a_slow_reader_keeps_a_few_messages_waiting_and_is_told_why_it_is_ended() {
    let (sender, mut receiver) = mpsc::channel(QUEUED + 1);
    let patience = Duration::from_millis(20);
    for number in 1..=QUEUED as u32 {
        let sent = hand_over(&sender, message(number), patience).await;
        assert_eq!(sent, Ok(()));
    }
    let more = hand_over(&sender, message(99), patience).await;
    assert_eq!(more, Err(Lost::Slow));
    // There is always room for the reason, and it comes behind all that waits.
    sender
        .try_send(Err(Status::resource_exhausted("slow")))
        .expect("room");
    drop(sender);
    for number in 1..=QUEUED as u32 {
        let told = receiver.recv().await.expect("a message");
        assert_eq!(told.expect("no status").next_index, number);
    }
    let ended = receiver.recv().await.expect("a reason");
    assert_eq!(
        ended.expect_err("a status").code(),
        tonic::Code::ResourceExhausted
    );
    assert!(receiver.recv().await.is_none());
}

/// A stream from behind the tip on, which tells that place at once.
#[tokio::test]
async fn a_stream_that_nobody_reads_ends_with_the_place_to_go_on_at() {
    let services = crate::rpc::tests::services();
    let height = services.source.moment().0 + 1;
    let (sender, mut receiver) = mpsc::channel(QUEUED + 1);
    let stream = |sender| EventStream {
        services: services.clone(),
        whose: Whose::default(),
        client: Peer::local().address,
        sender,
        patience: Duration::from_millis(20),
        next: (height, 7),
    };
    stream(sender.clone()).run(false).await;
    let told = receiver.recv().await.expect("a message");
    let told = told.expect("there was room for the place");
    assert_eq!((told.next_height, told.next_index), (height, 7));
    for number in 1..=QUEUED as u32 {
        sender.try_send(Ok(message(number))).expect("room");
    }
    stream(sender).run(false).await;
    let mut told = Vec::new();
    while let Some(one) = receiver.recv().await {
        told.push(one);
    }
    assert_eq!(told.len(), QUEUED + 1);
    let ended = told.pop().expect("an end").expect_err("a reason");
    assert_eq!(ended.code(), tonic::Code::ResourceExhausted);
    let place = format!("go on with from_height {height} and from_index 7");
    let told = ended.message();
    assert!(
        told.contains("for 0.02 seconds") && told.contains(&place),
        "{told}"
    );
}

/// What could not be handed over any more is told to who goes on at the place that was named.
#[tokio::test]
async fn a_stream_that_ends_within_a_part_names_the_place_of_what_was_not_told() {
    let services = crate::rpc::tests::services();
    let (sender, mut receiver) = mpsc::channel(QUEUED + 1);
    for number in 2..=QUEUED as u32 {
        sender.try_send(Ok(message(number))).expect("room");
    }
    let mut stream = EventStream {
        services,
        whose: Whose::default(),
        client: Peer::local().address,
        sender,
        patience: Duration::from_millis(20),
        next: (5, 0),
    };
    let at = |next_index| FollowEventsResponse {
        next_height: 5,
        ..message(next_index)
    };
    let ended = stream.hand(vec![at(3), at(4), at(9)]).await;
    let ended = ended.expect_err("a reason");
    assert_eq!(ended.code(), tonic::Code::ResourceExhausted);
    let place = "go on with from_height 5 and from_index 3";
    assert!(ended.message().contains(place), "{}", ended.message());
    // What it read is all before that place.
    drop(stream);
    let mut last = None;
    while let Some(one) = receiver.recv().await {
        last = Some(one.expect("a message"));
    }
    let last = last.expect("messages");
    assert_eq!((last.next_height, last.next_index), (5, 3));
}

#[tokio::test]
async fn who_reads_on_gets_everything_and_who_goes_away_ends_it() {
    let (sender, mut receiver) = mpsc::channel::<Told>(QUEUED + 1);
    let patience = Duration::from_secs(600);
    let reading = tokio::spawn(async move {
        let mut got = 0;
        while got < 100 {
            got = receiver
                .recv()
                .await
                .expect("a message")
                .expect("no status")
                .next_index;
        }
    });
    for number in 1..=100 {
        let sent = hand_over(&sender, message(number), patience).await;
        assert_eq!(sent, Ok(()));
    }
    reading.await.expect("all were read");
    let gone = hand_over(&sender, message(101), patience).await;
    assert_eq!(gone, Err(Lost::Gone));
}
