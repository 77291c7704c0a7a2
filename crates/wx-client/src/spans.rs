//! What the feature `tracing` adds to the drivers: a span for the job and, within it, one for each
//! exchange. Without the feature nothing of it is left.

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
pub struct Spans {
    /// The exchange under way.
    #[cfg(feature = "tracing")]
    exchange: Mutex<Span>,
}

#[cfg(feature = "tracing")]
impl Spans {
    const TARGET: &str = "wx_client";

    /// Creates the spans of a job that begins now.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it begins a job")]
    pub fn new() -> Self {
        Self { exchange: Mutex::new(Span::none()) }
    }

    /// Returns an observer that ends the span of each exchange.
    pub fn observer<F: Flow>(&self) -> impl Observer<F> {
        Trace::new(|exchange: &ExchangeSummary| self.end(exchange))
    }

    /// Runs a job in its span.
    pub fn job<J: Future>(&self, job: J) -> impl Future<Output = J::Output> {
        job.instrument(debug_span!(target: Spans::TARGET, "wx.job"))
    }

    /// Begins an exchange: the request is about to be sent.
    pub fn begin(&self, flow: &impl Flow, outgoing: &ApiRequest) {
        let progress = flow.progress();
        let span = debug_span!(
            target: Spans::TARGET,
            "wx.exchange",
            step = progress.step.name(),
            endpoint = outgoing.endpoint(),
            method = outgoing.http().method().as_str(),
            chunk = progress.chunk.map(|chunk| chunk.index),
            chunks = progress.chunk.map(|chunk| chunk.of),
            "try" = progress.attempt.unwrap_or(0),
            request_bytes = outgoing.http().body().content_len(),
            status = Empty,
            reply_bytes = Empty,
            ret = Empty,
            failure = Empty,
            delivered = Empty,
        );
        self.replace(span);
    }

    /// Runs a part of the exchange in its span.
    pub fn within<P: Future>(&self, part: P) -> impl Future<Output = P::Output> {
        part.instrument(self.exchange())
    }

    fn exchange(&self) -> Span {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn end(&self, exchanged: &ExchangeSummary) {
        let span = self.replace(Span::none());
        span.record("status", exchanged.status);
        span.record("reply_bytes", exchanged.reply_bytes);
        span.record("ret", exchanged.ret.map(|ret| ret.0));
        if let Some(failure) = exchanged.failure {
            span.record("failure", failure.kind.name());
            span.record("delivered", format!("{:?}", failure.delivered).to_lowercase());
        }
        // For listeners that print events only: they print the fields of the span with it.
        span.in_scope(|| debug!(target: Spans::TARGET, "exchange"));
    }

    fn replace(&self, span: Span) -> Span {
        std::mem::replace(&mut self.exchange.lock().unwrap_or_else(PoisonError::into_inner), span)
    }
}

#[cfg(not(feature = "tracing"))]
impl Spans {
    /// Creates the spans of a job that begins now.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it begins a job")]
    pub fn new() -> Self {
        Self {}
    }

    /// Returns an observer that does nothing.
    pub fn observer<F: Flow>(&self) -> impl Observer<F> {}

    /// Begins an exchange.
    pub fn begin(&self, _: &impl Flow, _: &ApiRequest) {}

    /// Runs a job.
    pub fn job<J: Future>(&self, job: J) -> J {
        job
    }

    /// Runs a part of the exchange.
    pub fn within<P: Future>(&self, part: P) -> P {
        part
    }
}
