//! `wx watch`.

mod login_keeper;
mod media_dir;
mod retry_until;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wx_client::session_file::SessionFile;
use wx_proto::{Advice, Attachment, Message, MessageKind, MsgId, UnixMs};

use self::login_keeper::LoginKeeper;
use self::media_dir::MediaDir;
use self::retry_until::{PATIENCE, RetryUntil};
use crate::args::{Global, Watch};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::out;
use crate::problem::{Class, FileRole, Problem};
use crate::report::Report;
use crate::session::{self, Use};
use crate::withhold;
use crate::worker;

/// The number of characters of a text that are printed on its line.
const SHOWN: usize = 500;
/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

pub(crate) fn run(args: Watch, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![Subject::login(&path)]);
    report.endless();
    worker::run(report, move |report| {
        report.begin(0..1, None);
        report.end(watch(&args, &path, &global, report));
    })
}

fn watch(args: &Watch, path: &Path, global: &Global, report: &Report) -> Result<(), Problem> {
    let media = match args.save_images.as_deref().map(|dir| (dir, MediaDir::open(dir))) {
        Some((dir, Err(problem))) => {
            report.refuse(dir, &problem);
            return Ok(());
        }
        Some((_, Ok(media))) => Some(media),
        None => None,
    };
    let file = SessionFile::open(path)?;
    let mut policy = global.policy();
    policy.keep_unknown = args.keep_unknown;
    let connected = session::connect(path, Use::Login, policy, global, report);
    let Some(client) = connected else { return Ok(()) };
    let retry = RetryUntil::new(report);
    retry.run(None, || client.restore(report.options()))?;
    // Saves the sync position now, so that no message is lost that arrives before the first batch
    // is saved.
    file.save(&client.session())?;
    let mut keeper = LoginKeeper::new(&file, report);
    loop {
        let options = retry.options().on_sync(|session| keeper.synced(session));
        let (batch, skipped) = client.next_messages(options)?;
        report.skipped("messages", skipped);
        let mut over = None;
        for message in batch.iter().filter(|message| message.kind.is_for_user()) {
            report.tell(&line(message), &event::message(message));
            let image = message.attachment().filter(|attachment| attachment.file().is_none());
            if let (Some(media), Some(image)) = (&media, image) {
                match &over {
                    None => over = save(media, &image, &client, &retry, report)?,
                    Some(problem) => failed(&image.msg_id, problem, report),
                }
            }
            if report.stopped() {
                return Err(report.interrupted());
            }
            if !out::is_open() {
                let problem =
                    Problem::local("its reader has closed it", Advice::CheckFile).with_output();
                report.refuse(Path::new("standard output"), &problem);
                return Ok(());
            }
        }
        if let Some(problem) = over {
            return Err(problem);
        }
        // The session is saved last: after a crash, a batch that was only partly handled is
        // received again.
        keeper.save(&client.session())?;
    }
}

/// Returns the line of a message.
fn line(message: &Message) -> String {
    let from = message.sender.as_ref().or(message.from.as_ref()).map_or("?", |name| name.as_str());
    let text = match (&message.kind, message.text()) {
        (MessageKind::File(file), _) => {
            format!(" {}", clipped(file.name.as_deref().unwrap_or_default()))
        }
        (_, Some(text)) => format!(": {}", clipped(text)),
        _ => String::new(),
    };
    format!(
        "{} {} {from} {}{text}",
        utc(message.sent_at),
        event::msg_id(message),
        event::kind(message)
    )
}

/// Returns the beginning of a long text.
fn clipped(text: &str) -> String {
    let text = withhold::in_text(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Fetches the picture of a message into the directory, unless it is already there. Returns the
/// problem if the login is over. The rest of the batch is still reported, because no later login
/// receives these messages.
fn save(
    media: &MediaDir,
    image: &Attachment,
    client: &Client,
    retry: &RetryUntil<'_>,
    report: &Report,
) -> Result<Option<Problem>, Problem> {
    let id = &image.msg_id;
    if media.has(id) {
        return Ok(None);
    }
    let fetch = || media.save(id, |target| client.fetch(image, target, report.options()));
    match retry.run(Some(PATIENCE), fetch) {
        Ok(None) => {}
        Ok(Some((path, fetched))) => {
            let path = Some(path.to_string_lossy().into_owned());
            let subject = Subject::Message { msg_id: id.clone(), path };
            report.once(subject, |number| report.fetched(number, &fetched));
        }
        Err(problem) if report.stopped() => return Err(problem),
        // If the disk is full, no picture can be saved, so `watch` exits. The next `watch` receives
        // the message again.
        Err(problem) if problem.file == FileRole::Output => {
            failed(id, &problem, report);
            // The session file is not the cause.
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

/// Reports a picture that could not be fetched.
fn failed(id: &MsgId, problem: &Problem, report: &Report) {
    let subject = Subject::Message { msg_id: id.clone(), path: None };
    report.once(subject, |number| {
        let _ = report.problem(number..number + 1, problem);
    });
}

/// Formats the time in UTC. RFC 3339 has no form for a time after the year 9999, so the last second
/// of that year is shown.
fn utc(at: Option<UnixMs>) -> String {
    let seconds = at.map_or(0, UnixMs::as_secs).min(LAST_SECOND);
    let at = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_511_493_942, "2017-11-24T03:25:42Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
            (LAST_SECOND + 1, "9999-12-31T23:59:59Z"),
            (u64::MAX / 1000, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(Some(UnixMs::new(seconds * 1000))), text);
        }
        assert_eq!(utc(None), "1970-01-01T00:00:00Z");
    }
}
