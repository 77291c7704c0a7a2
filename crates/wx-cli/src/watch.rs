//! `wx watch`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wx_proto::flow::{NextMessages, Progress};
use wx_proto::{Advice, ImageSize, Kind, Message, Step};

use crate::account;
use crate::args::{Global, Watch};
use crate::batch;
use crate::event::{self, Subject};
use crate::job::{self, Scratch};
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::session::{self, Owned, Use};
use crate::transport::{Client, Ears, Target, seed};

pub(crate) fn run(args: Watch, global: Global) -> ExitCode {
    let path = session::place(args.session.as_deref());
    let report = Report::new(&global, vec![account::subject(&path)]);
    job::run(report, move |report| {
        report.begin(0..1, None);
        if let Err(problem) = work(&args, &path, &global, report) {
            let _ = report.problem(0..1, &problem);
        }
    })
}

fn work(args: &Watch, path: &Path, global: &Global, report: &Report) -> Result<(), Problem> {
    if let Some(dir) = &args.save_images {
        fs::create_dir_all(dir).map_err(|error| Problem::from(error).with_output())?;
    }
    let owned = Owned::take(path)?;
    // What is wrong with the file is told there.
    let connected = session::connect(path, Use::Fetch, global.policy(), global, report);
    let Some(mut client) = connected else { return Ok(()) };
    loop {
        let flow = NextMessages::new(client.session().clone(), seed()?, client.policy())?;
        let arrived = client.drive(flow, &Patience::new(report))?;
        client.move_on(arrived.session);
        for message in &arrived.messages {
            report.tell(&line(message), &event::message(message));
            if let (Some(dir), Some(size)) = (&args.save_images, message.picture()) {
                keep(dir, message, size, &client, report)?;
            }
            if report.stopped() {
                return Err(report.interrupted());
            }
        }
        // Only now: what was not dealt with comes again after a crash.
        owned.save(client.session())?;
    }
}

/// A message in one line.
fn line(message: &Message) -> String {
    let from = message.sender.as_ref().or(message.from.as_ref()).map_or("?", |name| name.as_str());
    let text = match &message.kind {
        Kind::File { name, .. } => format!(" {name}"),
        Kind::Other { msg_type: 1, .. } => format!(": {}", message.content),
        _ => String::new(),
    };
    format!("{} {} {from} {}{text}", message.unix_s, message.id, event::kind(message))
}

/// Fetches a message's picture into the directory, unless it is there already.
fn keep(
    dir: &Path,
    message: &Message,
    size: ImageSize,
    client: &Client,
    report: &Report,
) -> Result<(), Problem> {
    if kept(dir, message) {
        return Ok(());
    }
    let subject = |path: Option<&Path>| Subject::Message {
        msg_id: message.id.clone(),
        path: path.map(|path| path.to_string_lossy().into_owned()),
    };
    match fetch_patiently(dir, message, size, client, report) {
        Ok((path, fetched)) => {
            let number = report.add(subject(Some(&path)));
            report.fetched(number, &fetched);
            Ok(())
        }
        // The message is told again by the next watch, so this is the end.
        Err(problem) if problem.class == Class::Login || report.stopped() => Err(problem),
        Err(problem) => {
            let number = report.add(subject(None));
            let _ = report.problem(number..number + 1, &problem);
            Ok(())
        }
    }
}

/// Whether there is a picture under the message's id: an earlier watch kept it.
fn kept(dir: &Path, message: &Message) -> bool {
    let prefix = format!("{}.", message.id);
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
}

/// How often a picture is asked for when the network is gone, with the wait between the tries of a message in between.
const ROUNDS: u32 = 10;

/// The next batch moves on for good, so a network that is gone for a while must not cost a picture.
fn fetch_patiently(
    dir: &Path,
    message: &Message,
    size: ImageSize,
    client: &Client,
    report: &Report,
) -> Result<(PathBuf, wx_proto::Fetched), Problem> {
    for _ in 1..ROUNDS {
        match fetch(dir, message, size, client, report) {
            Err(problem) if problem.advice == Some(Advice::CheckNetwork) && !report.stopped() => {
                report.warn(&format!("{}: {}; trying again", message.id, problem.message));
                batch::pause(client.policy().message_wait, report);
            }
            done => return done,
        }
    }
    fetch(dir, message, size, client, report)
}

fn fetch(
    dir: &Path,
    message: &Message,
    size: ImageSize,
    client: &Client,
    report: &Report,
) -> Result<(PathBuf, wx_proto::Fetched), Problem> {
    let scratch = Scratch::beside(&dir.join("x")).map_err(|error| Problem::from(error).with_output())?;
    let picture = scratch.file();
    let fetched = client.fetch(&message.id, size, Target::File(&picture), report)?;
    // Its digits and what its bytes are: nothing of a stranger's gets into the name.
    let path = dir.join(format!("{}.{}", message.id, fetched.format.extension()));
    let picture = tempfile::TempPath::try_from_path(picture).map_err(Problem::from)?;
    let placed = picture.persist_noclobber(&path);
    placed.map_err(|failed| {
        Problem::local(crate::out::words(&failed.error), Advice::CheckFile).with_output()
    })?;
    Ok((path, fetched))
}

/// Tells when trouble begins, and when it is over.
struct Patience<'a> {
    report: &'a Report,
    troubled: std::sync::atomic::AtomicBool,
}

impl<'a> Patience<'a> {
    fn new(report: &'a Report) -> Self {
        Self { report, troubled: std::sync::atomic::AtomicBool::new(false) }
    }
}

impl Ears for Patience<'_> {
    fn report(&self) -> &Report {
        self.report
    }

    fn progress(&self, progress: &Progress) {
        self.report.progress(progress);
        let trouble = progress.step == Step::Sync && progress.attempt > 1;
        let before = self.troubled.swap(trouble, std::sync::atomic::Ordering::Relaxed);
        match (before, trouble) {
            (false, true) => self.report.warn("no answer from the server; waiting for it"),
            (true, false) => self.report.warn("the server answers again"),
            _ => {}
        }
    }
}
