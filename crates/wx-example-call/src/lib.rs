//! An example of a custom call and a custom flow, outside of `wx-proto`. The core handles their
//! tries, limits, cookies and login check like those of its own calls, and any driver can run them.
//!
//! - [`MarkRead`] is an [`Endpoint`](wx_proto::endpoint::Endpoint): webwxstatusnotify with code 1,
//!   which marks a conversation as read on the phone. The core has this call too, as
//!   [`StatusNotify`](wx_proto::endpoint::status_notify::StatusNotify); it is short enough to show
//!   everything that a call consists of.
//! - [`OpenConversation`] is a [`Flow`](wx_proto::flow::Flow) of two calls: it looks up the
//!   conversation, and then marks it as read.
//!
//! ```no_run
//! use wx_example_call::MarkRead;
//! use wx_proto::{Error, UserName};
//! use wx_ureq::{Client, seed};
//!
//! fn read(client: &Client, user_name: UserName) -> Result<(), Error> {
//!     client.call(MarkRead::new(user_name, seed()?)).run()
//! }
//! ```

mod mark_read;
mod open_conversation;

pub use mark_read::MarkRead;
pub use open_conversation::OpenConversation;
