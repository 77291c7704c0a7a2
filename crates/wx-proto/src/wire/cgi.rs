//! The common path of all calls except the pings.

macro_rules! cgi {
    ($name:literal) => {
        concat!("/cgi-bin/mmwebwx-bin/", $name)
    };
}
pub(crate) use cgi;
