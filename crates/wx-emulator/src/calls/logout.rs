//! webwxlogout: ends the login.

use http::header::LOCATION;

use crate::exchange::call_spec::{
    AppIdHeader, CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::state::logins::State;

pub(super) const LOGOUT: CallSpec = CallSpec {
    name: "webwxlogout",
    methods: &["GET", "POST"],
    host: HostRole::Page,
    // The reply is the same without a login.
    login: Login::None,
    handler: Handler::Sync(logout),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        // No source shows whether the File Transfer Helper posts a form to log out.
        app_id: AppIdHeader::Optional,
        fixed: &[("type", &["0", "1"])],
        ..PageRequest::script(&["redirect", "type", "skey"], PageBody::UrlEncoded)
    },
};

fn logout(call: &ReceivedCall<'_>) -> Outcome {
    let login = call.state.credentials();
    if !login.has_login_cookies(call.header("cookie"))
        || !login.accepts_skey(&call.parameter("skey"))
    {
        call.violation("without the login's cookies or skey");
    // In a recording, the page posted its form twice for one click.
    } else if call.state.logins().is_in() {
        call.state.logins().end(State::Out);
        call.state.incoming_message.notify_waiters();
    }
    // The 301 was recorded, but its Location was not. The user is shown the page.
    let page = call.host().page_origin(call.state.logins().profile);
    Ok(Reply::text("").status(301).header(LOCATION, format!("{page}/")))
}
