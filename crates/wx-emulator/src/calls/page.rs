//! The page itself, which some clients request before anything else.

use crate::exchange::call_spec::{CallSpec, Handler, Login, PageRequest, Refusal};
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;

const HTML: &str =
    "<!DOCTYPE html>\n<html><head><title>wx-emulator</title></head><body></body></html>\n";

pub(super) const PAGE: CallSpec = CallSpec {
    name: "",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::None,
    handler: Handler::Sync(|_| Ok(Reply::html(HTML))),
    refusal: Refusal::Empty(|_| Reply::html("")),
    page: PageRequest::before_login(None),
};
