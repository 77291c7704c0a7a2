//! Errors of the core and of the command in one form, in which they are reported.

use std::fmt;
use std::io;
use std::path::Path;

use wx_client::outbox::{OutboxError, OutboxErrorKind};
use wx_client::{BuildError, LoginError};
use wx_proto::{Advice, Error, ErrorKind, MediaError, Outcome, RequestError, SessionError, Step};

use crate::{out, withhold};

/// A problem, with the fields of its event.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) class: Class,
    pub(crate) step: &'static str,
    /// The index of the chunk, counted from 0.
    pub(crate) chunk: Option<u32>,
    pub(crate) ret: Option<i64>,
    pub(crate) local_id: Option<Box<str>>,
    pub(crate) media_id: Option<Box<str>>,
    pub(crate) advice: Option<Advice>,
    pub(crate) file: FileRole,
    pub(crate) message: Box<str>,
    /// The advice as text, if it differs from the text of the core.
    pub(crate) hint: Option<&'static str>,
}

/// The file to check if the advice is [`Advice::CheckFile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileRole {
    Any,
    Session,
    Output,
    /// The command that `watch` runs.
    Command,
}

/// The effect of a problem on the exit code and on the rest of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// This subject failed. Others may succeed.
    Failed,
    /// The arguments or the environment are wrong.
    Usage,
    /// The server replied "too frequent". The other subjects have to wait.
    SlowDown,
    /// A new login is required.
    Login,
    /// The message may have been delivered.
    Unknown,
    /// A message of an earlier run may have been delivered. This run has not sent it, and others
    /// may succeed.
    InDoubt,
    /// The message was in doubt, and the user has given it up.
    GivenUp,
    /// The command that `watch` runs for a message has failed too often.
    Passed,
    /// The user stopped the command.
    Stopped,
}

impl Problem {
    /// Returns a problem that was found before any request.
    pub(crate) fn local(message: impl Into<Box<str>>, advice: Advice) -> Self {
        Self {
            class: Class::Failed,
            step: "prepare",
            chunk: None,
            ret: None,
            local_id: None,
            media_id: None,
            advice: Some(advice),
            file: FileRole::Any,
            message: message.into(),
            hint: None,
        }
    }

    /// Returns the problem of a message that was in doubt when the command began, and still is.
    pub(crate) fn in_doubt() -> Self {
        let message = "an earlier run handed it out, and it may have been delivered";
        let problem = Self::local(message, Advice::LookAtPhone).hint(IN_DOUBT_HINT);
        Self { class: Class::InDoubt, step: Step::Message.name(), ..problem }
    }

    /// Returns the problem of a message that was in doubt until the user gave it up.
    pub(crate) fn given_up() -> Self {
        let message = "given up: it may have been delivered, and is not sent again";
        let problem = Self { advice: None, ..Self::local(message, Advice::LookAtPhone) };
        Self { class: Class::GivenUp, step: Step::Message.name(), ..problem }
    }

    /// Replaces the text of the advice.
    pub(crate) fn hint(self, text: &'static str) -> Self {
        Self { hint: Some(text), ..self }
    }

    /// Explains a refusal of the request's parameters (Ret 1), which is unexpected elsewhere, by a
    /// value that the server does not know.
    pub(crate) fn unknown_to_server(self, text: &'static str) -> Self {
        match (self.ret, self.advice) {
            (Some(1), Some(Advice::Report)) => {
                Self { advice: Some(Advice::CheckMessage), ..self.hint(text) }
            }
            _ => self,
        }
    }

    /// Marks the problem as one with the session file.
    pub(crate) fn with_session(self) -> Self {
        Self { file: FileRole::Session, ..self.hint("check the session file") }
    }

    /// Marks the problem as one with the output file.
    pub(crate) fn with_output(self) -> Self {
        Self { file: FileRole::Output, ..self.hint("check the output") }
    }

    /// Marks the problem as one with the command that `watch` runs.
    pub(crate) fn with_command(self) -> Self {
        Self { step: "hook", file: FileRole::Command, ..self }
    }

    /// Names what the problem is about, if that is not the subject.
    pub(crate) fn about(self, thing: impl fmt::Display) -> Self {
        Self { message: format!("{thing}: {}", self.message).into(), ..self }
    }

    /// Adds the path of the output file, if the problem is with that file.
    pub(crate) fn at_output(self, path: &Path) -> Self {
        match self.file {
            FileRole::Output => self.about(path.display()),
            FileRole::Any | FileRole::Session | FileRole::Command => self,
        }
    }

    /// Returns the advice as events name it.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match (self.advice?, self.file) {
            (Advice::CheckFile, FileRole::Session) => Some("check_session"),
            (Advice::CheckFile, FileRole::Output) => Some("check_output"),
            (Advice::CheckFile, FileRole::Command) => Some("check_command"),
            (advice, _) => Some(advice.name()),
        }
    }

    /// Returns the name of the event.
    pub(crate) fn event(&self) -> &'static str {
        match self.class {
            Class::Unknown | Class::InDoubt => "unknown",
            Class::GivenUp | Class::Passed => "given_up",
            _ => "failed",
        }
    }

    /// Returns what happened and what to do.
    pub(crate) fn sentence(&self) -> String {
        match (self.hint, self.advice) {
            _ if self.class == Class::Stopped => self.message.to_string(),
            (Some(hint), _) => format!("{}; {hint}", self.message),
            (None, Some(advice)) => format!("{}; {advice}", self.message),
            (None, None) => self.message.to_string(),
        }
    }

    /// Returns the codes and ids, for `-v`.
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
        // The report names the directory.
        match error.into_kind() {
            OutboxErrorKind::Io(error) => error.into(),
            OutboxErrorKind::Busy(error) => {
                Self::local(out::error_chain(&error), Advice::CheckFile)
                    .hint("wait until that one has ended")
            }
            error => Self::local(out::error_chain(&error), Advice::CheckFile)
                .hint("choose another directory"),
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
                _ => Self::local(out::error_chain(&error), advice),
            }
        };
        // The only local file of a download is its output.
        match (error.step, advice) {
            (Step::Download, Advice::CheckFile) => problem.with_output(),
            _ if is_other => problem.hint(CHANGED_FILE_HINT),
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
        Self::local(out::error_chain(&error), advice)
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        Self::local(out::error_chain(&error), Advice::CheckFile).with_session()
    }
}

impl From<BuildError> for Problem {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Proxy(error) => {
                let problem = Self::local(out::error_chain(&error), Advice::CheckProxy);
                Self { class: Class::Usage, ..problem.hint("correct or unset it") }
            }
            error => Self::local(out::error_chain(&error), Advice::Report),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Build(error) => error.into(),
            LoginError::Login(error) | LoginError::Unfinished { error, .. } => error.into(),
            error => Self::local(out::error_chain(&error), Advice::Report),
        }
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        Error::new(Step::Prepare, error).into()
    }
}

/// What to do about a message in doubt whose job is in a directory.
pub(crate) const IN_DOUBT_HINT: &str = "check the conversation on the phone; if the message is not \
    there, wx resume --resend sends it again, otherwise wx resume --give-up settles it";

/// What to do about a file that has changed since the job was begun.
pub(crate) const CHANGED_FILE_HINT: &str =
    "restore the former file, or send the new one with another job";

/// The message for work that the user stopped.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// Shortens a MediaId, which has hundreds of characters, to its end. MediaIds differ at the end,
/// but begin like the skey of the login.
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
        // The beginning of the skey of another test is withheld.
        assert_eq!(short("crypt_a936502b"), "crypt_a936502b");
    }
}
