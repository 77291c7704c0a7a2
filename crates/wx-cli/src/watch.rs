//! `wx watch`.

mod folder;
mod time;
mod trouble;

use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::flow::{NextMessages, Restore};
use wx_proto::{Advice, ImageVariant, Message, MessageKind, MsgId, UnixMs};

use self::folder::Folder;
use self::trouble::Trouble;
use crate::account;
use crate::args::{Global, Watch};
use crate::event::{self, Subject};
use crate::job;
use crate::out;
use crate::problem::{Class, Problem, Which};
use crate::report::Report;
use crate::session::{self, Use};
use crate::transport::{Client, Ears, seed};
use crate::withhold;

/// Characters of a text in a line.
const SHOWN: usize = 500;

pub(crate) fn run(args: Watch, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![account::subject(&path)]);
    report.endless();
    job::run(report, move |report| {
        report.begin(0..1, None);
        if let Err(problem) = work(&args, &path, &global, report) {
            let _ = report.problem(0..1, &problem);
        }
    })
}

fn work(args: &Watch, path: &Path, global: &Global, report: &Report) -> Result<(), Problem> {
    let folder = match args.save_images.as_deref().map(|dir| (dir, Folder::open(dir))) {
        Some((dir, Err(problem))) => {
            report.refuse(dir, &problem);
            return Ok(());
        }
        Some((_, Ok(folder))) => Some(folder),
        None => None,
    };
    let owned = SessionFile::open(path)?;
    // What is wrong with the file is told there.
    let mut policy = global.policy();
    policy.keep_unknown = args.keep_unknown;
    let connected = session::connect(path, Use::Login, policy, global, report);
    let Some(client) = connected else { return Ok(()) };
    let trouble = Trouble::new(report);
    // From here on the file knows where the messages go on, so that none of those is lost that come
    // before the first batch is saved.
    trouble.ride_out(None, || {
        client.drive(Restore::new(&client.session(), seed()?, client.policy())?, report)
    })?;
    owned.save(&client.session())?;
    loop {
        let flow = NextMessages::new(&client.session(), seed()?, client.policy())?;
        let arrived = client.drive(flow, &trouble)?;
        account::skipped("messages", arrived.skipped, report);
        let mut over = None;
        for message in &arrived.messages {
            report.tell(&line(message), &event::message(message));
            if let (Some(folder), Some((id, size))) = (&folder, message.image()) {
                match &over {
                    None => over = keep(folder, id, size, &client, &trouble)?,
                    Some(problem) => failed(id, problem, report),
                }
            }
            if report.stopped() {
                return Err(report.interrupted());
            }
            if !out::is_heard() {
                let problem =
                    Problem::local("nobody reads it any more", Advice::CheckFile).with_output();
                report.refuse(Path::new("standard output"), &problem);
                return Ok(());
            }
        }
        if let Some(problem) = over {
            return Err(problem);
        }
        // Only now: what was not dealt with comes again after a crash.
        owned.save(&client.session())?;
    }
}

/// A message in one line.
fn line(message: &Message) -> String {
    let from = message.sender.as_ref().or(message.from.as_ref()).map_or("?", |name| name.as_str());
    let text = match &message.kind {
        MessageKind::File { name, .. } => {
            format!(" {}", clipped(name.as_deref().unwrap_or_default()))
        }
        MessageKind::Other { msg_type: Some(1), .. } => format!(": {}", clipped(&message.content)),
        _ => String::new(),
    };
    format!(
        "{} {} {from} {}{text}",
        time::utc(message.sent_at.map_or(0, UnixMs::as_secs)),
        event::msg_id(message),
        event::kind(message)
    )
}

/// A line is not the place for all of a text that goes on and on.
fn clipped(text: &str) -> String {
    let text = withhold::in_text(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Fetches a message's picture into the directory, unless it is there already. Gives what ended the
/// login, if it is over: the next one knows nothing of these messages, so they are told to their
/// end.
fn keep(
    folder: &Folder,
    id: &MsgId,
    size: ImageVariant,
    client: &Client,
    trouble: &Trouble<'_>,
) -> Result<Option<Problem>, Problem> {
    if folder.has(id) {
        return Ok(None);
    }
    let report = trouble.report();
    let fetch = || folder.save(id, |target| client.fetch(id, size, target, report));
    match trouble.ride_out(Some(trouble::PATIENCE), fetch) {
        Ok(None) => {}
        Ok(Some((path, fetched))) => {
            let path = Some(path.to_string_lossy().into_owned());
            let subject = Subject::Message { msg_id: id.clone(), path };
            report.once(subject, |number| report.fetched(number, &fetched));
        }
        Err(problem) if report.stopped() => return Err(problem),
        // The message is told again by the next watch, so this is the end; a full disk would lose
        // every picture.
        Err(problem) if problem.file == Which::Output => {
            failed(id, &problem, report);
            // The session file has nothing to do with it.
            report.known(0);
            return Err(problem);
        }
        Err(problem) => {
            failed(id, &problem, report);
            return Ok((problem.class == Class::Login).then_some(problem));
        }
    }
    Ok(None)
}

/// A picture that was not fetched.
fn failed(id: &MsgId, problem: &Problem, report: &Report) {
    let subject = Subject::Message { msg_id: id.clone(), path: None };
    report.once(subject, |number| {
        let _ = report.problem(number..number + 1, problem);
    });
}
