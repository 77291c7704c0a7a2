//! Tells requests on a reused connection from requests on a new one, which reqwest does not.
//!
//! Its pool is asked for an idle connection while a new one is being made, and both happen within
//! the request's own future (`hyper_util::client::legacy::Client::one_connection_for`). If the pool
//! wins, the new connection is finished by a task of its own, for the pool. So a request within
//! which no connection was made went over one from the pool, and that has carried a request, except
//! for such a spare one. Nothing is wrong with taking a spare one for reused: the request is
//! repeated once, as after any failure on the way. If a connection was made in vain at the last
//! moment, a reused one is taken for new: that costs a try.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Whether a connection was made within this request.
    static CONNECTED: Cell<bool>;
}

/// Awaits `request`, and tells whether it went over a reused connection.
pub(crate) async fn observe<T>(request: impl Future<Output = T>) -> (T, bool) {
    let observed = async {
        let output = request.await;
        (output, !CONNECTED.with(Cell::get))
    };
    CONNECTED.scope(Cell::new(false), observed).await
}

/// Lets [`observe`] see what a connector does.
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
        ObservedConnecting(Box::pin(self.0.call(destination)))
    }
}

pub(crate) struct ObservedConnecting<F>(Pin<Box<F>>);

impl<F: Future> Future for ObservedConnecting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.0.as_mut().poll(cx);
        if polled.is_ready() {
            // A spare connection is finished outside of any request.
            let _ = CONNECTED.try_with(|connected| connected.set(true));
        }
        polled
    }
}
