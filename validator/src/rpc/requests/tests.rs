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
    assert_eq!(client(proxy, &["192.0.2.7:4711"]), proxy);
    assert_eq!(client(proxy, &["192.0.2.7,"]), proxy);
    assert_eq!(client(proxy, &["192.0.2.7", "unknown"]), proxy);
    let sixth: IpAddr = "2001:db8::7".parse().unwrap();
    assert_eq!(client(proxy, &["1.1.1.1,\t2001:db8::7"]), sixth);
    assert_eq!(client(sixth, &["192.0.2.7"]), sixth);
    assert_eq!(client(proxy, &[]), proxy);
    let mapped = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!(client(mapped, &["192.0.2.7"]), told);
}

/// Answers who asks, as the services see it, and never ends the answer.
#[derive(Clone)]
struct WhoAsks;

impl Service<http::Request<Body>> for WhoAsks {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (parts, _) = request.into_parts();
        let mut asked = Request::new(());
        *asked.extensions_mut() = parts.extensions;
        let who = Client::of(&asked).to_string();
        let mut answer = http::Response::new(open(&[]));
        answer.headers_mut().insert("who", who.parse().unwrap());
        std::future::ready(Ok(answer))
    }
}

#[tokio::test]
async fn requests_through_a_proxy_are_counted_by_its_clients_and_others_by_themselves() {
    let proxy: IpAddr = [10, 0, 0, 1].into();
    let bounded = Bounds::new(&[proxy]).layer(WhoAsks);
    let lane = LANES[3];
    let ask = async |peer: &str, forwarded: &[&str]| {
        let mut request = http::Request::new(Body::empty());
        *request.uri_mut() = lane.paths[0].parse().unwrap();
        for value in forwarded {
            let value = value.parse().unwrap();
            request.headers_mut().append(FORWARDED_FOR, value);
        }
        let peer = Arc::new(Peer::new(peer.parse().unwrap()));
        request.extensions_mut().insert(peer);
        bounded.clone().call(request).await.unwrap()
    };
    let who = |answer: &http::Response<Body>| {
        let who = answer.headers().get("who");
        who.map(|who| who.to_str().unwrap().to_owned())
    };
    // One client takes its whole part through the proxy, however its address is written and whatever stands before it.
    let mut held = Vec::new();
    for forwarded in [
        &["2001:db8:1:2::1"][..],
        &["198.51.100.9, 2001:db8:1:2::2"],
        &["198.51.100.9", " 2001:DB8:1:2::3 "],
        &["garbage,2001:db8:1:2:0:0:0:4"],
    ] {
        held.push(ask("10.0.0.1", forwarded).await);
    }
    let named: Vec<_> = held.iter().filter_map(who).collect();
    let names = [1, 2, 3, 4].map(|number| format!("2001:db8:1:2::{number}"));
    assert_eq!(named, names);
    assert_eq!(named.len(), lane.places.1);
    let refused = async |peer: &str, forwarded: &[&str]| {
        let answer = ask(peer, forwarded).await;
        who(&answer).is_none()
    };
    assert!(refused("10.0.0.1", &["2001:db8:1:2::5"]).await);
    // Others have their own parts: behind the proxy, the proxy itself where it names nobody, and whoever only claims to be that client.
    for (peer, forwarded, counted) in [
        ("10.0.0.1", &["192.0.2.7"][..], "192.0.2.7"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["2001:db8:1:2::5, garbage"], "10.0.0.1"),
        ("10.0.0.1", &["2001:db8:1:2::5", ""], "10.0.0.1"),
        ("10.0.0.2", &["2001:db8:1:2::5"], "10.0.0.2"),
        ("2001:db8:9::1", &["192.0.2.7"], "2001:db8:9::1"),
    ] {
        let answer = ask(peer, forwarded).await;
        assert_eq!(who(&answer).as_deref(), Some(counted), "{forwarded:?}");
        held.push(answer);
    }
    // The stranger who names another client at each request uses up its own part.
    for number in 1..lane.places.1 {
        let forwarded = format!("192.0.2.{number}");
        held.push(ask("10.0.0.2", &[&forwarded]).await);
    }
    assert!(refused("10.0.0.2", &["192.0.2.99"]).await);
    assert_eq!(
        held.iter().filter(|answer| who(answer).is_some()).count(),
        held.len()
    );
}
