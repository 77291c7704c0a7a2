//! A call and a flow of your own, outside of `wx-proto`: what the core does for its own calls, its
//! tries, limits, cookies, the login check, it does for these too, and any driver runs them.
//!
//! - [`MarkRead`] is an [`Endpoint`](wx_proto::endpoint::Endpoint): webwxstatusnotify with code 1,
//!   which takes the unread mark of a conversation off the phone.
//! - [`OpenConversation`] is a [`Flow`](wx_proto::flow::Flow) of two calls: it looks the
//!   conversation up, and then marks it as read.
//!
//! ```no_run
//! use wx_example_call::MarkRead;
//! use wx_proto::{Error, UserName};
//! use wx_ureq::{Client, seed};
//!
//! fn read(client: &Client, whom: UserName) -> Result<(), Error> {
//!     client.call(MarkRead::new(whom, seed()?)).run()
//! }
//! ```

mod mark_read;
mod open_conversation;

pub use mark_read::MarkRead;
pub use open_conversation::OpenConversation;
