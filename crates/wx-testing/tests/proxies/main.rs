//! Each client uses the configured proxy, or refuses to be created.
#![allow(missing_docs, clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "child processes print their results")]

mod reqwest;
mod table;
mod ureq;

use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::js_login::JsLogin;
use wx_proto::{ApiRequest, Profile, Session, Site, UnixMs};

fn site() -> Site {
    Site::new(Profile::Web)
}

/// A request to [`table::HOST`].
fn request() -> ApiRequest {
    JsLogin::new(UnixMs::new(1)).request(&Session::new(site())).unwrap()
}
