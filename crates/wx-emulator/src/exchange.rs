//! Received calls, replies, and the specification of each call.

pub(crate) mod call_spec;
pub(crate) mod paced_body;
pub(crate) mod raw_headers;
pub(crate) mod received_call;
pub(crate) mod reply;
