//! `GET webwxgetcontact`: the contacts, page by page (`docs/protocol.md` §8.4).

use bytes::Bytes;
use http::{Method, Response};
use serde::Deserialize;

use super::{Endpoint, LIST_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::contact::Contact;
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::skipped::Skipped;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::list::List;
use crate::wire::{lenient, list, reply};

/// Asks for one page.
#[derive(Clone, Copy, Debug)]
pub struct GetContact {
    seq: u64,
    at_ms: u64,
}

/// A page of contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contacts {
    /// The contacts.
    pub contacts: Vec<Contact>,
    /// Contacts that could not be read, or were too many.
    pub skipped: Skipped,
    /// Where the next page begins; 0 if this is the last.
    pub seq: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    #[serde(default, deserialize_with = "list::optional")]
    member_list: List<Contact>,
    #[serde(default, deserialize_with = "lenient::optional_count")]
    seq: u64,
}

impl GetContact {
    /// The page that begins at `seq`, 0 for the first, asked for at `unix_ms` (Unix milliseconds).
    #[must_use]
    pub fn new(seq: u64, unix_ms: u64) -> Self {
        Self { seq, at_ms: unix_ms }
    }
}

impl Endpoint for GetContact {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = Contacts;

    fn name(&self) -> &'static str {
        "webwxgetcontact"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        ApiRequest::builder(self, session, cgi!("webwxgetcontact"))
            .cookies_at(self.at_ms)
            .session_pairs()
            .pair("r", self.at_ms)
            .pair("seq", self.seq)
            .raw_pair("skey", session.skey().expose())
            .empty()
    }

    fn read(answer: &Response<Bytes>) -> Result<Contacts, ReplyError> {
        let fields: Fields = reply::accepted(answer, LIST_LIMIT)?;
        Ok(Contacts {
            contacts: fields.member_list.elements,
            skipped: fields.member_list.skipped,
            seq: fields.seq,
        })
    }
}
