//! All received requests, the faults, and the violations.

use std::collections::HashMap;

use crate::model::fault::Fault;
use crate::model::fault_action::Action;
use crate::model::request::Request;

#[derive(Default)]
pub(crate) struct RequestLog {
    requests: Vec<Request>,
    counts: HashMap<String, usize>,
    faults: Vec<Fault>,
    /// Each violation with its number of occurrences.
    violations: Vec<(String, usize)>,
}

impl RequestLog {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        RequestLog { faults, ..RequestLog::default() }
    }

    /// Adds a request whose head has been received. Returns its index and the faults that hit it.
    pub(crate) fn add(&mut self, request: Request) -> (usize, Vec<Action>) {
        let nth = self.counts.entry(request.endpoint.clone()).or_default();
        *nth += 1;
        let hits = self.faults.iter().filter(|fault| fault.hits(&request.endpoint, *nth));
        let actions = hits.map(|fault| fault.action.clone()).collect();
        self.requests.push(request);
        (self.requests.len() - 1, actions)
    }

    /// Completes a request that was added before.
    pub(crate) fn complete(&mut self, index: usize, complete: impl FnOnce(&mut Request)) {
        if let Some(request) = self.requests.get_mut(index) {
            complete(request);
        }
    }

    pub(crate) fn add_fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(crate) fn add_violation(&mut self, violation: String) {
        match self.violations.iter_mut().find(|(what, _)| *what == violation) {
            Some((_, count)) => *count += 1,
            None => self.violations.push((violation, 1)),
        }
    }

    pub(crate) fn requests(&self) -> &[Request] {
        &self.requests
    }

    pub(crate) fn requests_to(&self, endpoint: &str) -> usize {
        self.counts.get(endpoint).copied().unwrap_or_default()
    }

    pub(crate) fn violations(&self) -> &[(String, usize)] {
        &self.violations
    }
}
