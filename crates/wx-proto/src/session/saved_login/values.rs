//! The values of a saved login, from which the session is created.

use std::sync::Arc;

use super::fields::Fields;
use crate::model::fields::SavedLoginField as Field;
use crate::model::hosts::{HostError, Hosts};
use crate::model::ids::{DeviceId, UserName};
use crate::model::profile::Profile;
use crate::model::saved_login_error::SavedLoginError;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::session::Session;
use crate::session::cookies::CookieJar;
use crate::session::credentials::Credentials;
use crate::session::sync::SyncState;
use crate::session::sync_key::SyncKey;
use crate::wire::query::PassTicket;

/// Which hosts are accepted: [`Hosts::from_base`] or [`Hosts::loopback`].
pub(super) type HostRule = fn(&str) -> Result<Hosts, HostError>;

/// The values of a saved login, which were checked.
pub(super) struct Values {
    pub(super) site: Site,
    pub(super) uin: u32,
    pub(super) sid: Secret,
    pub(super) skey: Secret,
    pub(super) pass_ticket: Option<PassTicket>,
    pub(super) device_id: Option<DeviceId>,
    pub(super) user_name: Option<UserName>,
    pub(super) sync_key: Option<SyncKey>,
    pub(super) cookies: CookieJar,
}

impl Values {
    pub(super) fn into_session(self) -> Session {
        let Self { uin, sid, skey, pass_ticket, .. } = self;
        let credentials = Credentials { uin, sid, skey, pass_ticket };
        let mut session = Session::from_login(self.site, credentials, self.cookies);
        let parts = session.change();
        (parts.device_id, parts.user_name) = (self.device_id, self.user_name);
        parts.sync = Arc::new(SyncState::saved(self.sync_key, None, Vec::new()));
        session
    }
}

impl Fields<'_> {
    /// Returns the site at a base with a scheme. Without a profile, it is the profile of the base,
    /// or web WeChat for a loopback address.
    pub(super) fn site_at(
        &self,
        base: &str,
        profile: Option<Profile>,
        hosts: HostRule,
        field: Field,
    ) -> Result<Site, SavedLoginError> {
        let site = hosts(base).and_then(|hosts| {
            let profile = profile.or(hosts.profile()).unwrap_or_default();
            Site::new(profile).with_hosts(hosts)
        });
        site.map_err(|error| SavedLoginError::Host {
            client: self.client(),
            field,
            error: error.showing(|_| None),
        })
    }

    /// Returns the site at a host. The scheme, which the file does not have, is https unless the
    /// host is a loopback address.
    pub(super) fn site_of(
        &self,
        host: &str,
        profile: Profile,
        hosts: HostRule,
        field: Field,
    ) -> Result<Site, SavedLoginError> {
        let plain = format!("http://{host}");
        let is_loopback = Hosts::loopback(&plain).is_ok();
        let base = if is_loopback { plain } else { format!("https://{host}") };
        self.site_at(&base, Some(profile), hosts, field)
    }
}
