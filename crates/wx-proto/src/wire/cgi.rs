//! The path that all calls except the pings share.

macro_rules! cgi {
    ($name:literal) => {
        concat!("/cgi-bin/mmwebwx-bin/", $name)
    };
}
pub(crate) use cgi;
