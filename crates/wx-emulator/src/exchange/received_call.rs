//! A received request, as it is passed to its handler.

use bytes::Bytes;
use serde_json::Value;

use crate::model::form::Form;
use crate::model::hosts::Host;
use crate::model::query::Query;
use crate::state::server_state::ServerState;

/// A request that was received completely.
pub(crate) struct ReceivedCall<'a> {
    pub(crate) state: &'a ServerState,
    pub(crate) method: String,
    /// The name of the call, as it is shown in violations.
    pub(crate) name: String,
    pub(crate) path: String,
    /// Whether the path has the prefix of web WeChat's calls.
    pub(crate) is_api: bool,
    pub(crate) query: Query,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The body as JSON, whatever its Content-Type.
    pub(crate) json: Option<Value>,
    /// Whether the body is JSON without white space.
    pub(crate) is_compact: bool,
    /// The body as a form, if the call posts one.
    pub(crate) form: Option<Form>,
}

impl ReceivedCall<'_> {
    pub(crate) fn host(&self) -> Host {
        Host::parse(self.header("host"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns a query parameter, or an empty string if it is absent.
    pub(crate) fn parameter(&self, name: &str) -> String {
        self.query.get(name).unwrap_or_default()
    }

    /// Returns the JSON of a POST.
    pub(crate) fn posted_json(&self) -> Option<&Value> {
        self.json.as_ref().filter(|_| self.method == "POST")
    }

    /// Records a violation of this call. The text must not contain a secret.
    pub(crate) fn violation(&self, what: impl AsRef<str>) {
        self.state.record_violation(format!("{}: {}", self.name, what.as_ref()));
    }
}
