//! One cell of the product: a job with one fault.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use serde_json::json;
use wx_proto::{ApiRequest, Outcome as Verdict};
use wx_testing::harness::Answer;

use super::conduct::Conduct;
use super::sample::{Outcome, Sample};
use super::server::{Reply, Server};
use crate::ends::End;
use crate::faults::{Fault, Seen};
use crate::jobs::{Job, Place};
use crate::rules::{Class, Repeats};

/// The size of the pieces of a reply in bytes.
const PIECE: usize = 7;

#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) job: Job,
    pub(super) place: Place,
    pub(super) fault: &'static Fault,
    /// Whether the server acts on the request that the fault hits.
    pub(super) acted: bool,
    pub(super) repeats: Repeats,
    pub(super) always: bool,
}

/// The server and the network.
struct World {
    cell: Cell,
    server: Server,
    conduct: Conduct,
    /// The number of requests so far of the call that the fault hits.
    calls: usize,
    /// The number of requests that the fault has hit.
    hits: usize,
}

impl World {
    fn respond(&mut self, request: &ApiRequest) -> Answer {
        self.conduct.check_request(request);
        if !self.is_hit(request) {
            let reply = self.server.handle(request);
            self.conduct.accepted(request, &reply);
            return reply.answer();
        }
        self.hits += 1;
        let Cell { fault, acted, job, .. } = self.cell;
        let reply = match acted || job.is_fetch() {
            true => self.server.handle(request),
            false => Reply::Json(json!({ "BaseResponse": { "Ret": 0, "ErrMsg": "" } })),
        };
        match fault.class {
            Class::Harmless
            | Class::Gzipped
            | Class::StartPos
            | Class::Unbounded
            | Class::NoMediaId => {
                self.conduct.accepted(request, &reply);
            }
            Class::Refused(_) => self.conduct.refused(request),
            _ => {}
        }
        reply.spoiled(fault.seen)
    }

    fn is_hit(&mut self, request: &ApiRequest) -> bool {
        let Cell { job, place, fault, always, .. } = self.cell;
        let (call, nth) = job.request(place);
        let is_options = request.http().method() == "OPTIONS";
        if request.endpoint() != call || is_options != (place == Place::Preflight) {
            return false;
        }
        // Nothing was sent on a new connection before.
        if fault.class == Class::Reused && request.limits().new_connection {
            return false;
        }
        self.calls += 1;
        if always { self.calls >= nth } else { self.calls == nth }
    }
}

impl Cell {
    /// Runs the cell, and holds what the flow says against what the server has.
    pub(super) fn run(&self, sample: &Sample) -> Result<End, String> {
        let world = Rc::new(RefCell::new(World {
            cell: *self,
            server: Server::new(self.repeats, sample.media.clone()),
            conduct: Conduct::default(),
            calls: 0,
            hits: 0,
        }));
        let mut harness = sample.harness();
        if let Seen::Pieces = self.fault.seen {
            harness.piece = PIECE;
        }
        harness.respond = Box::new({
            let world = Rc::clone(&world);
            move |request| world.borrow_mut().respond(request)
        });
        let result = sample.run(&mut harness, self.place.is_side_call());
        let world = world.borrow();
        if !world.conduct.violations.is_empty() {
            return Err(world.conduct.violations.join(", "));
        }
        let tries = self.fault.tries(self.job, self.place, self.acted);
        let expected = if self.always { tries } else { Some(1) };
        if world.hits == 0 || expected.is_some_and(|expected| world.hits != expected) {
            return Err(format!("the fault has hit {} requests, not {expected:?}", world.hits));
        }
        let messages = &world.server.messages;
        for message in messages {
            if message.content != sample.content || message.to != sample.to.as_str() {
                return Err("another message arrived".to_owned());
            }
            if message.call != self.job.message_call() {
                return Err(format!("a message by {}", message.call));
            }
        }
        match (result, &messages[..]) {
            (Ok(Outcome::Sent(id)), [message]) if message.msg_id == id.as_str() => Ok(End::Sent),
            (Ok(Outcome::Fetched(bytes)), [])
                if harness.stored == sample.content && bytes == sample.content.len() as u64 =>
            {
                Ok(End::Sent)
            }
            (Ok(Outcome::NoPicture), []) if harness.stored.is_empty() => Ok(End::NotSent),
            (Err(error), []) if error.outcome() == Verdict::NotSent => Ok(End::NotSent),
            (Err(error), [] | [_])
                if error.outcome() == Verdict::Unknown && !self.job.is_fetch() =>
            {
                Ok(End::Unknown(messages.len()))
            }
            (Ok(_), messages) => Err(format!("it went well, with {} messages", messages.len())),
            (Err(error), messages) => {
                Err(format!("{} messages, but {}", messages.len(), error.chain()))
            }
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, place, fault, acted, repeats, always } = self;
        let times = if *always { "from then on" } else { "once" };
        let acted = if *acted { "acted on" } else { "not acted on" };
        write!(f, "{job:?}, {}, {}, {times}, {acted}, {repeats:?}", place.name(), fault.name)
    }
}
