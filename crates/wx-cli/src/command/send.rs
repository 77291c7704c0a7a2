//! `wx send` and `wx send-image`, and the job that they share with `wx forward`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::{Advice, Emoticon, Profile, Recipient, Text, UserName};

use crate::args::{Addressee, Global, Kind, Send, SendImage, SendOptions};
use crate::client::Client;
use crate::job_dir::{Item, JobDir, SendPlan};
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

use super::batch::Batch;
use super::contacts::Directory;

/// A long text is split into parts of this many characters.
const PART: usize = 2000;

/// The longest text that is read from standard input, in bytes.
const LONGEST_TEXT: u64 = 1024 * 1024;

/// A job of `send`, `send-image` or `forward`.
pub(super) struct SendJob {
    /// The name of the command.
    command: &'static str,
    session: PathBuf,
    to: Vec<Addressee>,
    /// Whether the user gave no recipient.
    is_to_default: bool,
    resume_dir: Option<PathBuf>,
    /// The plan, without the recipients that have yet to be looked up.
    pub(super) plan: SendPlan,
}

/// Runs `wx send`.
pub(crate) fn run(mut args: Send, global: Global) -> ExitCode {
    let (text, is_split) = (args.text.take(), args.split);
    let emoticons = args.emoticons.iter().copied().map(Emoticon::from_md5).map(Item::Emoticon);
    let mut others: Vec<_> = emoticons.collect();
    let read = |job: &mut SendJob| {
        let mut items = texts(text, is_split)?;
        items.append(&mut others);
        items.append(&mut job.plan.items);
        job.plan.items = items;
        Ok(())
    };
    let kind = args.as_kind.kind;
    let job = SendJob::new("send", args.options, args.files, kind);
    let plan = SendPlan { max_size: args.max_size, name: args.name, ..job.plan };
    SendJob { plan, ..job }.start(Path::new("--text"), read, global)
}

/// Runs `wx send-image`.
pub(crate) fn run_image(args: SendImage, global: Global) -> ExitCode {
    let kind = args.as_kind.kind.or(args.as_file.then_some(Kind::File));
    let job = SendJob::new("send-image", args.options, args.files, kind);
    let plan = SendPlan { max_size: Some(args.max_size), images_only: true, ..job.plan };
    SendJob { plan, ..job }.start(Path::new("--text"), |_| Ok(()), global)
}

impl SendJob {
    pub(super) fn new(
        command: &'static str,
        options: SendOptions,
        files: Vec<PathBuf>,
        kind: Option<Kind>,
    ) -> Self {
        let is_to_default = options.to.is_empty();
        let to = match is_to_default {
            true => vec![Addressee::Recipient(Recipient::file_helper())],
            false => options.to,
        };
        let plan = SendPlan {
            items: files.into_iter().map(Item::File).collect(),
            stamps: Vec::new(),
            to: Vec::new(),
            given: to.iter().map(ToString::to_string).collect(),
            session: None,
            max_size: None,
            name: None,
            images_only: false,
            // The arguments contain no kind that cannot be sent.
            kind: kind.and_then(|kind| kind.media().ok()),
            pace: options.pace,
        };
        let (session, resume_dir) = (options.session.place(), options.resume_dir);
        Self { command, session, to, is_to_default, resume_dir, plan }
    }

    /// Starts the job. `read` adds the items that are read from `source`.
    pub(super) fn start(
        mut self,
        source: &Path,
        read: impl FnOnce(&mut Self) -> Result<(), Problem>,
        global: Global,
    ) -> ExitCode {
        let refused = |subjects, thing: &Path, problem: &Problem| {
            let report = Report::new(&global, subjects);
            report.refuse(thing, problem);
            ExitCode::from(report.finish())
        };
        // Refused before the text is read. If nobody is logged in, that is reported later.
        if let Ok(session) = SessionFile::read_allow_loopback(&self.session)
            && let Err(problem) = self.check_default(session.site().profile())
        {
            return refused(Vec::new(), Path::new("--to"), &problem);
        }
        if let Err(problem) = read(&mut self) {
            return refused(self.plan.subjects_of_unread(), source, &problem);
        }
        let kinds = self.plan.kinds();
        let report = Report::new(&global, self.plan.subjects(&kinds));
        worker::run(report, move |report| self.work(&kinds, &global, report))
    }

