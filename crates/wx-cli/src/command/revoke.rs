//! `wx revoke`.

use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use wx_client::seed;
// `Client::revoke` takes the age of a message from its LocalID. The event also has the time at
// which the server accepted the message, which is later if it was sent again.
use wx_proto::endpoint::revoke_msg::RevokeMsg;
// The flow of `RevokeMsg`, which must be requested only once.
use wx_proto::flow::OneCall;
use wx_proto::{Advice, LocalId, MsgId, Profile, Recipient, UnixMs};

use super::event_file::{self, Expected};
use super::send::resolve_recipients;
use crate::args::{Addressee, Global, Revoke};
use crate::client::Client;
use crate::event::Subject;
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

/// The events of messages that were sent, or may have been.
const SENT: Expected = Expected {
    events: &["sent", "unknown", "given_up"],
    otherwise: "is not the event of a message that was sent",
    hint: "give the lines that wx send --json has printed, or --to USER and the MsgID",
};

/// The parts of these events that are needed.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Outcome {
    Sent { msg_id: MsgId, to: Recipient, to_name: Option<String>, local_id: LocalId, sent_at: u64 },
    Unknown { to: String, to_name: Option<String> },
    GivenUp { to: String, to_name: Option<String> },
}

/// What to do if the server refuses to revoke a message.
const NOT_REVOKED: &str = "the message is probably older than two minutes, already revoked, to \
    another recipient, or from another login: delete your own copy on the phone";

/// What to do about a message that may have been sent and has no MsgID.
const REVOKE_ON_PHONE: &str = "look at the conversation on the phone; if the message is there, \
    revoke it there within two minutes";

/// What to do in a login of the File Transfer Helper.
const NOTHING_TO_REVOKE: &str =
    "messages to filehelper cannot be revoked: delete your own copy on the phone";

/// A message to revoke.
struct Revocation {
    subject: Subject,
    /// The ids of the message and its recipient. `None` if the server has given it no MsgID.
    message: Option<(MsgId, Recipient)>,
    /// The LocalID of the message and the time at which the server accepted it, if they are known.
    sent: Option<(LocalId, UnixMs)>,
}

/// Runs `wx revoke`.
pub(crate) fn run(args: Revoke, global: Global) -> ExitCode {
    let report = Report::new(&global, Vec::new());
    worker::run(report, move |report| {
        let path = args.session.place();
        let (use_for, policy) = (Use::Fetch, global.policy());
        match (args.message, args.to, args.msg_id) {
            (Some(file), ..) => match read(&file) {
                Ok(all) if all.is_empty() => {
                    let name = event_file::name(&file).display();
                    report.warn(&format!("{name}: holds no sent message: nothing to revoke"));
                }
                Ok(all) => {
                    for one in &all {
                        report.add(one.subject.clone());
                    }
                    session::with_client(&path, use_for, policy, &global, report, |client| {
                        revoke_all(&all, client, report);
                    });
                }
                Err(problem) => report.refuse(event_file::name(&file), &problem),
            },
            (None, Some(to), Some(msg_id)) => {
                report.add(subject(Some(&msg_id), &to.to_string(), &to.to_string()));
                session::with_client(&path, use_for, policy, &global, report, |client| {
                    revoke_one(&to, msg_id, client, report);
                });
            }
            // The arguments have one of them.
            (None, ..) => {}
        }
    })
}

/// Reads the messages to revoke, each once. Messages that were certainly not sent are left out.
fn read(file: &Path) -> Result<Vec<Revocation>, Problem> {
    let mut all: Vec<Revocation> = Vec::new();
    for event in event_file::read(file, SENT)? {
        let revocation = match event.parse(SENT)? {
            Outcome::Sent { msg_id, to, to_name, local_id, sent_at } => {
                let given = Addressee::given(to.as_str(), to_name);
                Revocation {
                    subject: subject(Some(&msg_id), to.as_str(), &given),
                    message: Some((msg_id, to)),
                    sent: Some((local_id, UnixMs::from_secs(sent_at))),
                }
            }
            Outcome::Unknown { to, to_name } | Outcome::GivenUp { to, to_name } => {
                let given = Addressee::given(&to, to_name);
                Revocation { subject: subject(None, &to, &given), message: None, sent: None }
            }
        };
        let is_same = |other: &Revocation| {
            revocation.message.is_some() && revocation.message == other.message
        };
        if !all.iter().any(is_same) {
            all.push(revocation);
        }
    }
    Ok(all)
}

fn subject(msg_id: Option<&MsgId>, to: &str, given: &str) -> Subject {
    Subject::Revocation { msg_id: msg_id.cloned(), to: to.to_owned(), given: given.to_owned() }
}

/// Revokes a message by its MsgID.
fn revoke_one(to: &Addressee, msg_id: MsgId, client: &Client, report: &Report) {
    let profile = client.session().site().profile();
    match resolve_recipients(std::slice::from_ref(to), profile, client, report) {
        Ok(mut recipients) => {
            let Some(recipient) = recipients.pop() else { return };
            let subject = subject(Some(&msg_id), recipient.as_str(), &to.to_string());
            report.replace(vec![subject.clone()]);
            let message = Some((msg_id, recipient));
            revoke_all(&[Revocation { subject, message, sent: None }], client, report);
        }
        Err((_, problem)) => {
            let problem = match profile {
                Profile::FileHelper => problem.hint(NOTHING_TO_REVOKE),
                _ => *problem,
            };
            report.refuse(Path::new(&format!("--to {to}")), &problem);
        }
    }
}

/// Revokes the messages. They can only be revoked for a short time, so one whose result is unknown
/// does not stop the others.
fn revoke_all(all: &[Revocation], client: &Client, report: &Report) {
    for (subject, revocation) in all.iter().enumerate() {
        report.begin(subject..subject + 1, None);
        let Err(problem) = revoke(revocation, client, report) else {
            report.revoked(subject);
            continue;
        };
        let is_over = report.problem(subject..subject + 1, &problem).is_break();
        if is_over && (problem.class != Class::Unknown || report.stopped()) {
            return;
        }
    }
}

fn revoke(revocation: &Revocation, client: &Client, report: &Report) -> Result<(), Problem> {
    let Some((msg_id, to)) = revocation.message.clone() else {
        let what = "it may have been sent, but its MsgID is unknown";
        return Err(Problem::local(what, Advice::LookAtPhone).hint(REVOKE_ON_PHONE));
    };
    let seed = seed()?;
    let call = match revocation.sent.clone() {
        Some((local_id, at)) => RevokeMsg::new(msg_id, local_id, to, seed).sent_at(at),
        None => RevokeMsg::by_id(msg_id, to, seed),
    };
    let flow = OneCall::new(call, &client.session(), seed, client.policy()).once();
    client.run(flow, report.options()).map_err(|problem| match problem.class {
        Class::Unknown => {
            problem.hint("it may have been revoked: check the conversation on the phone")
        }
        _ => problem.unknown_to_server(NOT_REVOKED),
    })
}
