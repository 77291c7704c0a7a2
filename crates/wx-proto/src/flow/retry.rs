//! How calls are repeated: a row per sort of call.

use std::time::Duration;

use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::{LIST_LIMIT, REPLY_LIMIT};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::ret::RetClass;
use crate::model::transport_error::{TransportError, TransportErrorKind};

/// How one call is repeated.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    /// Tries, the first included; 0 counts as 1, `u32::MAX` is without end.
    pub(super) tries: u32,
    pub(super) patience: Patience,
    /// Whether a reply that cannot be used may be better the next time.
    pub(super) repeats: fn(&ReplyError) -> bool,
    /// Whether the replies are handed to the job piece by piece.
    pub(super) streamed: bool,
    /// The largest reply that is gathered.
    pub(super) cap: u64,
    /// Sets the time limits of a request.
    pub(super) limit: fn(ApiRequest, &Policy) -> ApiRequest,
}

/// How long the next try waits, and which network failures it outlives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// There is no second try, and nobody asks for the number of the first.
    Once,
    /// Passing failures, with growing waits.
    Growing,
    /// All but bad certificates; long waits where the message may have been delivered. What may
    /// have been delivered is remembered, and each hand-out is a try.
    Message,
    /// All but bad certificates, with growing waits. Failures count over several calls.
    Endless,
}

/// What little is read of the reply to a side call, so that a connection can be used again.
const SIDE_CALL_CAP: u64 = 64 * 1024;

impl Retry {
    /// A call that is answered at once.
    pub(super) fn call(policy: &Policy) -> Self {
        Self {
            tries: policy.chunk_tries,
            patience: Patience::Growing,
            repeats: is_passing,
            streamed: false,
            cap: REPLY_LIMIT,
            limit: ApiRequest::for_call,
        }
    }

    /// A call whose reply lists messages or contacts.
    pub(super) fn list(policy: &Policy) -> Self {
        Self { cap: LIST_LIMIT, ..Self::call(policy) }
    }

    /// A chunk of an upload.
    pub(super) fn chunk(policy: &Policy) -> Self {
        Self { limit: ApiRequest::for_chunk, ..Self::call(policy) }
    }

    /// A ping, a preflight or a notice: made once, whatever comes of it (P34, P48).
    pub(super) fn side_call() -> Self {
        Self {
            tries: 1,
            patience: Patience::Once,
            repeats: |_| false,
            streamed: false,
            cap: SIDE_CALL_CAP,
            limit: ApiRequest::for_side_call,
        }
    }

    /// A message (§4.7). A refusal is a verdict, which [`Call`](super::call::Call) knows.
    pub(super) fn message(policy: &Policy) -> Self {
        Self {
            tries: policy.message_tries,
            patience: Patience::Message,
            repeats: |_| true,
            limit: ApiRequest::for_message,
            ..Self::call(policy)
        }
    }

    /// A picture that is fetched.
    pub(super) fn download(policy: &Policy) -> Self {
        Self {
            tries: policy.fetch_tries,
            repeats: |error| {
                is_passing(error) || matches!(error, ReplyError::Status(408 | 425 | 429))
            },
            streamed: true,
            ..Self::call(policy)
        }
    }

    /// A call that waits for somebody.
    pub(super) fn endless(repeats: fn(&ReplyError) -> bool) -> Self {
        Self {
            tries: u32::MAX,
            patience: Patience::Endless,
            repeats,
            streamed: false,
            cap: LIST_LIMIT,
            limit: ApiRequest::for_call,
        }
    }

    /// A call that waits for somebody, and that the server holds until something happens.
    pub(super) fn long_poll(repeats: fn(&ReplyError) -> bool) -> Self {
        Self { limit: ApiRequest::for_poll, ..Self::endless(repeats) }
    }

    pub(super) fn with_tries(self, tries: u32) -> Self {
        Self { tries, ..self }
    }

    pub(super) fn repeated_if(self, repeats: fn(&ReplyError) -> bool) -> Self {
        Self { repeats, ..self }
    }

    pub(super) fn outlives(&self, failure: TransportError) -> bool {
        match self.patience {
            Patience::Once | Patience::Growing => failure.is_passing(),
            // Somebody in between shows a certificate of their own.
            Patience::Message | Patience::Endless => {
                !matches!(failure.kind, TransportErrorKind::Certificate(_))
            }
        }
    }

    pub(super) fn is_message(&self) -> bool {
        self.patience == Patience::Message
    }

    pub(super) fn is_endless(&self) -> bool {
        self.patience == Patience::Endless
    }
}

impl std::fmt::Debug for Retry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Retry({:?}, {} tries)", self.patience, self.tries)
    }
}

/// The wait before the next try after `failures` failed ones.
pub(super) fn back_off(policy: &Policy, failures: u32) -> Duration {
    policy.back_off_after(failures).min(policy.longest_back_off)
}

/// Whether a reply that cannot be used may be a good one next time. A Ret is final, as are pages,
/// redirects and other statuses.
pub(super) fn is_passing(error: &ReplyError) -> bool {
    matches!(
        error,
        ReplyError::Status(204 | 502..=504)
            | ReplyError::Empty
            | ReplyError::Cut { .. }
            | ReplyError::CutJson
    )
}

/// Whether the server has trouble, for calls that do no harm when they are made twice: besides
/// [`is_passing`], Ret −1, every 5xx, and the statuses that ask for another try.
pub(super) fn is_server_trouble(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { ret, .. } => ret.class() == RetClass::Transient,
        ReplyError::Status(status) => matches!(status, 408 | 425 | 429 | 500..=599),
        error => is_passing(error),
    }
}

/// Whether a reply is no verdict of the server: it has trouble, or somebody on the way answers in
/// its place.
pub(super) fn is_no_verdict(error: &ReplyError) -> bool {
    let is_of_somebody_else = matches!(
        error,
        ReplyError::Html
            | ReplyError::NotJson
            | ReplyError::Redirect { .. }
            | ReplyError::Encoding(_)
            | ReplyError::CorruptGzip
    );
    is_of_somebody_else || is_server_trouble(error)
}
