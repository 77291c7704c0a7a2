//! `wx forward`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use wx_proto::{Advice, Forward, MsgId};

use super::event_file::{self, Expected};
use super::send::SendJob;
use crate::args::{self, Global};
use crate::job_dir::Item;
use crate::problem::Problem;

/// The event of a message.
const MESSAGE: Expected = Expected {
    events: &["message"],
    otherwise: "is not the event of a message",
    hint: "give lines of wx watch --json",
};

/// The parts of the event `message` that are needed.
#[derive(Deserialize)]
struct MessageEvent {
    msg_id: Option<MsgId>,
    forward: Option<Forward>,
    not_forwardable: Option<String>,
}

/// Runs `wx forward`.
pub(crate) fn run(args: args::Forward, global: Global) -> ExitCode {
    let args::Forward { options, message } = args;
    let job = SendJob::new("forward", options, Vec::new(), None);
    let read = |job: &mut SendJob| {
        job.plan.items = read(&message)?;
        Ok(())
    };
    job.start(event_file::name(&message), read, global)
}

/// Reads the messages to forward, each once: `wx watch` reports a message again after it was
/// killed. If one of them cannot be forwarded, none is.
fn read(path: &Path) -> Result<Vec<Item>, Problem> {
    let events = event_file::read(path, MESSAGE)?;
    if events.is_empty() {
        return Err(Problem::local("holds no message", Advice::CheckFile).hint(MESSAGE.hint));
    }
    let (mut items, mut ids) = (Vec::new(), BTreeSet::new());
    for event in events {
        let line = event.line();
        let message: MessageEvent = event.parse(MESSAGE)?;
        let Some(forward) = message.forward else {
            let why = message.not_forwardable.as_deref();
            let what = why.unwrap_or("the message holds nothing that can be forwarded");
            return Err(Problem {
                advice: None,
                ..Problem::local(format!("line {line}: {what}"), Advice::CheckMessage)
            });
        };
        // Messages without an id have the id 0.
        let msg_id = message.msg_id.filter(|id| id.as_str() != "0");
        if msg_id.clone().is_none_or(|id| ids.insert(id)) {
            items.push(Item::Forward { message: forward, msg_id });
        }
    }
    Ok(items)
}
