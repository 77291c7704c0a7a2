//! The real command against an emulated server.

#![allow(clippy::unwrap_used)]

mod avatar;
mod bad_input;
mod demo;
#[cfg(unix)]
mod doctor;
#[cfg(unix)]
mod echoes;
#[cfg(unix)]
mod emulate;
#[cfg(unix)]
mod emulate_recordings;
#[cfg(unix)]
mod everything;
mod fetch;
#[cfg(unix)]
mod fetch_message;
#[cfg(unix)]
mod first_minutes;
#[cfg(unix)]
mod forward;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(unix)]
mod import;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod kept;
#[cfg(unix)]
mod kept_cookies;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod killed_downloads;
#[cfg(unix)]
mod kinds;
mod lasting;
#[cfg(unix)]
mod life;
#[cfg(unix)]
mod login_kept;
#[cfg(unix)]
mod logout;
#[cfg(unix)]
mod odd_bytes;
mod providers;
#[cfg(unix)]
mod proxies;
mod readme;
#[cfg(unix)]
mod real_names;
#[cfg(target_os = "linux")]
mod receipts;
mod recipients;
#[cfg(unix)]
mod resume;
#[cfg(unix)]
mod resume_in_doubt;
#[cfg(unix)]
mod resume_plan;
#[cfg(unix)]
mod revoke;
#[cfg(unix)]
mod rooms;
mod send;
mod send_any;
#[cfg(unix)]
mod session_lock;
mod support;
mod trace;
#[cfg(target_os = "linux")]
mod unwritable;
#[cfg(unix)]
mod watch_end;
#[cfg(unix)]
mod watch_filter;
#[cfg(unix)]
mod watch_hook_files;
#[cfg(unix)]
mod watch_hooks;
#[cfg(unix)]
mod watch_names;
#[cfg(unix)]
mod watch_network_faults;
#[cfg(unix)]
mod watch_save;
mod wording;
