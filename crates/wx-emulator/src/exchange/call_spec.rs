//! The specification of a call: the login that it requires, its handler, its refusals, and what the
//! official page sends.

use std::pin::Pin;

use super::received_call::ReceivedCall;
use super::reply::Reply;
use crate::model::fault_action::Needs;
use crate::model::hosts::HostRole;
use crate::model::ret::Ret;
use crate::state::server_state::ServerState;

/// The row of a call in the table.
pub(crate) struct CallSpec {
    /// The last segment of the path.
    pub(crate) name: &'static str,
    pub(crate) methods: &'static [&'static str],
    pub(crate) host: HostRole,
    pub(crate) login: Login,
    pub(crate) handler: Handler,
    pub(crate) refusal: Refusal,
    pub(crate) page: PageRequest,
}

/// The credentials that a call requires.
pub(crate) enum Login {
    /// No credentials.
    None,
    /// The cookies that outlive a login.
    LongLivedCookies,
    /// The cookies of the login, and its skey in the query.
    Skey,
    /// The cookies of the login, and its sid, uin and skey in the query.
    Identity,
    /// The cookies of the login, and its `BaseRequest` in the JSON body.
    BaseRequest,
    /// The cookies of the login, and a `BaseRequest` that needs no more than its sid.
    Sid,
    /// The data ticket, in the query or as a cookie.
    QueryTicket,
    /// The `BaseRequest` of an upload form, and the data ticket, in the form or as a cookie.
    FormTicket,
}

/// The reply to a call, or the code with which the call is refused.
pub(crate) type Outcome = Result<Reply, Ret>;

pub(crate) enum Handler {
    Sync(fn(&ReceivedCall<'_>) -> Outcome),
    Async(for<'a> fn(&'a ReceivedCall<'a>) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>),
}

/// The form of a refusal.
pub(crate) enum Refusal {
    /// A reply that contains the Ret.
    Ret(fn(Ret) -> Reply),
    /// An empty reply with status 200, for a call without a Ret.
    Empty(fn(&ServerState) -> Reply),
}

/// The request that the official page sends.
pub(crate) struct PageRequest {
    /// The names of the query parameters in the page's order. A name with `?` is optional. `None`
    /// if the query is not checked.
    pub(crate) query: Option<&'static [&'static str]>,
    /// Query parameters that must have one of these values.
    pub(crate) fixed: &'static [(&'static str, &'static [&'static str])],
    /// Query parameters that the page does not percent-encode, unlike all others.
    pub(crate) raw: &'static [&'static str],
    /// Whether the skey in the query may be empty.
    pub(crate) may_lack_skey: bool,
    pub(crate) body: PageBody,
    pub(crate) base_request: BaseRequestKind,
    pub(crate) headers: PageHeaders,
    pub(crate) app_id: AppIdHeader,
    pub(crate) profile: ProfileSource,
    /// An additional check for this call, which records violations.
    pub(crate) check: fn(&ReceivedCall<'_>),
}

/// The body that the page posts.
pub(crate) enum PageBody {
    /// JSON whose keys are not checked, or nothing at all.
    Unchecked,
    /// JSON with these keys, in this order.
    Json(&'static [&'static str]),
    /// A message. Its `Msg` has these keys before the keys of all messages. A key with `?` is
    /// optional.
    Message(&'static [&'static str]),
    /// The multipart form of an upload.
    UploadForm,
    /// The multipart form of the File Transfer Helper's upload of large files.
    ParallelForm,
    UrlEncoded,
}

/// The headers that the browser adds.
pub(crate) enum PageHeaders {
    /// Not checked, because the user typed the address, or because there is no login yet.
    Unchecked,
    /// The headers of a call that the page makes.
    Call,
    /// The headers of telemetry that is sent to another site.
    Telemetry,
    /// The headers of a request to a site that must learn nothing of the login.
    Outside,
}

/// Whether the File Transfer Helper adds `mmweb_appid`. Only scripts can add it, unlike script
/// elements, images, forms and preflights.
pub(crate) enum AppIdHeader {
    Impossible,
    /// Also recorded without the header, or not recorded at all.
    Optional,
    Required,
}

/// The source of the page that a call belongs to.
pub(crate) enum ProfileSource {
    Login,
    /// The `appid` of the query, because there is no login yet.
    AppId,
    /// The `ticket` of the query, which was issued to a page.
    Ticket,
}

#[derive(PartialEq, Eq)]
pub(crate) enum BaseRequestKind {
    Usual,
    /// `Uin` may be a string.
    TextUin,
    /// There is no `Skey`.
    NoSkey,
}

/// The calls whose replies hold names or texts of other people.
const NAMING_CALLS: [&str; 4] =
    ["webwxinit", "webwxsync", "webwxgetcontact", "webwxbatchgetcontact"];

impl CallSpec {
    /// Refuses the call.
    pub(crate) fn refuse(&self, ret: Ret, state: &ServerState) -> Reply {
        match self.refusal {
            Refusal::Ret(reply) => reply(ret),
            Refusal::Empty(reply) => reply(state),
        }
    }

    /// Returns whether a fault that needs `needs` can have an effect on the replies of this call. A
    /// refusal has all keys of a reply.
    pub(crate) fn replies_have(&self, needs: Needs) -> bool {
        match self.refusal {
            _ if needs == Needs::Names => NAMING_CALLS.contains(&self.name),
            Refusal::Ret(reply) => reply(0).has(needs),
            Refusal::Empty(_) => needs == Needs::Nothing,
        }
    }

    /// Returns a reply that contains the Ret, even if refusals of this call are empty.
    pub(crate) fn reply_with_ret(&self, ret: Ret) -> Reply {
        match self.refusal {
            Refusal::Ret(reply) => reply(ret),
            Refusal::Empty(_) => Reply::base_response(ret),
        }
    }
}

impl PageRequest {
    /// Returns the request of a script of the page.
    pub(crate) const fn script(query: &'static [&'static str], body: PageBody) -> Self {
        PageRequest {
            query: Some(query),
            fixed: &[],
            raw: &[],
            may_lack_skey: false,
            body,
            base_request: BaseRequestKind::Usual,
            headers: PageHeaders::Call,
            app_id: AppIdHeader::Required,
            profile: ProfileSource::Login,
            check: |_| {},
        }
    }

    /// Returns the request of an element of the page: a script, an image or a link.
    pub(crate) const fn element(query: &'static [&'static str]) -> Self {
        let app_id = AppIdHeader::Impossible;
        PageRequest { app_id, ..Self::script(query, PageBody::Unchecked) }
    }

    /// Returns the request of the page before there is a login.
    pub(crate) const fn before_login(query: Option<&'static [&'static str]>) -> Self {
        PageRequest { query, headers: PageHeaders::Unchecked, ..Self::element(&[]) }
    }
}