    /// Refuses to choose the recipient, except on the only page that has just one.
    fn check_default(&self, profile: Profile) -> Result<(), Problem> {
        if !self.is_to_default || profile == Profile::FileHelper {
            return Ok(());
        }
        let message = "a login of web WeChat has no default recipient";
        let problem = Problem::local(message, Advice::CheckRecipient);
        Err(Problem { class: Class::Usage, ..problem.hint(RECIPIENTS) })
    }

    fn work(self, kinds: &[Option<&'static str>], global: &Global, report: &Report) {
        let policy = self.plan.limited(global.policy());
        let path = self.session.clone();
        // Texts can be sent without the cookie that uploads need.
        let has_files = self.plan.has_files();
        let use_for = if has_files { Use::Send } else { Use::Fetch };
        session::with_client(&path, use_for, policy, global, report, |client| {
            self.send(kinds, client, report);
        });
    }

    fn send(self, kinds: &[Option<&'static str>], client: &Client, report: &Report) {
        let profile = client.session().site().profile();
        // The session file may have been replaced since the first check.
        if let Err(problem) = self.check_default(profile) {
            return report.refuse(Path::new("--to"), &problem);
        }
        let to = match resolve_recipients(&self.to, profile, client, report) {
            Ok(to) => to,
            Err((addressee, problem)) => {
                return report.refuse(Path::new(&format!("--to {addressee}")), &problem);
            }
        };
        let plan = SendPlan { to, session: Some(self.session), ..self.plan };
        report.replace(plan.subjects(kinds));
        let dir = self.resume_dir.as_deref();
        match JobDir::create(dir, plan, &client.session()) {
            Ok(job) => Batch { client, job, resend: false, report }.run(),
            Err(problem) => report.refuse(dir.unwrap_or(Path::new(self.command)), &problem),
        }
    }
}

/// The recipients to choose from.
const RECIPIENTS: &str = "give --to filehelper, --to name:NICK or --to and a UserName";

/// Returns the text, in parts if that was asked for.
fn texts(text: Option<String>, is_split: bool) -> Result<Vec<Item>, Problem> {
    let text = match text {
        None => return Ok(Vec::new()),
        Some(dash) if dash == "-" => read_text(io::stdin().lock())?,
        Some(text) => text,
    };
    let is_split = is_split && !text.trim().is_empty();
    let parts = if is_split { Text::new(text).split(PART) } else { vec![Text::new(text)] };
    Ok(parts.iter().map(|part| Item::Text(part.content().to_owned())).collect())
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

/// Resolves names before anything is sent. On error, returns the addressee and the problem.
pub(super) fn resolve_recipients<'a>(
    given: &'a [Addressee],
    profile: Profile,
    client: &Client,
    report: &Report,
) -> Result<Vec<Recipient>, (&'a Addressee, Box<Problem>)> {
    let mut directory = Directory::new(client, report);
    let mut to = Vec::new();
    let helper = Recipient::file_helper();
    for addressee in given {
        let blame = |problem| (addressee, Box::new(problem));
        let user = match addressee {
            Addressee::Recipient(recipient) if profile == Profile::Web || *recipient == helper => {
                recipient.clone()
            }
            Addressee::Name(name) if profile == Profile::Web => {
                directory.only(name).and_then(recipient).map_err(blame)?
            }
            _ => {
                let message = "a login of the File Transfer Helper sends only to filehelper";
                let problem = Problem::local(message, Advice::CheckRecipient);
                return Err(blame(problem.hint("leave --to out")));
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
fn recipient(name: UserName) -> Result<Recipient, Problem> {
    Recipient::try_from(&name).map_err(|_| {
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
        assert_eq!(recipient(name("@1f28")).unwrap().as_str(), "@1f28");
        assert_eq!(
            &*recipient(name("newsapp")).unwrap_err().message,
            "newsapp cannot receive messages"
        );
    }
}
