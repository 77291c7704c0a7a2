//! `wx watch`.

mod attachment_saver;
mod batch_budget;
mod failed_hook;
mod filter;
mod free_space;
mod hook;
mod hook_file;
mod hook_queue;
mod hooks;
mod idle_timer;
mod login_keeper;
mod media_dir;
mod message_line;
mod names;
mod process_group;
mod program;
mod retry_until;

use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::{Advice, UserName};

use self::attachment_saver::{AttachmentSaver, SavePlan};
use self::batch_budget::BatchBudget;
use self::filter::Filter;
use self::hook::Hook;
pub(super) use self::hook_file::Account;
pub(super) use self::hook_queue::HookQueue;
use self::hooks::Hooks;
use self::idle_timer::IdleTimer;
use self::login_keeper::LoginKeeper;
use self::media_dir::MediaDir;
use self::names::Names;
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
    let hook = match Hook::new(&args.command) {
        Ok(hook) => hook,
        Err(problem) => {
            let program = args.command.first().map(|program| program.to_string_lossy());
            let thing = format!("-- {}", program.unwrap_or_default());
            report.refuse(Path::new(thing.trim_end()), &problem);
            return Ok(());
        }
    };
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
    let mut hooks = Hooks::open(hook, path, &client.session(), report)?;
    if let Some(hooks) = &mut hooks {
        hooks.begin(args.retry_hooks)?;
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
    let mut names = Names::new(&client, report);
    let Some(from) = resolve(&args.from, &client, &retry, &idle, report, &mut names)? else {
        return Ok(());
    };
    let filter = Filter { kinds: args.kinds.clone(), from };
    let mut saver = plan.map(|plan| AttachmentSaver {
        plan,
        client: &client,
        retry: &retry,
        report,
        over: None,
        budget: BatchBudget::new(),
    });
    let mut keeper = LoginKeeper::new(&file, report);
    loop {
        let mut retried = Ok(());
        let received = idle.wait(|token| {
            // Also if nothing arrives. A long poll follows each round, so the login stays alive.
            let retry_hooks = || {
                if let Some(hooks) = hooks.as_mut().filter(|_| retried.is_ok()) {
                    retried = idle.interrupt(|| hooks.retry());
                    if retried.is_err() {
                        token.cancel();
                    }
                }
            };
            let options = retry.options_with(retry_hooks);
            let options = options.on_sync(|session| keeper.synced(session));
            client.next_batch(options.cancel(token))
        });
        retried?;
        let Some(batch) = received? else { return idle_end(&retry) };
        report.skipped("messages", batch.skipped());
        if let Some(saver) = &mut saver {
            saver.budget = BatchBudget::new();
        }
        let chosen: Vec<_> = batch.iter().filter(|message| filter.chooses(message)).collect();
        names.prepare(&chosen);
        for message in &chosen {
            let names = names.of(message);
            let event = event::message(message, &names);
            report.tell(&message_line::line(message, &names), &event);
            let is_handed_over = hooks.as_ref().is_some_and(|hooks| hooks.had_attachment(&event));
            let saved = match &mut saver {
                Some(saver) if !is_handed_over => saver.save(message)?,
                _ => None,
            };
            if let Some(hooks) = &mut hooks {
                hooks.handle(&event, saved.as_deref())?;
            }
            if report.stopped() {
                return Err(report.interrupted());
            }
            if let Some(why) = out::unwritable() {
                report.refuse_output(why);
                return Ok(());
            }
        }
        if let Some(problem) = saver.as_mut().and_then(|saver| saver.over.take()) {
            return Err(problem);
        }
        let is_any_chosen = !chosen.is_empty();
        // Acknowledged last: after a crash, a batch that was only partly handled is received again.
        keeper.save(&batch.acknowledge())?;
        if let Some(hooks) = &mut hooks {
            hooks.batch_saved()?;
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

/// Resolves the senders, and adds the contact list to the known names if it was requested. If that
/// fails, reports the problem and returns `None`, as when the time of
/// `--timeout-idle` has passed.
fn resolve(
    from: &[Addressee],
    client: &Client,
    retry: &RetryUntil<'_>,
    idle: &IdleTimer<'_>,
    report: &Report,
    known: &mut Names<'_>,
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
    if let Some(contacts) = directory.contacts() {
        known.set_contacts(contacts);
    }
    Ok(Some(names))
}
