//! `wx send-image`.

use std::path::Path;
use std::process::ExitCode;

use wx_proto::{Advice, Contact, MediaKind, Recipient, UserName};

use crate::args::{Addressee, Global, SendImage};
use crate::client::Client;
use crate::job_dir::{JobDir, SendPlan, subjects_of};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

use super::batch::Batch;
use super::contacts;

pub(crate) fn run(args: SendImage, global: Global) -> ExitCode {
    let given: Vec<_> = args.to.iter().map(ToString::to_string).collect();
    let report = Report::new(&global, subjects_of(&args.images, &given, &given));
    worker::run(report, move |report| work(&args, &global, report))
}

fn work(args: &SendImage, global: &Global, report: &Report) {
    let mut policy = global.policy();
    policy.max_upload = args.max_size;
    let path = args.session.place();
    session::with_client(&path, Use::Send, policy, global, report, |client| {
        send(args, &path, client, report);
    });
}

fn send(args: &SendImage, path: &Path, client: &Client, report: &Report) {
    let to = match resolved(&args.to, client, report) {
        Ok(to) => to,
        Err((addressee, problem)) => {
            return report.refuse(Path::new(&format!("--to {addressee}")), &problem);
        }
    };
    let plan = SendPlan {
        files: args.images.clone(),
        stamps: Vec::new(),
        to,
        given: args.to.iter().map(ToString::to_string).collect(),
        session: Some(path.to_owned()),
        max_size: args.max_size,
        kind: args.as_file.then_some(MediaKind::File),
        pace: args.pace,
    };
    report.replace(plan.subjects());
    match JobDir::create(args.resume_dir.as_deref(), plan, &client.session()) {
        Ok(job) => Batch { client, job, resend: false, report }.run(),
        Err(problem) => {
            report.refuse(args.resume_dir.as_deref().unwrap_or(Path::new("send-image")), &problem)
        }
    }
}

/// Looks names up before anything is sent. On error, returns the addressee with the problem.
fn resolved<'a>(
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
                let found = find(name, contacts.as_deref().unwrap_or_default());
                found.map_err(blame)?
            }
        };
        if to.contains(&user) {
            return Err(blame(Problem::local("is given twice", Advice::CheckRecipient)));
        }
        to.push(user);
    }
    Ok(to)
}

/// Returns the only contact with this remark or, if there is none, with this nickname.
fn find(name: &str, contacts: &[Contact]) -> Result<Recipient, Problem> {
    let with = |of: fn(&Contact) -> &str| {
        contacts.iter().filter(|contact| of(contact) == name).collect::<Vec<_>>()
    };
    let remarks = with(|contact| contact.remark_name.as_deref().unwrap_or_default());
    let found = if remarks.is_empty() { with(|contact| &contact.nick_name) } else { remarks };
    let refused = |what: String| Problem::local(what, Advice::CheckRecipient);
    match found[..] {
        [contact] => recipient(&contact.user_name),
        [] => Err(refused("no contact has this name".to_owned()).hint("wx contacts lists them")),
        _ => Err(refused(format!("{} contacts have this name", found.len()))
            .hint("give the UserName of one, as wx contacts shows it")),
    }
}

/// Returns the contact as a recipient. Some special names cannot receive messages.
fn recipient(name: &UserName) -> Result<Recipient, Problem> {
    Recipient::try_from(name).map_err(|_| {
        Problem::local(format!("{name} cannot receive messages"), Advice::CheckRecipient)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
