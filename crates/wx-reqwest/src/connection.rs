//! Observes the connection of a request: whether it is established, whether it has carried a
//! request before, and whether it uses a proxy. reqwest does not report this.
//!
//! Within the future of the request, hyper-util races an idle pooled connection against a new one
//! (`hyper_util::client::legacy::Client::one_connection_for`). If the pooled connection wins, a
//! background task finishes the new one and adds it to the pool as a spare one. Therefore, a
//! request that has established no connection itself uses a pooled one.
//!
//! There are two inaccuracies. A spare connection counts as reused although it has carried no
//! request. This is harmless: the request is repeated once. And if a new connection was finished
//! but the pooled connection won the race, a reused connection counts as new, which costs a try.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;
use wx_proto::flow::{ProxyProblem, TransportError, TransportErrorKind};

tokio::task_local! {
    /// The connection of the current request.
    static CURRENT: Connection;
}

/// The observed state of a request's connection.
#[derive(Clone, Default)]
pub(crate) struct Connection(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stage: Stage,
    proxied: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// From the pool. This is assumed until a connection attempt is observed.
    #[default]
    Reused,
    /// Not established yet.
    Unfinished,
    New,
}

impl Connection {
    /// Awaits `request` and observes its connection.
    pub(crate) async fn observe<T>(&self, request: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), request).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.state().stage == Stage::Reused
    }

    /// Returns whether the connection was never established. In that case, no byte of the request
    /// was sent.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.state().stage == Stage::Unfinished
    }

    /// Returns the error of a connection that took too long.
    pub(crate) fn timeout_error(&self) -> TransportError {
        TransportError::never_connected(match self.state().proxied {
            true => TransportErrorKind::Proxy(ProxyProblem::Stalled),
            false => TransportErrorKind::Connect,
        })
    }
}

/// Records that the current connection attempt uses no proxy.
pub(crate) fn record_direct() {
    let _ = CURRENT.try_with(|current| current.state().proxied = false);
}

/// The layer that reports the work of a connector to [`Connection::observe`].
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
    type Future = ObservedConnect<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let connection = CURRENT.try_with(Connection::clone).unwrap_or_default();
        // reqwest selects a proxy during this call. If none applies, the last one calls
        // `record_direct`.
        *connection.state() = State { stage: Stage::Unfinished, proxied: true };
        ObservedConnect { connecting: Box::pin(self.0.call(destination)), connection }
    }
}

pub(crate) struct ObservedConnect<F> {
    connecting: Pin<Box<F>>,
    connection: Connection,
}

impl<F: Future> Future for ObservedConnect<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.connecting.as_mut().poll(cx);
        if CURRENT.try_with(|_| ()).is_err() {
            // This is a spare connection. Its request uses another one.
            self.connection.state().stage = Stage::Reused;
        } else if polled.is_ready() {
            self.connection.state().stage = Stage::New;
        }
        polled
    }
}

#[cfg(test)]
impl Connection {
    /// Returns a connection that is not established yet.
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
            let made = self.0.take().unwrap();
            Box::pin(async move {
                let _ = made.await;
                Ok(())
            })
        }
    }

    fn slow() -> (oneshot::Sender<()>, ObservedConnector<Slow>) {
        let (make, made) = oneshot::channel();
        (make, Observed.layer(Slow(Some(made))))
    }

    #[tokio::test]
    async fn a_connection_is_made_or_given_up() {
        let (make, mut connector) = slow();
        let connection = Connection::default();
        let request = connection.observe(async { connector.call(()).await });
        timeout(Duration::from_millis(10), request).await.unwrap_err();
        assert!(connection.is_unfinished() && !connection.is_reused());
        drop(make);

        let (make, mut connector) = slow();
        let connection = Connection::default();
        make.send(()).unwrap();
        connection.observe(async { connector.call(()).await }).await.unwrap();
        assert!(!connection.is_unfinished() && !connection.is_reused());
    }

    /// The pool had a connection in the meantime, on which the request may have left.
    #[tokio::test]
    async fn a_connection_that_is_finished_elsewhere_is_not_the_requests() {
        let (make, mut connector) = slow();
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
        make.send(()).unwrap();
        spare.unwrap().await.unwrap().unwrap();
        assert!(connection.is_reused());
    }
}
