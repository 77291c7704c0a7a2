//! Drivers that each break one duty, and the check that detects each of them.

use std::thread;

use super::faulty::{Fault, drive};

#[test]
fn a_driver_that_breaks_no_duty_passes() {
    let report = wx_emulator::driver_test!(drive::<{ Fault::None as usize }, _>).run();
    assert!(report.passed(), "{report}");
}

/// Runs the whole test, as the author of a driver would.
#[test]
fn a_driver_that_follows_redirects_fails() {
    let report = wx_emulator::driver_test!(drive::<{ Fault::FollowsRedirects as usize }, _>).run();
    assert!(!report.passed());
    let failures: Vec<_> = report.failures().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        ["\
FAILED redirects_are_not_followed
       duty:     Follow no redirects, because they would carry the login to another host.
       expected: a head with status 301, and no request to the host that it names
       actual:   a request to the other host, with secrets of the login (GET, another host)
"]
    );
    assert!(
        report.to_string().starts_with("1 of 20 checks of the driver failed\nok     requests_")
    );
}

/// A driver, the check that must fail, and a part of the behaviour that it must report.
macro_rules! find {
    ($($fault:ident: $check:ident, $actual:literal;)*) => {
        // The checks run in parallel, because some of them wait until a server gives up.
        thread::scope(|scope| {
            $(scope.spawn(|| {
                let test = wx_emulator::driver_test!(drive::<{ Fault::$fault as usize }, _>);
                let report = test.run_only(&[stringify!($check)]);
                let [check] = report.checks() else { panic!("there is no such check") };
                let finding = check.finding.as_ref();
                let is_found = finding.is_some_and(|finding| finding.actual.contains($actual));
                assert!(is_found, "{}: {report}", stringify!($fault));
            });)*
        })
    };
}

#[test]
fn each_duty_that_is_broken_is_found() {
    find! {
        AddsHeader: requests_leave_unchanged, "a header accept-language";
        ChangesBody: requests_leave_unchanged, "another body";
        Panics: requests_leave_unchanged, "the driver panicked: this driver panics";
        Resends: requests_are_sent_once, "the server received 2 requests";
        DeniesDelivery: closed_connections_are_reported, "never delivered";
        KeepsClosedConnection: closed_connections_are_reported, "the flow failed";
        FollowsRedirectsOfMessages: redirects_are_not_followed, "(POST, another host)";
        FollowsRedirectsToSameHost: redirects_are_not_followed, "2 requests (GET, this host)";
        KeepsCookies: cookies_are_not_kept, "request 2 has a cookie";
        RefusesStatuses: every_status_is_a_head, "kind other";
        DropsBodyOfStatuses: every_status_is_a_head, "0 bytes";
        PassesOnInformational: informational_replies_are_skipped, "status 100";
        JoinsHeaders: heads_arrive_completely, "set-cookie";
        ReadsAnyHead: heads_are_bounded, "after 16777216 bytes";
        OffersGzip: nothing_is_decoded, "1 header accept-encoding, not with";
        Inflates: nothing_is_decoded, "one of the headers is missing (gzip)";
        PassesOnChunks: bodies_arrive_completely, "(chunked)";
        IgnoresTruncation: truncated_bodies_are_noticed, "the end of a body";
        WaitsForever: a_stall_ends_the_exchange, "kind dropped";
        StallsInAll: a_slow_reply_is_not_a_stall, "(a slow body)";
        IgnoresRate: a_trickle_ends_the_exchange, "kind dropped";
        CountsAllBytes: a_trickle_ends_the_exchange, "(a status line)";
        IgnoresTotal: long_polls_have_a_time_limit, "kind dropped";
        SavesNothing: an_unsaved_message_does_not_leave, "the store was never called";
        SavesInSpiteOfErrors: an_unsaved_message_does_not_leave, "although the store had failed";
        EndsForeignReplies: another_driver_can_continue, "the end of a body";
        LeavesConnectionOpen: a_stopped_driver_leaves_nothing_running, "was still open";
        SendsAfterStall: a_stopped_driver_leaves_nothing_running, "2 messages";
    }
}

/// A separate test, because the check runs its test function again.
#[test]
fn a_proxy_for_loopback_is_found() {
    find! {
        UsesProxies: loopback_needs_no_proxy, "a connection to the proxy";
    }
}
