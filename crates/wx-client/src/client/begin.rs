//! Creates the flow of a request.

use std::fmt;
use std::io;

use wx_proto::flow::{ResumeError, ResumeOptions};
use wx_proto::{Error, Media, Policy, Session, SourceError, Step};

/// Creates the flow `F` of a request. The variants differ in the arguments that the flow requires.
pub(crate) enum Begin<'a, F, Source, Sink> {
    /// A flow without media.
    Plain(BeginPlain<'a, F>),
    /// A flow that sends the media of a source.
    Send(Source, BeginSend<'a, F>),
    /// A saved flow, with the source that it still requires, if any.
    Resume(Option<Source>, BeginResume<'a, F>),
    /// A flow that fetches into a sink. The `bool` says whether the download can be restarted in
    /// that sink.
    Fetch(Sink, BeginFetch<'a, F>),
}

/// Creates a flow without media.
pub(crate) type BeginPlain<'a, F> =
    Box<dyn FnOnce(&Session, Policy) -> Result<F, Error> + Send + 'a>;

/// Creates a flow that sends.
pub(crate) type BeginSend<'a, F> =
    Box<dyn FnOnce(&Session, Media, Policy) -> Result<F, Error> + Send + 'a>;

/// Resumes a saved flow.
pub(crate) type BeginResume<'a, F> =
    Box<dyn FnOnce(&Session, Policy, ResumeOptions) -> Result<F, ResumeError> + Send + 'a>;

/// Creates a flow that fetches.
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
