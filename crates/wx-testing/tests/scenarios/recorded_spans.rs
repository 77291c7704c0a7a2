//! Records everything that a thread reports to `tracing`.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// The records of one thread. All threads share one subscriber: with one subscriber per thread, a
/// callsite that another thread reaches first may be cached as disabled.
pub(crate) struct Recorded(Vec<SpanRecord>);

thread_local! {
    static HERE: RefCell<Vec<SpanRecord>> = const { RefCell::new(Vec::new()) };
}

/// Starts recording on this thread.
pub(crate) fn start() {
    static LISTENER: Once = Once::new();
    LISTENER.call_once(|| Registry::default().with(Listener).init());
    HERE.take();
}

/// Returns the records since recording was started.
pub(crate) fn take() -> Recorded {
    Recorded(HERE.take())
}

/// A closed span, or an event.
#[derive(Clone, Debug)]
pub(crate) struct SpanRecord {
    /// The name of the span. Empty for an event.
    pub(crate) name: &'static str,
    pub(crate) target: String,
    /// The names of the enclosing spans, outermost first.
    pub(crate) within: Vec<&'static str>,
    /// The id of the outermost span.
    pub(crate) root: Option<u64>,
    /// The fields as ` name=value`, in the order in which they were recorded.
    pub(crate) fields: String,
}

impl SpanRecord {
    pub(crate) fn number(&self, field: &str) -> Option<u64> {
        let (_, rest) = self.fields.split_once(&format!(" {field}="))?;
        rest.split(' ').next()?.parse().ok()
    }

    /// Returns the fields without sizes, which a separate test checks.
    pub(crate) fn without_sizes(&self) -> String {
        let sized =
            |field: &&str| !field.starts_with("request_bytes") && !field.starts_with("reply_bytes");
        self.fields.split_whitespace().filter(sized).collect::<Vec<_>>().join(" ")
    }
}

impl Recorded {
    pub(crate) fn all(&self) -> &[SpanRecord] {
        &self.0
    }

    /// Returns the spans with this name, in the order in which they were closed.
    pub(crate) fn spans(&self, name: &str) -> Vec<&SpanRecord> {
        self.0.iter().filter(|record| record.name == name).collect()
    }
}

struct Listener;

impl Listener {
    fn keep(&self, record: SpanRecord) {
        // When a thread ends, nobody needs its records any more.
        let _ = HERE.try_with(|here| here.borrow_mut().push(record));
    }
}

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {}={value}", field.name()).unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        record.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let around: Vec<_> = span.scope().from_root().collect();
        let fields = span.extensions_mut().remove::<Fields>().unwrap().0;
        self.keep(SpanRecord {
            name: span.name(),
            target: span.metadata().target().to_owned(),
            within: around[..around.len() - 1].iter().map(|span| span.name()).collect(),
            root: around.first().map(|span| span.id().into_u64()),
            fields,
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let around: Vec<_> =
            context.event_scope(event).map(|scope| scope.from_root().collect()).unwrap_or_default();
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.keep(SpanRecord {
            name: "",
            target: event.metadata().target().to_owned(),
            within: around.iter().map(|span| span.name()).collect(),
            root: around.first().map(|span| span.id().into_u64()),
            fields: fields.0,
        });
    }
}
