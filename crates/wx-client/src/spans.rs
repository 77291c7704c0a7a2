//! The spans of the feature `tracing`: one per job, and in it one per exchange. Without the
//! feature,
//! [`Spans`] does nothing.

#[cfg(feature = "tracing")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "tracing")]
use tracing::{Instrument, Span, debug, debug_span, field::Empty};
use wx_proto::ApiRequest;
#[cfg(feature = "tracing")]
use wx_proto::flow::{ExchangeSummary, Trace};
use wx_proto::flow::{Flow, Observer};

/// The spans of one job.
#[derive(Debug)]
pub(crate) struct Spans {
    /// The span of the current exchange.
    #[cfg(feature = "tracing")]
    exchange: Mutex<Span>,
}

#[cfg(feature = "tracing")]
impl Spans {
    const TARGET: &str = "wx_client";

    /// Creates the spans of a job that begins now.
    pub(crate) fn new() -> Self {
        Self { exchange: Mutex::new(Span::none()) }
    }

    /// Returns an observer that ends the span of each exchange.
    pub(crate) fn observer<F: Flow>(&self) -> impl Observer<F> {
        Trace::new(|exchange: &ExchangeSummary| self.end(exchange))
    }

    /// Runs a job in its span.
    pub(crate) fn job<J: Future>(&self, job: J) -> impl Future<Output = J::Output> {
        job.instrument(debug_span!(target: Spans::TARGET, "wx.job"))
    }

    /// Begins the span of an exchange, before its request is sent.
    pub(crate) fn begin(&self, flow: &impl Flow, request: &ApiRequest) {
        let progress = flow.progress();
        let span = debug_span!(
            target: Spans::TARGET,
            "wx.exchange",
            step = progress.step.name(),
            endpoint = request.endpoint(),
            method = request.http().method().as_str(),
            chunk = progress.chunk.map(|chunk| chunk.index),
            chunks = progress.chunk.map(|chunk| chunk.of),
            "try" = progress.attempt.unwrap_or(0),
            request_bytes = request.http().body().content_len(),
            status = Empty,
            reply_bytes = Empty,
            ret = Empty,
            failure = Empty,
            delivered = Empty,
        );
        self.replace(span);
    }

    /// Runs a part of the exchange in its span.
    pub(crate) fn within<P: Future>(&self, part: P) -> impl Future<Output = P::Output> {
        part.instrument(self.exchange())
    }

    fn exchange(&self) -> Span {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn end(&self, exchange: &ExchangeSummary) {
        let span = self.replace(Span::none());
        span.record("status", exchange.status);
        span.record("reply_bytes", exchange.reply_bytes);
        span.record("ret", exchange.ret.map(|ret| ret.0));
        if let Some(error) = exchange.error {
            span.record("failure", error.kind.name());
            span.record("delivered", format!("{:?}", error.delivery).to_lowercase());
        }
        // For subscribers that print only events, with the fields of their span.
        span.in_scope(|| debug!(target: Spans::TARGET, "exchange"));
    }

    fn replace(&self, span: Span) -> Span {
        std::mem::replace(&mut self.exchange.lock().unwrap_or_else(PoisonError::into_inner), span)
    }
}

#[cfg(not(feature = "tracing"))]
impl Spans {
    /// Creates the spans of a job that begins now.
    pub(crate) fn new() -> Self {
        Self {}
    }

    /// Returns an observer that does nothing.
    pub(crate) fn observer<F: Flow>(&self) -> impl Observer<F> {}

    /// Begins an exchange.
    pub(crate) fn begin(&self, _: &impl Flow, _: &ApiRequest) {}

    /// Runs a job.
    pub(crate) fn job<J: Future>(&self, job: J) -> J {
        job
    }

    /// Runs a part of the exchange.
    pub(crate) fn within<P: Future>(&self, part: P) -> P {
        part
    }
}
