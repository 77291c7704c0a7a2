//! The rules for retries, one set per kind of call.

use std::time::Duration;

use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::{LIST_LIMIT, REPLY_LIMIT};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::ret::{Ret, RetClass};
use crate::model::transport_error::{TransportError, TransportErrorKind};

/// The rules for retries of a call.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    /// The number of tries, including the first. 0 counts as 1; `u32::MAX` means no limit.
    pub(super) tries: u32,
    pub(super) mode: RetryMode,
    /// Returns whether the call is retried after this error of a reply.
    pub(super) repeats: fn(&ReplyError) -> bool,
    /// Whether replies are passed to the job piece by piece.
    pub(super) streamed: bool,
    /// The maximum length of a reply that is buffered.
    pub(super) cap: u64,
    /// Sets the time limits of a request.
    pub(super) limit: fn(ApiRequest, &Policy) -> ApiRequest,
}

/// The waits between tries, and the network errors that are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryMode {
    /// Makes a single try, without reporting its number.
    Once,
    /// Retries after transient errors, with growing waits.
    Growing,
    /// Retries transient failures, with equal waits.
    Constant,
    /// Retries everything except certificate errors, with long waits after a possible delivery.
    /// Possible deliveries are remembered, and each time that the request leaves counts as a try.
    Message,
    /// Retries after all errors except invalid certificates, with growing waits. Failures are
    /// counted across calls.
    Endless,
}

/// The maximum length of the reply to a side call. The reply is read only to reuse the connection.
const SIDE_CALL_CAP: u64 = 64 * 1024;

/// The tries of a chunk of a parallel upload, including the first.
const PARALLEL_TRIES: u32 = 5;

impl Retry {
    /// Creates the rules for a call with an immediate reply.
    pub(super) fn call(policy: &Policy) -> Self {
        Self {
            tries: policy.chunk_tries,
            mode: RetryMode::Growing,
            repeats: is_transient,
            streamed: false,
            cap: REPLY_LIMIT,
            limit: ApiRequest::for_call,
        }
    }

    /// Creates the rules for a call that lists messages or contacts.
    pub(super) fn list(policy: &Policy) -> Self {
        Self { cap: LIST_LIMIT, ..Self::call(policy) }
    }

    /// Creates the rules for a chunk of an upload.
    pub(super) fn chunk(policy: &Policy) -> Self {
        Self { limit: ApiRequest::for_chunk, ..Self::call(policy) }
    }

    /// Creates the rules for a chunk of a parallel upload: the same chunk is sent again on Ret −1
    /// too, at intervals of 1 s ([P98](crate::protocol#p98)).
    pub(super) fn parallel_chunk(policy: &Policy) -> Self {
        Self {
            tries: PARALLEL_TRIES,
            mode: RetryMode::Constant,
            repeats: |error| {
                is_transient(error) || matches!(error, ReplyError::Refused { ret: Ret(-1), .. })
            },
            ..Self::chunk(policy)
        }
    }

    /// Creates the rules for a ping, a preflight or a notification: one try, and errors are ignored
    /// ([P34](crate::protocol#p34), [P48](crate::protocol#p48)).
    pub(super) fn side_call() -> Self {
        Self {
            tries: 1,
            mode: RetryMode::Once,
            repeats: |_| false,
            streamed: false,
            cap: SIDE_CALL_CAP,
            limit: ApiRequest::for_side_call,
        }
    }

    /// Creates the rules for a message ([§4.7](crate::protocol#s4-7)). In addition,
    /// [`Call`](super::call::Call) does not retry a message that the server has refused.
    pub(super) fn message(policy: &Policy) -> Self {
        Self {
            tries: policy.message_tries,
            mode: RetryMode::Message,
            repeats: |_| true,
            limit: ApiRequest::for_message,
            ..Self::call(policy)
        }
    }

