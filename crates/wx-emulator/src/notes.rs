//! What is odd about a request, though the server takes it.

pub(crate) mod form;

use crate::hub::{Call, Hub};

/// Notes all that is odd about a request.
pub(crate) fn look(_call: &Call, _hub: &Hub) {}
