//! Decides whether a call belongs to the login.

use crate::exchange::call_spec::Login;
use crate::exchange::received_call::ReceivedCall;
use crate::model::profile::Profile;
use crate::model::ret::{INVALID_SESSION, MALFORMED, NO_SESSION, Ret};
use crate::state::logins::State;
use crate::state::server_state::ServerState;

/// Checks that the call carries the credentials that `login` requires. On error, returns the Ret
/// with which to refuse the call.
pub(super) fn admit(login: &Login, call: &ReceivedCall<'_>) -> Result<(), Ret> {
    match login {
        Login::None => Ok(()),
        Login::LongLivedCookies => {
            let has_cookies =
                call.state.credentials().has_long_lived_cookies(call.header("cookie"));
            if has_cookies { Ok(()) } else { Err(MALFORMED) }
        }
        Login::Skey => {
            admit_cookies(call)?;
            admit_skey(call)
        }
        Login::Identity => {
            admit_cookies(call)?;
            let account = &call.state.account;
            let (sid, uin) = (call.parameter("sid"), call.parameter("uin"));
            if sid != call.state.credentials().sid || uin != account.uin.to_string() {
                return Err(NO_SESSION);
            }
            admit_skey(call)
        }
        Login::BaseRequest => {
            admit_cookies(call)?;
            let body = call.json.as_ref().ok_or(MALFORMED)?;
            call.state.credentials().check(&body["BaseRequest"])
        }
        Login::Sid => {
            admit_cookies(call)?;
            let body = call.json.as_ref().ok_or(MALFORMED)?;
            let sid = body["BaseRequest"]["Sid"].as_str().ok_or(MALFORMED)?;
            if sid == call.state.credentials().sid { Ok(()) } else { Err(NO_SESSION) }
        }
        Login::QueryTicket => {
            admit_state(call.state)?;
            let ticket = call.query.get("webwx_data_ticket");
            admit_ticket(call, ticket.as_deref(), "query")
        }
        Login::FormTicket => admit_form(call),
    }
}

fn admit_state(state: &ServerState) -> Result<(), Ret> {
    match state.logins().state() {
        State::In => Ok(()),
        State::Out => Err(NO_SESSION),
        State::EndedByPhone => Err(INVALID_SESSION),
    }
}

fn admit_cookies(call: &ReceivedCall<'_>) -> Result<(), Ret> {
    admit_state(call.state)?;
    call.state.credentials().check_cookies(call.header("cookie"))
}

fn admit_skey(call: &ReceivedCall<'_>) -> Result<(), Ret> {
    if call.state.credentials().accepts_skey(&call.parameter("skey")) {
        Ok(())
    } else {
        Err(INVALID_SESSION)
    }
}

/// Admits a call whose ticket is either in `place` or in a cookie. On the page of the File Transfer
/// Helper, the ticket is the only cookie that reaches the file host.
fn admit_ticket(call: &ReceivedCall<'_>, sent: Option<&str>, place: &str) -> Result<(), Ret> {
    let is_sent = sent == Some(&call.state.credentials().data_ticket);
    let is_cookie = call.state.credentials().has_cookie(call.header("cookie"), "webwx_data_ticket");
    if !is_sent && !is_cookie {
        return Err(NO_SESSION);
    }
    if !is_sent {
        call.violation(format!("webwx_data_ticket of the {place} is not the cookie's"));
    }
    if !is_cookie {
        call.violation("no webwx_data_ticket among the cookies");
    }
    Ok(())
}

fn admit_form(call: &ReceivedCall<'_>) -> Result<(), Ret> {
    let form = call.form.as_ref().ok_or(MALFORMED)?;
    let request = form.upload_request().ok_or(MALFORMED)?;
    admit_state(call.state)?;
    call.state.credentials().check(&request["BaseRequest"])?;
    admit_ticket(call, form.value("webwx_data_ticket"), "form")?;
    let has = |name| call.state.credentials().has_cookie(call.header("cookie"), name);
    if call.state.logins().profile == Profile::Web && !(has("wxuin") && has("wxsid")) {
        call.violation("no wxuin and wxsid among the cookies");
    }
    Ok(())
}
