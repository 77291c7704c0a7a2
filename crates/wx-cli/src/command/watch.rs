//! `wx watch`.

mod attachment_saver;
mod filter;
mod free_space;
mod hook;
mod hook_queue;
mod hooks;
mod idle_timer;
mod login_keeper;
mod media_dir;
mod message_line;
mod process_group;
mod retry_until;

use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::{Advice, UserName};

use self::attachment_saver::{AttachmentSaver, SavePlan};
use self::filter::Filter;
use self::hooks::Hooks;
use self::idle_timer::IdleTimer;
use self::login_keeper::LoginKeeper;
use self::media_dir::MediaDir;
use self::retry_until::RetryUntil;
use super::contacts::Directory;
use crate::args::{Addressee, Global, Watch};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

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
    let plan = match args.saving_dir().map(|dir| (dir, MediaDir::open(dir))) {
        Some((dir, Err(problem))) => {
            report.refuse(dir, &problem);
            return Ok(());
        }
        Some((_, Ok(dir))) => Some(SavePlan {
            dir,
            images_only: args.save.is_none(),
            keep_free: args.keep_free.unwrap_or(free_space::KEEP_FREE),
        }),
        None => None,
    };
    let file = SessionFile::open(path)?;
    let mut policy = global.policy();
    policy.keep_unknown = args.keep_unknown;
    if let Some(limit) = args.max_size {
        (policy.max_fetch, policy.max_fetch_file) = (limit, limit);
    }
    let connected = session::connect(path, Use::Login, policy, global, report);
    let Some(client) = connected else { return Ok(()) };
    let mut hooks = Hooks::open(&args.command, path, report)?;
    if let Some(hooks) = &mut hooks {
        hooks.retry()?;
    }
    let retry = RetryUntil::new(report);
    let mut idle = IdleTimer::start(args.timeout_idle, report)?;
    let restored = idle.wait(|token| {
        retry.run(token, None, || client.restore(retry.options().cancel(token)))?;
        // Saves the sync position now, so that no message is lost that arrives before the first
        // batch is saved.
        Ok(file.save(&client.session())?)
    });
    if restored?.is_none() {
        return idle_end(&retry);
    }
    let Some(from) = resolve(&args.from, &client, &retry, &idle, report)? else { return Ok(()) };
    let filter = Filter { kinds: args.kinds.clone(), from };
    let mut saver = plan.map(|plan| AttachmentSaver {
        plan,
        client: &client,
        retry: &retry,
        report,
        over: None,
    });
    let mut keeper = LoginKeeper::new(&file, report);
    loop {
        let received = idle.wait(|token| {
            let options = retry.options().on_sync(|session| keeper.synced(session));
            client.next_messages(options.cancel(token))
        })?;
        let Some((batch, skipped)) = received else { return idle_end(&retry) };
        report.skipped("messages", skipped);
        let mut is_any_chosen = false;
        for message in batch.iter().filter(|message| filter.chooses(message)) {
            is_any_chosen = true;
            report.tell(&message_line::line(message), &event::message(message));
            let is_handed_over = hooks.as_ref().is_some_and(|hooks| hooks.had_attachment(message));
            let saved = match &mut saver {
                Some(saver) if !is_handed_over => saver.save(message)?,
                _ => None,
            };
            if let Some(hooks) = &mut hooks {
                hooks.handle(message, saved.as_deref())?;
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
        if let Some(problem) = saver.as_mut().and_then(|saver| saver.over.take()) {
            return Err(problem);
        }
        // The session is saved last: after a crash, a batch that was only partly handled is
        // received again.
        keeper.save(&client.session())?;
        if let Some(hooks) = &mut hooks {
            hooks.batch_saved();
        }
        if is_any_chosen {
            if args.once {
                return Ok(());
            }
            idle.restart();
        }
    }
}

/// Returns the result of a watch in which no chosen message has arrived for `--timeout-idle`.
fn idle_end(retry: &RetryUntil<'_>) -> Result<(), Problem> {
    match retry.is_failing() {
        true => {
            let what = "the network or the server was failing at the end of --timeout-idle";
            Err(Problem::local(what, Advice::CheckNetwork))
        }
        false => Ok(()),
    }
}

/// Resolves the senders. If that fails, reports the problem and returns `None`, as when the time of
/// `--timeout-idle` has passed.
fn resolve(
    from: &[Addressee],
    client: &Client,
    retry: &RetryUntil<'_>,
    idle: &IdleTimer<'_>,
    report: &Report,
) -> Result<Option<Vec<UserName>>, Problem> {
    let mut directory = Directory::new(client, report);
    let mut names = Vec::new();
    for addressee in from {
        let name = idle.wait(|token| retry.run(token, None, || directory.user_name(addressee)));
        match name {
            Ok(Some(name)) => names.push(name),
            Ok(None) => return Ok(None),
            Err(problem) if report.stopped() => return Err(problem),
            Err(problem) => {
                report.refuse(Path::new(&format!("--from {addressee}")), &problem);
                return Ok(None);
            }
        }
    }
    Ok(Some(names))
}
