//! The images of emoticons on their own host, which does not belong to web WeChat. Everybody can
//! fetch them.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageHeaders, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::ret::MALFORMED;

/// The path is this name, and the MD5 of the emoticon.
pub(super) const OUTSIDE_IMAGE: CallSpec = CallSpec {
    name: "wx_emoji",
    methods: &["GET"],
    host: HostRole::Emoticons,
    login: Login::None,
    handler: Handler::Sync(get),
    refusal: Refusal::Empty(|_| Reply::html("<html><body>Not Found</body></html>\n").status(404)),
    page: PageRequest { query: None, headers: PageHeaders::Outside, ..PageRequest::element(&[]) },
};

fn get(call: &ReceivedCall<'_>) -> Outcome {
    let md5 = call.path.strip_prefix("/wx_emoji/").unwrap_or_default().trim_end_matches('/');
    let file = call.state.media().emoticon(md5).ok_or(MALFORMED)?;
    Ok(Reply::bytes(file.bytes.clone())
        .header(CONTENT_TYPE, "image/gif")
        .header(CACHE_CONTROL, "max-age=2592000"))
}
