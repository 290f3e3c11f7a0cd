//! What a node has no room for now is asked again: many may ask it at once for what takes time, such as proofs.

use std::time::Duration;

use tonic::{Code, Response, Status};

/// How long to wait each time before a node is asked again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The answer of `client` to a read, which is asked again a few times while the node says that it cannot answer now.
///
/// # Errors
/// What the node said, at last in any case.
pub async fn patiently<C: Clone, R: Clone, T, F>(
    client: C,
    request: R,
    ask: impl Fn(C, R) -> F,
) -> Result<T, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    after(PAUSES, || ask(client.clone(), request.clone())).await
}

async fn after<T, F>(
    pauses: impl IntoIterator<Item = Duration>,
    mut ask: impl FnMut() -> F,
) -> Result<T, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    for pause in pauses {
        match ask().await {
            Err(status) if is_busy(&status) => tokio::time::sleep(pause).await,
            answer => return answer.map(Response::into_inner),
        }
    }
    ask().await.map(Response::into_inner)
}

/// Whether asking again later may help.
fn is_busy(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::ResourceExhausted)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Asks a node that answers with `code` the first `times` times. Gives how often it was asked, and what came of it.
    async fn asked(code: Code, times: usize) -> (usize, Result<usize, Code>) {
        let asked = Cell::new(0);
        let answer = after(PAUSES.map(|_| Duration::ZERO), || {
            let before = asked.replace(asked.get() + 1);
            async move {
                match before < times {
                    true => Err(Status::new(code, "as told")),
                    false => Ok(Response::new(before)),
                }
            }
        });
        let answer = answer.await.map_err(|status| status.code());
        (asked.get(), answer)
    }

    #[tokio::test]
    async fn a_node_without_room_is_asked_again_a_few_times_and_one_that_refuses_is_not() {
        for busy in [Code::Unavailable, Code::ResourceExhausted] {
            assert_eq!(asked(busy, 0).await, (1, Ok(0)));
            assert_eq!(asked(busy, 4).await, (5, Ok(4)));
            assert_eq!(asked(busy, 9).await, (5, Err(busy)));
        }
        let refused = Code::InvalidArgument;
        assert_eq!(asked(refused, 9).await, (1, Err(refused)));
    }
}
