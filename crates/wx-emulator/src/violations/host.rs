//! The host that the page sends each kind of call to.

use super::profile;
use crate::hub::{Call, Hub};

pub(super) fn check(call: &Call, hub: &Hub) {
    if !call.host().serves(&call.endpoint, profile(call, hub)) {
        hub.violation(&call.endpoint, "not sent to the host that the page sends it to");
    }
}
