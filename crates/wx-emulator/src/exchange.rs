//! Received calls, their replies, and what is known about each kind of call.

pub(crate) mod call_spec;
pub(crate) mod paced_body;
pub(crate) mod raw_headers;
pub(crate) mod received_call;
pub(crate) mod reply;
