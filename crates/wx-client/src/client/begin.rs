//! How the flow of a request is made.

use std::fmt;
use std::io;

use wx_proto::flow::{ResumeError, ResumeOptions};
use wx_proto::{Error, Media, Policy, Session, SourceError, Step};

/// How the flow `F` of a request begins, by what it needs besides the session. `Source` and `Sink`
/// are those of the client.
pub(crate) enum Begin<'a, F, Source, Sink> {
    /// A flow that touches no media.
    Plain(BeginPlain<'a, F>),
    /// A flow that sends what a source holds.
    Send(Source, BeginSend<'a, F>),
    /// A flow that was saved. It has a source if it still needs one.
    Resume(Option<Source>, BeginResume<'a, F>),
    /// A flow that fetches into a sink. Its last argument says whether the sink can be
    /// started over.
    Fetch(Sink, BeginFetch<'a, F>),
}

/// Makes a flow that touches no media.
pub(crate) type BeginPlain<'a, F> =
    Box<dyn FnOnce(&Session, Policy) -> Result<F, Error> + Send + 'a>;

/// Makes a flow that sends.
pub(crate) type BeginSend<'a, F> =
    Box<dyn FnOnce(&Session, Media, Policy) -> Result<F, Error> + Send + 'a>;

/// Makes a flow that was saved.
pub(crate) type BeginResume<'a, F> =
    Box<dyn FnOnce(&Session, Policy, ResumeOptions) -> Result<F, ResumeError> + Send + 'a>;

/// Makes a flow that fetches.
pub(crate) type BeginFetch<'a, F> =
    Box<dyn FnOnce(&Session, bool, Policy) -> Result<F, Error> + Send + 'a>;

impl<F, Source, Sink> fmt::Debug for Begin<'_, F, Source, Sink> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Send(..) => "Send",
            Self::Resume(..) => "Resume",
            Self::Fetch(..) => "Fetch",
        })
    }
}

/// Returns the error of a job that cannot be resumed.
pub(crate) fn resume_error(error: ResumeError) -> Error {
    match error {
        ResumeError::Request(error) => Error::new(Step::Prepare, error),
        ResumeError::Media(error) => error.into(),
        error => SourceError::from(io::Error::new(io::ErrorKind::InvalidData, error)).into(),
    }
}
