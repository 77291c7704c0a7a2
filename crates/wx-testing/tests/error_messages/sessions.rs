//! The errors of session files, and of the saved logins of other clients.

use wx_proto::{OtherClient, SavedLoginError, SavedLoginField, SessionError, SessionField};

use crate::core::hosts;

pub(crate) fn sessions() -> Vec<SessionError> {
    let mut sessions = vec![
        SessionError::NotJson,
        SessionError::Version(None),
        SessionError::Version(Some(2)),
        SessionError::Missing(SessionField::Sid),
        SessionError::Invalid(SessionField::Sid),
    ];
    sessions.extend(hosts().into_iter().map(SessionError::Host));
    sessions
}

pub(crate) fn saved_logins() -> Vec<SavedLoginError> {
    let (client, field) = (OtherClient::OpenWechat, SavedLoginField::BaseSid);
    let mut logins = vec![
        SavedLoginError::Unrecognised,
        SavedLoginError::NotJson,
        SavedLoginError::TooLarge,
        SavedLoginError::Empty,
        SavedLoginError::SessionFile,
        SavedLoginError::Pickle,
        SavedLoginError::Placeholder,
        SavedLoginError::NoLogin(client),
        SavedLoginError::NoCookies(client),
        SavedLoginError::SeveralLogins,
        SavedLoginError::Missing { client, field },
        SavedLoginError::Invalid { client, field },
    ];
    let refused = |error| SavedLoginError::Host { client, field, error };
    logins.extend(hosts().into_iter().map(refused));
    logins
}
