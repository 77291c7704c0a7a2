//! A call under check, with values that several checks need.

use crate::exchange::call_spec::{CallSpec, PageRequest, ProfileSource};
use crate::exchange::received_call::ReceivedCall;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;

/// A call that is compared with the requests of the official page.
pub(super) struct Check<'a> {
    pub(super) page: &'a PageRequest,
    pub(super) call: &'a ReceivedCall<'a>,
    /// The page to which the call belongs.
    pub(super) profile: Profile,
    /// Whether the page sends the call to a host other than its own.
    pub(super) is_cross_origin: bool,
}

impl<'a> Check<'a> {
    pub(super) fn new(spec: &'a CallSpec, call: &'a ReceivedCall<'a>) -> Self {
        let profile = match spec.page.profile {
            ProfileSource::Login => call.state.logins().profile,
            ProfileSource::AppId if call.parameter("appid") == "wx_webfilehelper" => {
                Profile::FileHelper
            }
            ProfileSource::AppId => Profile::Web,
            ProfileSource::Ticket => {
                let page = call.state.logins().page_of(&call.parameter("ticket"));
                page.map_or(Profile::Web, |page| page.profile)
            }
        };
        let is_cross_origin = matches!(spec.host, HostRole::File | HostRole::Push);
        Check { page: &spec.page, call, profile, is_cross_origin }
    }

    pub(super) fn is_helper(&self) -> bool {
        self.profile == Profile::FileHelper
    }

    pub(super) fn violation(&self, what: impl AsRef<str>) {
        self.call.violation(what);
    }
}
