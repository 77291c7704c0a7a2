//! What went wrong, told the same way for the core's errors and the command's own.

use std::io;
use std::path::Path;

use wx_client::outbox::{OutboxError, OutboxErrorKind};
use wx_client::{BuildError, LoginError};
use wx_proto::{Advice, Error, ErrorKind, MediaError, Outcome, RequestError, SessionError, Step};

use crate::{out, withhold};

/// Something that went wrong, with what an event says of it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) class: Class,
    pub(crate) step: &'static str,
    /// The chunk's index from 0.
    pub(crate) chunk: Option<u32>,
    pub(crate) ret: Option<i64>,
    pub(crate) local_id: Option<Box<str>>,
    pub(crate) media_id: Option<Box<str>>,
    pub(crate) advice: Option<Advice>,
    pub(crate) file: Which,
    pub(crate) message: Box<str>,
    /// The advice in words, if not the core's.
    pub(crate) hint: Option<&'static str>,
}

/// Which file is to be checked, where the advice is [`Advice::CheckFile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Any,
    Session,
    Output,
}

/// What a problem means for the exit code and for the rest of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// This one failed, others may work.
    Failed,
    /// The command cannot do anything as it was called.
    Usage,
    /// Too frequent: the others had better wait.
    SlowDown,
    /// Nothing works without a new login.
    Login,
    /// Nobody knows whether the message was delivered.
    Unknown,
    /// Nobody knows it of a message of an earlier run, of which nothing left in this one: others
    /// may work.
    InDoubt,
    /// It was in doubt, and the user has given it up.
    GivenUp,
    /// The user stopped it.
    Stopped,
}

impl Problem {
    /// Something local, before any request.
    pub(crate) fn local(message: impl Into<Box<str>>, advice: Advice) -> Self {
        Self {
            class: Class::Failed,
            step: "prepare",
            chunk: None,
            ret: None,
            local_id: None,
            media_id: None,
            advice: Some(advice),
            file: Which::Any,
            message: message.into(),
            hint: None,
        }
    }

    /// A message that was in doubt when the command began, and still is.
    pub(crate) fn in_doubt() -> Self {
        let words = "an earlier run handed it out, and it may have been delivered";
        let problem = Self::local(words, Advice::LookAtPhone).hint(LOOK);
        Self { class: Class::InDoubt, step: Step::Message.name(), ..problem }
    }

    /// A message that was in doubt until the user gave it up.
    pub(crate) fn given_up() -> Self {
        let words = "given up: it may have been delivered, and is not sent again";
        let problem = Self { advice: None, ..Self::local(words, Advice::LookAtPhone) };
        Self { class: Class::GivenUp, step: Step::Message.name(), ..problem }
    }

    /// The command's own words for what to do.
    pub(crate) fn hint(self, words: &'static str) -> Self {
        Self { hint: Some(words), ..self }
    }

    /// It is about the session file, and not about any picture.
    pub(crate) fn with_session(self) -> Self {
        Self { file: Which::Session, ..self.hint("check the session file") }
    }

    /// It is about the file to write.
    pub(crate) fn with_output(self) -> Self {
        Self { file: Which::Output, ..self.hint("check the output") }
    }

    /// Names the file to write, if it is about that.
    pub(crate) fn at_output(self, path: &Path) -> Self {
        match self.file {
            Which::Output => {
                Self { message: format!("{}: {}", path.display(), self.message).into(), ..self }
            }
            Which::Any | Which::Session => self,
        }
    }

    /// The advice as programs know it.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match (self.advice?, self.file) {
            (Advice::CheckFile, Which::Session) => Some("check_session"),
            (Advice::CheckFile, Which::Output) => Some("check_output"),
            (advice, _) => Some(advice.name()),
        }
    }

    /// The name of its event.
    pub(crate) fn event(&self) -> &'static str {
        match self.class {
            Class::Unknown | Class::InDoubt => "unknown",
            Class::GivenUp => "given_up",
            _ => "failed",
        }
    }

    /// What happened and what to do about it.
    pub(crate) fn sentence(&self) -> String {
        match (self.hint, self.advice) {
            _ if self.class == Class::Stopped => self.message.to_string(),
            (Some(hint), _) => format!("{}; {hint}", self.message),
            (None, Some(advice)) => format!("{}; {advice}", self.message),
            (None, None) => self.message.to_string(),
        }
    }

    /// The codes and ids, for `-v`.
    pub(crate) fn details(&self) -> String {
        let chunk = self.chunk.map(|chunk| format!(", chunk index {chunk}"));
        let ret = self.ret.map(|ret| format!(", Ret {ret}"));
        let local_id = self.local_id.as_ref().map(|id| format!(", LocalID {id}"));
        let media_id = self.media_id.as_ref().map(|id| format!(", MediaId {}", short(id)));
        let more: String = [chunk, ret, local_id, media_id].into_iter().flatten().collect();
        format!("step {}{more}", self.step)
    }
}