    /// Creates the rules for a download.
    pub(super) fn download(policy: &Policy) -> Self {
        Self {
            tries: policy.fetch_tries,
            repeats: is_transient_download,
            streamed: true,
            ..Self::call(policy)
        }
    }

    /// Creates the rules for a download for which there is another request, if its reply is empty.
    pub(super) fn download_with_fallback(policy: &Policy) -> Self {
        Self {
            repeats: |error| !is_absent(error) && is_transient_download(error),
            ..Self::download(policy)
        }
    }

    /// Creates the rules for a call that is retried without limit.
    pub(super) fn endless(repeats: fn(&ReplyError) -> bool) -> Self {
        Self {
            tries: u32::MAX,
            mode: RetryMode::Endless,
            repeats,
            streamed: false,
            cap: LIST_LIMIT,
            limit: ApiRequest::for_call,
        }
    }

    /// Creates the rules for a long poll, which is retried without limit.
    pub(super) fn long_poll(repeats: fn(&ReplyError) -> bool) -> Self {
        Self { limit: ApiRequest::for_poll, ..Self::endless(repeats) }
    }

    pub(super) fn with_tries(self, tries: u32) -> Self {
        Self { tries, ..self }
    }

    pub(super) fn repeated_if(self, repeats: fn(&ReplyError) -> bool) -> Self {
        Self { repeats, ..self }
    }

    pub(super) fn outlives(&self, error: TransportError) -> bool {
        match self.mode {
            RetryMode::Once | RetryMode::Growing | RetryMode::Constant => error.is_transient(),
            // An invalid certificate is final, because somebody may intercept the connection.
            RetryMode::Message | RetryMode::Endless => {
                !matches!(error.kind, TransportErrorKind::Certificate(_))
            }
        }
    }

    pub(super) fn is_message(&self) -> bool {
        self.mode == RetryMode::Message
    }

    pub(super) fn is_endless(&self) -> bool {
        self.mode == RetryMode::Endless
    }
}

impl std::fmt::Debug for Retry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Retry({:?}, {} tries)", self.mode, self.tries)
    }
}

/// Returns the wait before the next try after this many failures.
pub(super) fn back_off(policy: &Policy, failures: u32) -> Duration {
    policy.back_off_after(failures).min(policy.longest_back_off)
}

/// Returns whether the error of a reply is transient. A Ret, a web page, a redirect and other
/// statuses are final.
pub(super) fn is_transient(error: &ReplyError) -> bool {
    matches!(
        error,
        ReplyError::Status(204 | 502..=504)
            | ReplyError::Empty
            | ReplyError::EmptyFile
            | ReplyError::Truncated { .. }
            | ReplyError::TruncatedJson
    )
}

fn is_transient_download(error: &ReplyError) -> bool {
    is_transient(error) || matches!(error, ReplyError::Status(408 | 425 | 429))
}

/// Returns whether the server does not have the media, or does not have it yet.
pub(super) fn is_absent(error: &ReplyError) -> bool {
    matches!(error, ReplyError::Empty | ReplyError::Status(204))
}

/// Returns whether an idempotent call is retried after this reply error: any error that is
/// [transient](is_transient), Ret −1, any 5xx, and the statuses 408, 425 and 429.
pub(super) fn is_server_problem(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { ret, .. } => ret.class() == RetClass::Transient,
        ReplyError::Status(status) => matches!(status, 408 | 425 | 429 | 500..=599),
        error => is_transient(error),
    }
}

/// Returns whether an error of a reply leaves the server's decision open: the server has a problem,
/// or a proxy replied in its place.
pub(super) fn is_inconclusive(error: &ReplyError) -> bool {
    let is_of_somebody_else = matches!(
        error,
        ReplyError::Html
            | ReplyError::NotJson
            | ReplyError::Redirect { .. }
            | ReplyError::Encoding(_)
            | ReplyError::CorruptGzip
    );
    is_of_somebody_else || is_server_problem(error)
}
