//! The checks, each with the duty that it verifies.

mod bodies;
mod heads;
mod limits;
mod proxies;
mod redirects;
mod requests;
mod states;

pub(super) use proxies::run_in_child;

use super::bench::{Bench, Checked};
use super::report::CheckReport;

/// A check.
struct Check {
    name: &'static str,
    duty: &'static str,
    run: fn(&Bench<'_>) -> Checked,
}

/// Runs the checks with these names. Checks that mostly compute run one after the other, and checks
/// that mostly wait run in parallel with them.
pub(super) fn run(bench: &Bench<'_>, is_wanted: impl Fn(&str) -> bool) -> Vec<CheckReport> {
    let wanted = |checks: &'static [Check]| checks.iter().filter(|check| is_wanted(check.name));
    let mut lanes: Vec<Vec<_>> = wanted(WAITING).map(|check| vec![check]).collect();
    lanes.insert(0, wanted(COMPUTING).collect());
    let reports = bench.at_once(&lanes, |lane| {
        let reports = lane.iter().map(|check| CheckReport {
            name: check.name,
            duty: check.duty,
            finding: (check.run)(bench).err(),
        });
        reports.collect::<Vec<_>>()
    });
    reports.into_iter().flatten().collect()
}

/// Builds a list of checks from functions and their duties.
macro_rules! checks {
    ($($module:ident::$name:ident: $duty:literal,)*) => {
        &[$(Check { name: stringify!($name), duty: $duty, run: $module::$name },)*]
    };
}

const COMPUTING: &[Check] = checks! {
    requests::requests_leave_unchanged:
        "Send each request unchanged: its method, URL, headers and body, and no headers of your \
         own.",
    requests::requests_are_sent_once:
        "Send each request once. Whether it is repeated is for the core to decide.",
    requests::closed_connections_are_reported:
        "Report a request that may have left as such, and obey Limits::new_connection for its \
         repeat.",
    redirects::redirects_are_not_followed:
        "Follow no redirects, because they would carry the login to another host.",
    requests::cookies_are_not_kept:
        "Keep no cookies. The session has its own and adds them to the request.",
    heads::every_status_is_a_head:
        "Pass on every status as a head, and the body with it.",
    heads::informational_replies_are_skipped:
        "Pass on the final head. 1xx replies before it are part of HTTP framing.",
    heads::heads_arrive_completely:
        "Pass on the head as it is, however it arrives.",
    heads::heads_are_bounded:
        "Stop reading a head somewhere above Limits::max_head.",
    bodies::nothing_is_decoded:
        "Decode nothing, neither gzip nor character sets.",
    bodies::bodies_arrive_completely:
        "Remove only HTTP framing, such as chunked encoding.",
    bodies::truncated_bodies_are_noticed:
        "Report a truncated body as a failure, never as its end.",
    states::an_unsaved_message_does_not_leave:
        "Answer Save with Saved only if the state is stored, otherwise with Local.",
    states::another_driver_can_continue:
        "Answer Receive with Failed if the driver does not have that reply.",
    proxies::loopback_needs_no_proxy:
        "Obey Limits::direct: use no proxy, whatever the environment says.",
};

const WAITING: &[Check] = checks! {
    limits::a_stall_ends_the_exchange:
        "Give up when no byte has moved for Limits::stall.",
    limits::a_slow_reply_is_not_a_stall:
        "Do not give up while bytes arrive at a sufficient rate.",
    limits::a_trickle_ends_the_exchange:
        "Give up after Limits::give_up_after. Only bytes of bodies extend it.",
    limits::long_polls_have_a_time_limit:
        "Give up after Limits::total, which give_up_after includes.",
    states::a_stopped_driver_leaves_nothing_running:
        "Once stopped, return, close the connection and send nothing more.",
};
