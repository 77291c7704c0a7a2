//! `GET webwxgetcontact`: lists the contacts, page by page ([§8.4](crate::protocol#s8-4)).

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
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::list::List;
use crate::wire::{lenient, list, reply};

/// Requests one page of contacts.
#[derive(Clone, Copy, Debug)]
pub struct GetContact {
    seq: u64,
    at: UnixMs,
}

/// A page of contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contacts {
    /// The contacts.
    pub contacts: Vec<Contact>,
    /// The contacts that could not be parsed or exceeded the limit.
    pub skipped: Skipped,
    /// The `seq` of the next page, unless this is the last one.
    pub next_seq: Option<u64>,
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
    /// Creates the call, at the time `at`, for the page at `seq`. The first page is at 0.
    #[must_use]
    pub fn new(seq: u64, at: UnixMs) -> Self {
        Self { seq, at }
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
        session.check_alive(self.at)?;
        ApiRequest::builder(self, session, cgi!("webwxgetcontact"))
            .cookies_at(self.at)
            .session_pairs()
            .pair("r", self.at)
            .pair("seq", self.seq)
            .raw_pair("skey", session.skey_or_empty())
            .empty()
    }

    fn read(reply: &Response<Bytes>) -> Result<Contacts, ReplyError> {
        let fields: Fields = reply::accepted(reply, LIST_LIMIT)?;
        Ok(Contacts {
            contacts: fields.member_list.elements,
            skipped: fields.member_list.skipped,
            next_seq: Some(fields.seq).filter(|seq| *seq != 0),
        })
    }
}
