//! `wx avatar`.

use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use wx_proto::{Advice, Avatar};

use super::contacts::{Directory, member_avatar};
use super::download::Download;
use super::event_file::{self, Expected};
use crate::args::{self, Addressee, AvatarOwner, Global};
use crate::client::Client;
use crate::event::Subject;
use crate::problem::Problem;
use crate::report::Report;
use crate::worker;

/// The events that name an avatar.
const LINE: Expected = Expected {
    events: &["contact", "member", "message"],
    otherwise: "is not the event of a contact, a member or a message",
    hint: "give one line of wx contacts --json or wx watch --json",
};

/// The part of a line of `wx contacts` or `wx watch` that `--line` reads.
#[derive(Deserialize)]
struct Line {
    avatar: Option<Avatar>,
}

pub(crate) fn run(args: args::Avatar, global: Global) -> ExitCode {
    let args::Avatar { download, member_of, line, user } = args;
    let download = Download::new(download, &global);
    let path = download.shown_path();
    let subject =
        move |given: String, user_name| Subject::Avatar { given, user_name, path: path.clone() };
    let given = user.as_ref().map(ToString::to_string);
    let report = Report::new(&global, given.iter().map(|it| subject(it.clone(), None)).collect());
    worker::run(report, move |report| {
        let known = match line.as_deref().map(|line| (line, read_line(line))) {
            Some((_, Ok(avatar))) => Some(avatar),
            Some((line, Err(problem))) => {
                return report.refuse(event_file::name(line), &problem);
            }
            None => None,
        };
        let of = |avatar: &Avatar| {
            let user_name = avatar.user_name().to_string();
            subject(given.clone().unwrap_or_else(|| user_name.clone()), Some(user_name))
        };
        if let Some(avatar) = &known {
            report.add(of(avatar));
        }
        download.with_client(&global, report, |client| {
            report.begin(0..1, None);
            let found = || find(user.as_ref(), member_of.as_ref(), client, report);
            let fetched = known.map_or_else(found, Ok).and_then(|avatar| {
                report.replace(vec![of(&avatar)]);
                download
                    .write(report, |output| client.fetch_avatar(&avatar, output, report.options()))
            });
            match fetched {
                Ok(Some(fetched)) => report.fetched(0, &fetched),
                Ok(None) => report.no_picture(0),
                Err(problem) => {
                    let _ = report.problem(0..1, &problem);
                }
            }
        });
    })
}

/// Finds the avatar of a person or a room. `--line` needs no search.
fn find(
    user: Option<&AvatarOwner>,
    room: Option<&Addressee>,
    client: &Client,
    report: &Report,
) -> Result<Avatar, Problem> {
    match (user, room) {
        (Some(AvatarOwner::Other(owner)), Some(room)) => member_avatar(owner, room, client, report),
        (Some(AvatarOwner::Other(Addressee::Name(name))), None) => {
            Directory::new(client, report).avatar(name)
        }
        (Some(AvatarOwner::Other(Addressee::Recipient(to))), None) => {
            Ok(Avatar::new(to.user_name().clone()))
        }
        (Some(AvatarOwner::Me) | None, _) => {
            let session = client.session();
            let unnamed = "the session file does not hold the UserName of the account";
            let user_name = session.user_name().cloned();
            let unnamed = || Problem::local(unnamed, Advice::LoginAgain);
            user_name.map(Avatar::new).ok_or_else(unnamed)
        }
    }
}

/// Reads the avatar in a line of another command.
fn read_line(path: &Path) -> Result<Avatar, Problem> {
    let line: Line = event_file::read_one(path, LINE)?;
    line.avatar.ok_or_else(|| {
        Problem::local("the line names no avatar", Advice::CheckFile).hint(LINE.hint)
    })
}
