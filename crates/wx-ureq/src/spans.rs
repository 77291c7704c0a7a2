//! What the feature `tracing` adds to [`drive()`](crate::drive()): a span for the job and, within
//! it, one for each exchange. Without the feature nothing of it is left.

#[cfg(feature = "tracing")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "tracing")]
use tracing::{Span, debug, debug_span, field::Empty};
use wx_proto::ApiRequest;
#[cfg(feature = "tracing")]
use wx_proto::flow::{ExchangeSummary, Trace};
use wx_proto::flow::{Flow, Observer};

/// The spans of one job.
pub(crate) struct Spans {
    /// The exchange under way.
    #[cfg(feature = "tracing")]
    exchange: Mutex<Span>,
}

#[cfg(feature = "tracing")]
impl Spans {
    const TARGET: &str = env!("CARGO_CRATE_NAME");

    pub(crate) fn new() -> Self {
        Self { exchange: Mutex::new(Span::none()) }
    }

    /// An observer that tells of each exchange that is over.
    pub(crate) fn observer<F: Flow>(&self) -> impl Observer<F> {
        Trace::new(|exchange: &ExchangeSummary| self.end(exchange))
    }

    pub(crate) fn job<T>(&self, job: impl FnOnce() -> T) -> T {
        debug_span!(target: Spans::TARGET, "wx.job").in_scope(job)
    }

    /// An exchange begins: the request is about to be sent.
    pub(crate) fn begin(&self, flow: &impl Flow, outgoing: &ApiRequest) {
        let progress = flow.progress();
        let span = debug_span!(
            target: Spans::TARGET,
            "wx.exchange",
            step = progress.step.name(),
            endpoint = outgoing.endpoint(),
            method = outgoing.http().method().as_str(),
            chunk = progress.chunk.map(|chunk| chunk.index),
            chunks = progress.chunk.map(|chunk| chunk.of),
            "try" = progress.attempt,
            request_bytes = outgoing.http().body().content_len(),
            status = Empty,
            reply_bytes = Empty,
            ret = Empty,
            failure = Empty,
            delivered = Empty,
        );
        self.replace(span);
    }

    /// Does a part of the exchange.
    pub(crate) fn within<T>(&self, part: impl FnOnce() -> T) -> T {
        let span = self.exchange.lock().unwrap_or_else(PoisonError::into_inner).clone();
        span.in_scope(part)
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
    pub(crate) fn new() -> Self {
        Self {}
    }

    pub(crate) fn observer<F: Flow>(&self) -> impl Observer<F> {}

    pub(crate) fn begin(&self, _: &impl Flow, _: &ApiRequest) {}

    pub(crate) fn job<T>(&self, job: impl FnOnce() -> T) -> T {
        job()
    }

    pub(crate) fn within<T>(&self, part: impl FnOnce() -> T) -> T {
        part()
    }
}
