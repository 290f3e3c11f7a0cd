//! Requests and answers that do not end by themselves.

use std::collections::VecDeque;
use std::task::Waker;

use super::*;

/// A body of these chunks, which then stays open.
struct Open(VecDeque<&'static [u8]>);

impl HttpBody for Open {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.0.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(chunk))))),
            None => Poll::Pending,
        }
    }
}

fn open(chunks: &[&'static [u8]]) -> Body {
    Body::new(Open(chunks.iter().copied().collect()))
}

async fn frame<B: HttpBody<Data = Bytes> + Unpin>(
    body: &mut B,
) -> Option<Result<Frame<Bytes>, B::Error>> {
    std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

fn lane(lasts: Duration) -> Lane {
    Lane {
        lasts,
        ..LANES[LANES.len() - 1]
    }
}

fn held(body: Body, quota: &Arc<Quota>, lasts: Duration) -> (Held, Arc<Peer>) {
    let peer = Peer::local();
    let place = quota.take(peer.address).unwrap();
    let held = Held::new(body, lane(lasts), place, peer.begin());
    (held, peer)
}

#[tokio::test]
async fn a_message_that_does_not_come_in_time_is_refused_and_a_stream_that_is_silent_is_ended() {
    let short = Duration::from_millis(20);
    for arrival in [Arrival::Within(short), Arrival::Stream(short, u64::MAX)] {
        let mut body = Arriving::new(open(&[b"part"]), arrival);
        assert!(frame(&mut body).await.unwrap().unwrap().is_data());
        let late = frame(&mut body).await.unwrap().unwrap_err();
        assert_eq!(late.code(), tonic::Code::DeadlineExceeded);
        assert!(frame(&mut body).await.is_none());
        assert!(body.is_end_stream());
    }
}

#[tokio::test]
async fn a_stream_that_is_longer_than_its_lane_allows_is_ended() {
    let arrival = Arrival::Stream(MINUTE, 6);
    let mut body = Arriving::new(open(&[b"four", b"more", b"never"]), arrival);
    assert!(frame(&mut body).await.unwrap().is_ok());
    let long = frame(&mut body).await.unwrap().unwrap_err();
    assert_eq!(long.code(), tonic::Code::OutOfRange);
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test]
async fn a_place_is_held_until_the_answer_has_ended() {
    let quota = Quota::new(1, 1);
    let (mut body, peer) = held(open(&[b"answer"]), &quota, MINUTE);
    assert!(peer.rank().0);
    assert!(frame(&mut body).await.unwrap().is_ok());
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut body).poll_frame(&mut context).is_pending());
    assert!(quota.take(peer.address).is_err());
    drop(body);
    assert!(quota.take(peer.address).is_ok());
    assert!(!peer.rank().0);
}

#[tokio::test]
async fn an_answer_ends_in_words_when_it_lasts_too_long_or_loses_its_place() {
    let code = |trailers: &http::HeaderMap| trailers["grpc-status"].to_str().unwrap().to_owned();
    let quota = Quota::new(2, 2);
    let (mut long, _) = held(open(&[]), &quota, Duration::from_millis(20));
    let trailers = frame(&mut long).await.unwrap().unwrap();
    let deadline = (tonic::Code::DeadlineExceeded as i32).to_string();
    assert_eq!(code(trailers.trailers_ref().unwrap()), deadline);
    assert!(frame(&mut long).await.is_none());

    let (mut first, _) = held(open(&[]), &quota, MINUTE);
    let (_second, _) = held(open(&[]), &quota, MINUTE);
    let _other = quota.take([10, 0, 0, 1].into()).unwrap();
    let trailers = frame(&mut first).await.unwrap().unwrap();
    let exhausted = (tonic::Code::ResourceExhausted as i32).to_string();
    assert_eq!(code(trailers.trailers_ref().unwrap()), exhausted);
    assert!(first.is_end_stream());
}

#[test]
fn every_named_method_has_its_own_lane_and_the_others_share_one() {
    let bounds = Bounds::new(&[]);
    let what = |path: &str| bounds.lane(path).unwrap().0.what;
    for lane in &LANES[..LANES.len() - 1] {
        for path in lane.paths {
            assert_eq!(what(path), lane.what);
        }
    }
    assert_eq!(what("/plasmid.chain.v1.ChainService/GetStatus"), "requests");
    assert_eq!(what("/nowhere"), "requests");
}

#[test]
fn only_our_proxies_are_believed_who_their_clients_are_and_only_the_last_hop() {
    let proxy: IpAddr = [10, 0, 0, 1].into();
    let stranger: IpAddr = [10, 0, 0, 2].into();
    let bounds = Bounds::new(&[proxy]);
    let client = |peer: IpAddr, forwarded: &[&str]| {
        let mut headers = http::HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        bounds.client(&headers, &Peer::new(peer))
    };
    let told: IpAddr = [192, 0, 2, 7].into();
    assert_eq!(client(stranger, &["192.0.2.7"]), stranger);
    assert_eq!(client(proxy, &["192.0.2.7"]), told);
    assert_eq!(client(proxy, &["1.1.1.1, 192.0.2.7"]), told);
    assert_eq!(client(proxy, &["1.1.1.1", "2.2.2.2,192.0.2.7 "]), told);
    assert_eq!(client(proxy, &["192.0.2.7, unknown"]), proxy);
    assert_eq!(client(proxy, &[]), proxy);
    let mapped = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!(client(mapped, &["192.0.2.7"]), told);
}
