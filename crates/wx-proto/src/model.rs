//! The values that everything else is made of. Knows nothing of the wire, of sessions or of calls.

pub(crate) mod advice;
pub(crate) mod contact;
pub(crate) mod data_url;
pub(crate) mod error;
pub(crate) mod first_bytes;
pub(crate) mod hosts;
pub(crate) mod ids;
pub(crate) mod image_variant;
pub(crate) mod items;
pub(crate) mod message;
pub(crate) mod picture;
pub(crate) mod policy;
pub(crate) mod profile;
pub(crate) mod recipient;
pub(crate) mod reply_error;
pub(crate) mod request_error;
pub(crate) mod ret;
pub(crate) mod secret;
pub(crate) mod seed;
pub(crate) mod session_error;
pub(crate) mod site;
pub(crate) mod skipped;
pub(crate) mod source_error;
pub(crate) mod step;
pub(crate) mod transport_error;
pub(crate) mod uploaded;