impl From<OutboxError> for Problem {
    fn from(error: OutboxError) -> Self {
        // The directory is named where this is told.
        match error.into_kind() {
            OutboxErrorKind::Io(error) => error.into(),
            OutboxErrorKind::Busy(error) => Self::local(out::words(&error), Advice::CheckFile)
                .hint("wait until that one has ended"),
            error => {
                Self::local(out::words(&error), Advice::CheckFile).hint("choose another directory")
            }
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let advice = error.advice();
        let is_other = error.kind == ErrorKind::OtherMedia;
        let class = match (error.outcome(), advice) {
            (Outcome::Unknown, _) => Class::Unknown,
            _ if error.kind == ErrorKind::Cancelled => Class::Stopped,
            (_, Advice::LoginAgain | Advice::SetClock) => Class::Login,
            (_, Advice::Wait) => Class::SlowDown,
            _ => Class::Failed,
        };
        let problem = Self {
            class,
            step: error.step.name(),
            chunk: error.chunk.map(|chunk| chunk.index),
            ret: error.ret().map(|ret| ret.0),
            local_id: error.local_id.as_ref().map(|id| id.as_str().into()),
            media_id: error.uploaded.as_ref().map(|uploaded| uploaded.media_id.as_str().into()),
            ..match class {
                Class::Stopped => Self::local(INTERRUPTED, Advice::RetryLater),
                _ => Self::local(out::words(&error), advice),
            }
        };
        // The only file of a download is the one that it writes.
        match (error.step, advice) {
            (Step::Download, Advice::CheckFile) => problem.with_output(),
            _ if is_other => problem.hint(FORMER),
            _ => problem,
        }
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        Error::from(error).into()
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        let advice = match error.kind() {
            io::ErrorKind::FileTooLarge => Advice::RaiseLimit,
            _ => Advice::CheckFile,
        };
        Self::local(out::words(&error), advice)
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        Self::local(out::words(&error), Advice::CheckFile).with_session()
    }
}

impl From<BuildError> for Problem {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Proxy(error) => {
                let problem = Self::local(out::words(&error), Advice::CheckProxy);
                Self { class: Class::Usage, ..problem.hint("correct or unset it") }
            }
            error => Self::local(out::words(&error), Advice::Report),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Build(error) => error.into(),
            LoginError::Login(error) | LoginError::Unfinished { error, .. } => error.into(),
            error => Self::local(out::words(&error), Advice::Report),
        }
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        Error::new(Step::Prepare, error).into()
    }
}

/// What to do about a message in doubt of a saved job.
pub(crate) const LOOK: &str = "look at the conversation on the phone; if it is not there, \
    wx resume --resend sends it once more, else wx resume --give-up settles it";

/// What to do about a file that is not the one that a job was begun with.
pub(crate) const FORMER: &str =
    "put the former file back as it was, or send what is there now by a new wx send-image";

/// What is said of work that the user stopped.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// A MediaId has hundreds of characters; its end tells it apart. It begins as the login's skey
/// does.
pub(crate) fn short(media_id: &str) -> String {
    let media_id = withhold::in_text(media_id);
    let all: Vec<char> = media_id.chars().collect();
    if all.len() <= 40 {
        return media_id.into_owned();
    }
    let (begin, end) = (&all[..7], &all[all.len() - 8..]);
    format!("{}…{} ({} characters)", String::from_iter(begin), String::from_iter(end), all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_media_id_its_end_is_shown() {
        let media_id = format!("@crypt_a936502b_{}1c", "9f".repeat(319));
        assert_eq!(short(&media_id), "@crypt_…9f9f9f1c (656 characters)");
        assert_eq!(short("@crypt_a936502b"), "@crypt_a936502b");
    }
}
