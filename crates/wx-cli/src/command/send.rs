//! `wx send` and `wx send-image`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use wx_proto::{Advice, MediaKind, Recipient, Text, UserName};

use crate::args::{Addressee, Global, Send, SendImage};
use crate::client::Client;
use crate::job_dir::{Item, JobDir, SendPlan, subjects_of};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

use super::batch::Batch;
use super::contacts;

/// A long text is split into parts of this many characters.
const PART: usize = 2000;

/// The longest text that is read from standard input, in bytes.
const LONGEST_TEXT: u64 = 1024 * 1024;

/// The arguments that `send` and `send-image` share.
struct SendJob {
    /// The name of the command.
    command: &'static str,
    session: PathBuf,
    to: Vec<Addressee>,
    resume_dir: Option<PathBuf>,
    plan: SendPlan,
}

/// Runs `wx send`.
pub(crate) fn run(args: Send, global: Global) -> ExitCode {
    let items = match items(&args) {
        Ok(items) => items,
        Err(problem) => {
            let report = Report::new(&global, Vec::new());
            report.refuse(Path::new("--text"), &problem);
            return ExitCode::from(report.finish());
        }
    };
    let plan = SendPlan {
        max_size: args.max_size,
        name: args.name,
        kind: args.kind.map(MediaKind::from),
        ..plan(items, &args.to, args.pace)
    };
    let session = args.session.place();
    let (to, resume_dir) = (args.to, args.resume_dir);
    start(SendJob { command: "send", session, to, resume_dir, plan }, global)
}

/// Runs `wx send-image`.
pub(crate) fn run_image(args: SendImage, global: Global) -> ExitCode {
    let items = args.images.into_iter().map(Item::File).collect();
    let plan = SendPlan {
        max_size: Some(args.max_size),
        kind: args.as_file.then_some(MediaKind::File),
        images_only: true,
        ..plan(items, &args.to, args.pace)
    };
    let session = args.session.place();
    let (to, resume_dir) = (args.to, args.resume_dir);
    start(SendJob { command: "send-image", session, to, resume_dir, plan }, global)
}

/// Returns a plan without recipients.
fn plan(items: Vec<Item>, to: &[Addressee], pace: Option<Duration>) -> SendPlan {
    SendPlan {
        items,
        stamps: Vec::new(),
        to: Vec::new(),
        given: to.iter().map(ToString::to_string).collect(),
        session: None,
        max_size: None,
        name: None,
        images_only: false,
        kind: None,
        pace,
    }
}

/// Returns the text, in parts if that was asked for, and the files.
fn items(args: &Send) -> Result<Vec<Item>, Problem> {
    let text = match args.text.as_deref() {
        Some("-") => Some(read_text(io::stdin().lock())?),
        text => text.map(str::to_owned),
    };
    let mut items = Vec::new();
    if let Some(text) = text {
        let is_split = args.split && !text.trim().is_empty();
        let parts = if is_split { Text::new(text).split(PART) } else { vec![Text::new(text)] };
        items.extend(parts.iter().map(|part| Item::Text(part.content().to_owned())));
    }
    items.extend(args.files.iter().cloned().map(Item::File));
    Ok(items)
}

/// Reads a text without the line break at its end.
fn read_text(from: impl Read) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    from.take(LONGEST_TEXT + 1).read_to_end(&mut bytes)?;
    let refused = |what: &str| Problem::local(what.to_owned(), Advice::CheckFile);
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(refused("the text has more than 1 MiB"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| refused("the text is not UTF-8"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    match text.is_empty() {
        true => Err(refused("the text is empty")),
        false => Ok(text),
    }
}

fn start(job: SendJob, global: Global) -> ExitCode {
    let given = &job.plan.given;
    let report = Report::new(&global, subjects_of(&job.plan.items, given, given));
    worker::run(report, move |report| work(job, &global, report))
}

fn work(job: SendJob, global: &Global, report: &Report) {
    let policy = job.plan.limited(global.policy());
    let path = job.session.clone();
    // Texts can be sent without the cookie that uploads need.
    let has_files = job.plan.has_files();
    let use_for = if has_files { Use::Send } else { Use::Fetch };
    session::with_client(&path, use_for, policy, global, report, |client| {
        send(job, client, report);
    });
}

fn send(job: SendJob, client: &Client, report: &Report) {
    let to = match resolve_recipients(&job.to, client, report) {
        Ok(to) => to,
        Err((addressee, problem)) => {
            return report.refuse(Path::new(&format!("--to {addressee}")), &problem);
        }
    };
    let plan = SendPlan { to, session: Some(job.session), ..job.plan };
    report.replace(plan.subjects());
    let dir = job.resume_dir.as_deref();
    match JobDir::create(dir, plan, &client.session()) {
        Ok(job) => Batch { client, job, resend: false, report }.run(),
        Err(problem) => report.refuse(dir.unwrap_or(Path::new(job.command)), &problem),
    }
}

/// Resolves names before anything is sent. On error, returns the addressee and the problem.
fn resolve_recipients<'a>(
    given: &'a [Addressee],
    client: &Client,
    report: &Report,
) -> Result<Vec<Recipient>, (&'a Addressee, Box<Problem>)> {
    let mut contacts = None;
    let mut to = Vec::new();
    for addressee in given {
        let blame = |problem| (addressee, Box::new(problem));
        let user = match addressee {
            Addressee::Recipient(recipient) => recipient.clone(),
            Addressee::Name(name) => {
                if contacts.is_none() {
                    contacts = Some(contacts::list(client, report).map_err(blame)?);
                }
                let found = contacts::only(name, contacts.as_deref().unwrap_or_default());
                found.and_then(|contact| recipient(&contact.user_name)).map_err(blame)?
            }
        };
        if to.contains(&user) {
            return Err(blame(Problem::local("is given twice", Advice::CheckRecipient)));
        }
        to.push(user);
    }
    Ok(to)
}

/// Returns the contact as a recipient. Some special accounts cannot receive messages.
fn recipient(name: &UserName) -> Result<Recipient, Problem> {
    Recipient::try_from(name).map_err(|_| {
        Problem::local(format!("{name} cannot receive messages"), Advice::CheckRecipient)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_standard_input_loses_its_last_line_break_only() {
        let read = |text: &[u8]| read_text(text).map_err(|problem| problem.message.to_string());
        assert_eq!(read(b"a \n\n").as_deref(), Ok("a \n"));
        assert_eq!(read(b"a\r\n").as_deref(), Ok("a"));
        assert_eq!(read(b"\n").unwrap_err(), "the text is empty");
        assert_eq!(read(b"a\xff").unwrap_err(), "the text is not UTF-8");
        let long = vec![b'a'; 1024 * 1024 + 1];
        assert_eq!(read(&long).unwrap_err(), "the text has more than 1 MiB");
        assert_eq!(read(&long[1..]).unwrap().len(), 1024 * 1024);
    }

    #[test]
    fn contacts_that_only_speak_are_no_recipients() {
        let name = |text| UserName::new(text).unwrap();
        assert_eq!(recipient(&name("@1f28")).unwrap().as_str(), "@1f28");
        assert_eq!(
            &*recipient(&name("newsapp")).unwrap_err().message,
            "newsapp cannot receive messages"
        );
    }
}
