//! The real command against an emulated server.

#![allow(clippy::unwrap_used)]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/demo.rs"]
mod demo;
#[cfg(unix)]
#[path = "cli/echoes.rs"]
mod echoes;
#[cfg(unix)]
#[path = "cli/emulate.rs"]
mod emulate;
#[path = "cli/fetch.rs"]
mod fetch;
#[cfg(unix)]
#[path = "cli/first_minutes.rs"]
mod first_minutes;
#[cfg(target_os = "linux")]
#[path = "cli/full_disk.rs"]
mod full_disk;
#[cfg(unix)]
#[path = "cli/interrupt.rs"]
mod interrupt;
#[cfg(unix)]
#[path = "cli/kept.rs"]
mod kept;
#[cfg(unix)]
#[path = "cli/kept_cookies.rs"]
mod kept_cookies;
#[cfg(unix)]
#[path = "cli/life.rs"]
mod life;
#[cfg(unix)]
#[path = "cli/life_trouble.rs"]
mod life_trouble;
#[cfg(unix)]
#[path = "cli/login_kept.rs"]
mod login_kept;
#[cfg(unix)]
#[path = "cli/logout.rs"]
mod logout;
#[cfg(unix)]
#[path = "cli/odd_bytes.rs"]
mod odd_bytes;
#[cfg(unix)]
#[path = "cli/proxies.rs"]
mod proxies;
#[cfg(unix)]
#[path = "cli/real_names.rs"]
mod real_names;
#[path = "cli/recipients.rs"]
mod recipients;
#[cfg(unix)]
#[path = "cli/resume.rs"]
mod resume;
#[cfg(unix)]
#[path = "cli/resume_in_doubt.rs"]
mod resume_in_doubt;
#[cfg(unix)]
#[path = "cli/resume_plan.rs"]
mod resume_plan;
#[path = "cli/send.rs"]
mod send;
#[cfg(unix)]
#[path = "cli/session_lock.rs"]
mod session_lock;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/trace.rs"]
mod trace;
#[cfg(target_os = "linux")]
#[path = "cli/unwritable.rs"]
mod unwritable;
