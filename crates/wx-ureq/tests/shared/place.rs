//! Where the scenarios are: at a loopback address. The test bed has a place under the real names.

use wx_emulator::{Builder, Emulator};
use wx_proto::{Profile, Recipient, Session, Site};

pub(crate) type Server = Emulator;

pub(crate) fn start(builder: Builder) -> Server {
    builder.start().unwrap()
}

pub(crate) fn session(server: &Server) -> Session {
    read(&server.session_json())
}

/// A session that was saved.
pub(crate) fn read(json: &str) -> Session {
    Session::from_json_allow_loopback(json).unwrap()
}

pub(crate) fn site(server: &Server) -> Site {
    Site::from_base_allow_loopback(Profile::Web, &server.base()).unwrap()
}

pub(crate) fn friend(server: &Server) -> Recipient {
    Recipient::new(server.friend()).unwrap()
}

/// The URL of the proxy and the certificate of the authority that lead to the server.
pub(crate) fn route() -> Option<(String, String)> {
    None
}
