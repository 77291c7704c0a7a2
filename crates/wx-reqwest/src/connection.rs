//! Tells what became of the connection of a request, which reqwest does not: whether there is one
//! yet, whether it had carried a request before, and whether a proxy is in between.
//!
//! Its pool is asked for an idle connection while a new one is being made, and both happen within
//! the request's own future (`hyper_util::client::legacy::Client::one_connection_for`). If the pool
//! wins, the new connection is finished by a task of its own, for the pool. So a request within
//! which no connection was made went over one from the pool, and that has carried a request, except
//! for such a spare one. Nothing is wrong with taking a spare one for reused: the request is
//! repeated once, as after any failure on the way. If a connection was made in vain at the last
//! moment, a reused one is taken for new: that costs a try.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;
use wx_proto::flow::{ProxyProblem, TransportError, TransportErrorKind};

tokio::task_local! {
    /// That of the request which the task is about.
    static CURRENT: Connection;
}

/// What is known of a request's connection.
#[derive(Clone, Default)]
pub(crate) struct Connection(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stage: Stage,
    proxied: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// From the pool, as far as is known.
    #[default]
    Reused,
    /// Being made.
    Unfinished,
    New,
}

impl Connection {
    /// Awaits `request` and observes it.
    pub(crate) async fn observe<T>(&self, request: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), request).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.state().stage == Stage::Reused
    }

    /// Whether it was being made until the last, so that nothing of the request can have left.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.state().stage == Stage::Unfinished
    }

    /// The failure of a connection that took too long.
    pub(crate) fn not_in_time(&self) -> TransportError {
        TransportError::never_connected(match self.state().proxied {
            true => TransportErrorKind::Proxy(ProxyProblem::Stalled),
            false => TransportErrorKind::Connect,
        })
    }
}

/// To be called when none of a client's proxies is for the connection that is being made.
pub(crate) fn is_direct() {
    let _ = CURRENT.try_with(|current| current.state().proxied = false);
}

/// Lets [`Connection::observe`] see what a connector does.
#[derive(Clone)]
pub(crate) struct Observed;

impl<S> Layer<S> for Observed {
    type Service = ObservedConnector<S>;

    fn layer(&self, connector: S) -> ObservedConnector<S> {
        ObservedConnector(connector)
    }
}

#[derive(Clone)]
pub(crate) struct ObservedConnector<S>(S);

impl<S: Service<R>, R> Service<R> for ObservedConnector<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = ObservedConnecting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let of = CURRENT.try_with(Connection::clone).unwrap_or_default();
        // reqwest asks its proxies within the call, and the last one tells that it was asked.
        *of.state() = State { stage: Stage::Unfinished, proxied: true };
        ObservedConnecting { connecting: Box::pin(self.0.call(destination)), of }
    }
}

pub(crate) struct ObservedConnecting<F> {
    connecting: Pin<Box<F>>,
    of: Connection,
}

impl<F: Future> Future for ObservedConnecting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.connecting.as_mut().poll(cx);
        if CURRENT.try_with(|_| ()).is_err() {
            // A spare connection is finished outside of any request. Its request has got another.
            self.of.state().stage = Stage::Reused;
        } else if polled.is_ready() {
            self.of.state().stage = Stage::New;
        }
        polled
    }
}

#[cfg(test)]
impl Connection {
    /// One that is being made.
    pub(crate) fn unfinished() -> Self {
        let connection = Self::default();
        connection.state().stage = Stage::Unfinished;
        connection
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    /// Makes a connection once its sender has sent.
    struct Slow(Option<oneshot::Receiver<()>>);

    impl Service<()> for Slow {
        type Response = ();
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<(), Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            let told = self.0.take().unwrap();
            Box::pin(async move {
                let _ = told.await;
                Ok(())
            })
        }
    }

    fn slow() -> (oneshot::Sender<()>, ObservedConnector<Slow>) {
        let (tell, told) = oneshot::channel();
        (tell, Observed.layer(Slow(Some(told))))
    }

    #[tokio::test]
    async fn a_connection_is_made_or_given_up() {
        let (tell, mut connector) = slow();
        let connection = Connection::default();
        let request = connection.observe(async { connector.call(()).await });
        timeout(Duration::from_millis(10), request).await.unwrap_err();
        assert!(connection.is_unfinished() && !connection.is_reused());
        drop(tell);

        let (tell, mut connector) = slow();
        let connection = Connection::default();
        tell.send(()).unwrap();
        connection.observe(async { connector.call(()).await }).await.unwrap();
        assert!(!connection.is_unfinished() && !connection.is_reused());
    }

    /// The pool had one in the meantime, by which the request may have left.
    #[tokio::test]
    async fn a_connection_that_is_finished_elsewhere_is_not_the_requests() {
        let (tell, mut connector) = slow();
        let connection = Connection::default();
        let mut spare = None;
        let request = connection.observe(async {
            let mut connecting = connector.call(());
            assert!(timeout(Duration::from_millis(10), &mut connecting).await.is_err());
            spare = Some(tokio::spawn(connecting));
        });
        request.await;
        tokio::task::yield_now().await;
        assert!(connection.is_reused() && !connection.is_unfinished());
        tell.send(()).unwrap();
        spare.unwrap().await.unwrap().unwrap();
        assert!(connection.is_reused());
    }
}
