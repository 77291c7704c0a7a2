//! Displays an error and its sources in one line.

use std::error::Error;
use std::fmt;

/// Displays an error and all of its sources in one line, separated by colons.
///
/// The text of an error does not repeat its [source](Error::source). Use the chain for texts that
/// people read.
///
/// ```
/// use wx_proto::{ErrorChain, ErrorKind, ReplyError, Step};
///
/// let error = wx_proto::Error::new(Step::Logout, ReplyError::Status(503));
/// assert_eq!(error.to_string(), "the logout failed");
/// let shown = "the logout failed: the server answered with status 503";
/// assert_eq!(error.chain().to_string(), shown);
/// // This works for any error, such as one that `main` returns.
/// let error: Box<dyn std::error::Error> = error.into();
/// assert_eq!(ErrorChain(&*error).to_string(), shown);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
