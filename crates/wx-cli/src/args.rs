//! The command line.

mod addressee;
mod avatar;
mod commands;
mod contacts;
mod emulate;
mod fetch;
mod forward;
mod kind;
mod revoke;
mod seconds;
mod send;
mod size;
mod variant;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use wx_proto::Policy;

pub(crate) use self::addressee::Addressee;
pub(crate) use self::avatar::{Avatar, AvatarOwner};
pub(crate) use self::commands::{Account, Demo, Doctor, Import, Login, Page, Resume, SessionFile};
pub(crate) use self::contacts::Contacts;
pub(crate) use self::emulate::Emulate;
pub(crate) use self::fetch::{DownloadOptions, Fetch, FetchImage};
pub(crate) use self::forward::Forward;
pub(crate) use self::kind::Kind;
pub(crate) use self::revoke::Revoke;
use self::seconds::{seconds, timeout};
pub(crate) use self::send::{Send, SendImage, SendOptions};
pub(crate) use self::watch::Watch;
use crate::out;

/// Send and receive texts, pictures and files over web WeChat.
#[derive(Debug, Parser)]
#[command(name = "wx", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    #[arg(
        long,
        global = true,
        value_enum,
        help = "The HTTP client to use; both behave the same [default: ureq]"
    )]
    transport: Option<Transport>,
    /// Print one JSON object per line on standard output, and everything else on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// End an attempt if no byte arrives for this many seconds, such as 2.5, more than 0 [default:
    /// 120 during uploads, otherwise 30].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = timeout)]
    timeout: Option<Duration>,
    /// Wait this many seconds, such as 2.5, between attempts to send a message [default: 15].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    retry_wait: Option<Duration>,
    /// Write a trace for a bug report to this new file. It contains calls, sizes, codes and times,
    /// but no names and no secrets.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Print every step on standard error.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Transport {
    Ureq,
    Reqwest,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Emulate(Emulate),
    Send(Send),
    SendImage(SendImage),
    Forward(Forward),
    Resume(Resume),
    Revoke(Revoke),
    Fetch(Fetch),
    FetchImage(FetchImage),
    Avatar(Avatar),
    Import(Import),
    Login(Login),
    /// Ask the server whether the login is still valid, and print the account.
    Whoami(Account),
    Contacts(Contacts),
    Watch(Watch),
    Doctor(Doctor),
    /// End the login on the server.
    Logout(Account),
}

impl Global {
    /// Returns the HTTP client to use.
    pub(crate) fn transport(&self) -> Transport {
        self.transport.unwrap_or(Transport::Ureq)
    }

    /// Returns the policy with the timeout and the wait of the options.
    pub(crate) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        if let Some(stall) = self.timeout {
            policy = policy.with_stall(stall);
        }
        if let Some(wait) = self.retry_wait {
            policy.message_wait = wait;
        }
        policy
    }
}

impl Args {
    /// Reads the arguments of this process. If they are invalid, prints a message and returns the
    /// exit code.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        let matches = command().try_get_matches();
        let args = matches.and_then(|matches| Self::from_arg_matches(&matches));
        args.and_then(Self::check).map_err(|error| complain(&error))
    }

    /// Checks what clap does not check.
    fn check(self) -> Result<Self, clap::Error> {
        let problem = match &self.command {
            Command::Send(send) => send.problem(),
            Command::SendImage(send) => send.problem(),
            Command::Forward(forward) => forward.problem(),
            Command::Avatar(avatar) => avatar.problem(&self.global),
            Command::Fetch(fetch) => fetch.download.problem(&self.global),
            Command::FetchImage(fetch) => fetch.download.problem(&self.global),
            Command::Contacts(contacts) => contacts.problem(),
            Command::Emulate(emulate) => emulate.problem(&self.global),
            Command::Login(login) => login.problem(),
            Command::Watch(watch) => watch.problem(),
            _ => None,
        };
        match problem {
            Some(problem) => Err(command().error(ErrorKind::ArgumentConflict, problem)),
            None => Ok(self),
        }
    }
}

/// Returns the command line. The help of each command lists only the options that it uses.
fn command() -> clap::Command {
    let command = Args::command();
    let of_requests = ["transport", "timeout", "retry_wait", "trace"];
    let global = command.get_arguments().filter(|arg| of_requests.contains(&arg.get_id().as_str()));
    let hidden: Vec<_> = global.map(|arg| arg.clone().hide(true)).collect();
    command.mut_subcommand("emulate", |emulate| emulate.args(hidden))
}

/// Prints help unchanged, and any other message as one line.
fn complain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let first: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let line = first.join(" ");
    out::error(&format!("{} (see --help)", line.strip_prefix("error: ").unwrap_or(&line)));
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn options_reach_the_policy() {
        let args =
            Args::try_parse_from(["wx", "demo", "--timeout", "2.5", "--retry-wait", "0"]).unwrap();
        let policy = args.global.policy();
        assert_eq!(policy.upload_stall, Duration::from_millis(2500));
        assert_eq!(policy.call_stall, Duration::from_millis(2500));
        assert_eq!(policy.message_wait, Duration::ZERO);
    }
}
