//! webwxgetvideo and webwxgetvoice: what the page plays.

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED};

use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::ret::MALFORMED;

pub(super) const GET_VIDEO: CallSpec = CallSpec {
    name: "webwxgetvideo",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::Skey,
    handler: Handler::Sync(|call| get(call, &VIDEO)),
    refusal: Refusal::Empty(|_| nothing(&VIDEO)),
    page: PageRequest {
        check: check_range,
        ..PageRequest::element(&["msgid", "skey", "mmweb_appid?"])
    },
};

pub(super) const GET_VOICE: CallSpec = CallSpec {
    name: "webwxgetvoice",
    handler: Handler::Sync(|call| get(call, &VOICE)),
    refusal: Refusal::Empty(|_| nothing(&VOICE)),
    page: PageRequest { raw: &["skey"], ..GET_VIDEO.page },
    ..GET_VIDEO
};

/// How a server sends recordings of a kind.
struct Recording {
    mime: &'static str,
    /// The types of its messages.
    kinds: &'static [u64],
    /// Whether it is sent to a client that asks for no range.
    without_range: bool,
}

const VIDEO: Recording = Recording { mime: "video/mp4", kinds: &[43, 62], without_range: false };
const VOICE: Recording = Recording { mime: "audio/mp3", kinds: &[34], without_range: true };

fn get(call: &ReceivedCall<'_>, recording: &Recording) -> Outcome {
    let is_helper = call.state.logins().profile == Profile::FileHelper;
    if is_helper && !call.query.names().any(|name| name == "msgid") {
        return Err(MALFORMED);
    }
    let file = call.state.messages().media_of(&call.parameter("msgid"), recording.kinds);
    let file = file.ok_or(MALFORMED)?;
    let len = file.bytes.len();
    let start = call.header("range").and_then(first_of_range).filter(|start| *start < len);
    Ok(match start {
        Some(start) => reply(recording, file.bytes.slice(start..))
            .status(206)
            .header(ACCEPT_RANGES, "bytes")
            .header(CONTENT_RANGE, format!("bytes {start}-{}/{len}", len - 1))
            .header(ETAG, format!("\"{}\"", file.md5))
            .header(LAST_MODIFIED, "Thu, 01 Jan 1970 00:00:00 GMT"),
        None if recording.without_range => reply(recording, file.bytes.clone()),
        None => nothing(recording),
    })
}

fn reply(recording: &Recording, bytes: Bytes) -> Reply {
    Reply::bytes(bytes).header(CONTENT_TYPE, recording.mime)
}

fn nothing(recording: &Recording) -> Reply {
    reply(recording, Bytes::new())
}

/// Returns the offset at which a range without an end begins.
fn first_of_range(range: &str) -> Option<usize> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

fn check_range(call: &ReceivedCall<'_>) {
    if call.header("range") != Some("bytes=0-") {
        call.violation("Range is not that of a media element");
    }
}
