//! Compares the requests of our clients with the requests of a browser. The result is the second
//! half of `docs/conformance.md`, which `UPDATE=1 cargo test -p wx-testing --test captures` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use wx_emulator::{Profile, Request};

use crate::compare::{Difference, differences};
use crate::ours::{Reqwest, Seen, Ureq, drive};
use crate::reasons::REASONS;
use crate::recording::{Recorded, Recording};
use crate::sent::Sent;

/// A call: its name in the table, its method and endpoint, and the indices of the request among the
/// browser's requests and among ours.
struct Call(&'static str, &'static str, &'static str, usize, usize);

const WEB: [Call; 29] = [
    Call("jslogin", "GET", "jslogin", 0, 0),
    Call("login", "GET", "login", 0, 0),
    Call("login, scanned", "GET", "login", 2, 2),
    Call("webwxnewloginpage", "GET", "webwxnewloginpage", 0, 0),
    Call("webwxinit", "POST", "webwxinit", 0, 0),
    Call("webwxstatusnotify", "POST", "webwxstatusnotify", 0, 0),
    Call("webwxgetcontact", "GET", "webwxgetcontact", 0, 0),
    Call("synccheck", "GET", "synccheck", 0, 0),
    Call("webwxsync", "POST", "webwxsync", 0, 0),
    Call("webwxgetmsgimg, thumbnail", "GET", "webwxgetmsgimg", 0, 0),
    Call("webwxgetmsgimg, original", "GET", "webwxgetmsgimg", 2, 1),
    Call("reportforweb", "GET", "reportforweb", 0, 0),
    Call("reportforweb", "GET", "reportforweb", 1, 1),
    Call("reportforweb", "GET", "reportforweb", 2, 2),
    Call("OPTIONS", "OPTIONS", "webwxuploadmedia", 0, 0),
    Call("webwxuploadmedia", "POST", "webwxuploadmedia", 0, 0),
    Call("webwxuploadmedia, chunk", "POST", "webwxuploadmedia", 1, 2),
    Call("webwxuploadmedia, chunk", "POST", "webwxuploadmedia", 2, 3),
    Call("webwxuploadmedia, chunk", "POST", "webwxuploadmedia", 3, 4),
    Call("webwxuploadmedia, GIF", "POST", "webwxuploadmedia", 5, 5),
    Call("webwxuploadmedia, as file", "POST", "webwxuploadmedia", 4, 6),
    Call("webwxsendmsgimg", "POST", "webwxsendmsgimg", 0, 0),
    Call("webwxsendemoticon", "POST", "webwxsendemoticon", 0, 0),
    Call("webwxsendappmsg", "POST", "webwxsendappmsg", 0, 0),
    Call("webwxsendappmsg above 25 MiB", "POST", "webwxsendappmsg", 1, 1),
    Call("webwxsendvideomsg", "POST", "webwxsendvideomsg", 0, 0),
    Call("webwxcheckupload", "POST", "webwxcheckupload", 0, 0),
    Call("webwxstatusnotify, read", "POST", "webwxstatusnotify", 1, 1),
    Call("webwxlogout", "POST", "webwxlogout", 0, 0),
];

const HELPER: [Call; 12] = [
    Call("jslogin", "GET", "jslogin", 0, 0),
    Call("login", "GET", "login", 0, 0),
    Call("webwxnewloginpage", "GET", "webwxnewloginpage", 0, 0),
    Call("webwxinit", "POST", "webwxinit", 0, 0),
    Call("webwxsync", "POST", "webwxsync", 0, 0),
    Call("webwxgetmsgimg, thumbnail", "GET", "webwxgetmsgimg", 1, 0),
    Call("webwxgetmsgimg, original", "GET", "webwxgetmsgimg", 0, 1),
    Call("OPTIONS", "OPTIONS", "webwxuploadmedia", 1, 0),
    Call("webwxuploadmedia, chunk", "POST", "webwxuploadmedia", 3, 2),
    Call("webwxuploadmedia, chunk", "POST", "webwxuploadmedia", 4, 3),
    Call("webwxuploadmedia, chunk", "POST", "webwxuploadmedia", 5, 4),
    Call("webwxsendmsgimg", "POST", "webwxsendmsgimg", 0, 0),
];

/// Each difference, with the calls in which it occurs.
type Table = BTreeMap<Difference, BTreeSet<String>>;

#[test]
fn p5_p13_p26_p30_p42_p43_both_clients_differ_from_a_browser_for_a_reason() {
    let web = compared(&Recording::read("official-page-2022"), &WEB, Profile::Web);
    let helper = compared(&Recording::read("filehelper-browser"), &HELPER, Profile::FileHelper);
    let tables = [&web, &helper];
    let found: BTreeSet<&str> =
        tables.iter().flat_map(|table| table.keys()).map(|d| d.what.as_str()).collect();
    let known: BTreeSet<&str> =
        REASONS.iter().flat_map(|(whats, _)| whats.iter().copied()).collect();
    assert_eq!(found, known, "each difference has a reason, and each reason a difference");
    let section = format!(
        "{INTRO}{}\nDifferences from a browser on the File Transfer Helper page:\n\n{}{OUTRO}",
        rows(&web, &WEB),
        rows(&helper, &HELPER)
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (rules, written) = text.split_at(text.find("## Differences").unwrap_or(text.len()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{}\n\n{section}", rules.trim_end())).unwrap();
    } else {
        assert!(written == section, "docs/conformance.md is out of date:\n{section}");
    }
}

/// Returns the differences, which must be the same for both clients.
fn compared(browser: &Recording, calls: &[Call], profile: Profile) -> Table {
    let [ureq, reqwest] = [drive::<Ureq>(profile), drive::<Reqwest>(profile)].map(|seen| {
        assert_eq!(seen.violations, [""; 0]);
        let mut table = table(browser, calls, &seen);
        add_calls(&mut table, browser, &seen);
        table
    });
    let of_one: Vec<_> =
        ureq.iter().filter(|(what, calls)| reqwest.get(what) != Some(calls)).collect();
    assert!(of_one.is_empty() && ureq.len() == reqwest.len(), "{of_one:?}");
    ureq
}

fn table(browser: &Recording, calls: &[Call], seen: &Seen) -> Table {
    let mut table = Table::new();
    let (mut their_names, mut names) = (browser.names(), Recording::seen(&seen.requests).names());
    // Here, an image is sent as a file; there, a text is sent.
    for (file, their_file) in [("note.jpg", "note.txt"), ("big.jpg", "big.bin")] {
        names.add(file, "{file}");
        their_names.add(their_file, "{file}");
    }
    their_names.add("text/plain", "image/jpeg");
    for Call(name, method, endpoint, nth, our_nth) in calls {
        let is_it = |m: &str, e: &str| m == *method && e == *endpoint;
        let recorded = |request: &&Recorded| is_it(&request.method, request.endpoint());
        let sent = |request: &&Request| is_it(&request.method, &request.endpoint);
        let recorded = browser.requests.iter().filter(recorded).nth(*nth).unwrap();
        let sent = seen.requests.iter().filter(sent).nth(*our_nth).unwrap();
        for difference in
            differences(&Sent::recorded(recorded, &their_names), &Sent::seen(sent, &names))
        {
            table.entry(difference).or_default().insert((*name).to_owned());
        }
    }
    table
}

/// Returns the calls that only one side makes, or that one side makes more often.
fn add_calls(table: &mut Table, browser: &Recording, seen: &Seen) {
    let counted = |requests: &Recording| {
        let mut calls = BTreeMap::<String, usize>::new();
        for request in &requests.requests {
            *calls.entry(call(request)).or_default() += 1;
        }
        calls
    };
    let (theirs, ours) = (counted(browser), counted(&Recording::seen(&seen.requests)));
    let plain = counted(&Recording::seen(&seen.requests[..seen.plain]));
    let mut add = |call: &str, what: &str, browser: &str, here: &str| {
        let difference = Difference::new(format!("{what} {call}").trim(), browser, here);
        table.entry(difference).or_default().insert(call.to_owned());
    };
    for call in ours.keys().filter(|call| !theirs.contains_key(*call)) {
        add(call, "call", "not made", "made");
    }
    for (call, times) in &theirs {
        match ours.get(call) {
            None => add(call, "call", "made", "not made"),
            Some(1) if *times == 2 && !call.starts_with("webwxsend") => {
                add(call, "calls of", "two", "one")
            }
            Some(_) => {}
        }
        if ["OPTIONS", "reportforweb"].contains(&call.as_str()) && !plain.contains_key(call) {
            add(call, "by default,", "made", "only with `Policy::browser_parity`");
        }
    }
}

fn call(request: &Recorded) -> String {
    let code = request.json().and_then(|body| body["Code"].as_u64());
    match (request.method.as_str(), code) {
        ("OPTIONS", _) => "OPTIONS".to_owned(),
        (_, Some(code)) => format!("{}, Code {code}", request.endpoint()),
        _ => request.endpoint().to_owned(),
    }
}

/// One row per reason.
fn rows(table: &Table, calls: &[Call]) -> String {
    let mut text = "| Call | Browser, and here | Why |\n|---|---|---|\n".to_owned();
    for (whats, why) in REASONS {
        let found: Vec<_> =
            table.iter().filter(|(found, _)| whats.contains(&found.what.as_str())).collect();
        if found.is_empty() {
            continue;
        }
        let names: BTreeSet<&str> =
            found.iter().flat_map(|(_, names)| names.iter().map(String::as_str)).collect();
        let mut differences: Vec<String> =
            found.iter().map(|(difference, _)| difference.shown()).collect();
        differences.dedup();
        writeln!(text, "| {} | {} | {why} |", shown(&names, calls), differences.join("<br>"))
            .unwrap();
    }
    text
}

fn shown(names: &BTreeSet<&str>, calls: &[Call]) -> String {
    let all: BTreeSet<&str> = calls.iter().map(|call| call.0).collect();
    let others: Vec<&str> = all.difference(names).copied().collect();
    match others.len() {
        0 => "all".to_owned(),
        1..=3 => format!("all but {}", others.join(", ")),
        _ => names.iter().copied().collect::<Vec<_>>().join("; "),
    }
}

const INTRO: &str = "## Differences from the official page

Both clients perform all of their operations, under the real host names. Their requests are compared
with the captures in `crates/wx-testing/captures/`: method and host, order and spelling of the
query, headers, cookies, keys and types of JSON, parts and heads of forms.
`UPDATE=1 cargo test -p wx-testing --test captures` writes these tables. The reasons are in
[reasons.rs](../crates/wx-testing/tests/captures/reasons.rs). The test fails if a difference has no
reason, or a reason has no difference. The test in
[official_page.rs](../crates/wx-testing/tests/flows/official_page.rs) compares the core alone, value
by value.

Differences from a browser on the official page:

";
const OUTRO: &str = "
Values that differ in each session are compared by their shape, so the tables do not show three
differences:

- `_` counts up from the time when the page was loaded; here, it is the current time.
- `r` of webwxinit is fixed when the page is loaded; here, it is the time of the request ([§8.2]).
- The page does not escape the file name in webwxsendappmsg; here, it is XML-escaped, so that it
  adds no elements ([§4.8]).

webwxbatchgetcontact and webwxpushloginurl are in no capture.

[§2.3]: ../crates/wx-proto/docs/protocol.md#s2-3
[§3.2]: ../crates/wx-proto/docs/protocol.md#s3-2
[§4.1]: ../crates/wx-proto/docs/protocol.md#s4-1
[§4.4]: ../crates/wx-proto/docs/protocol.md#s4-4
[§4.6]: ../crates/wx-proto/docs/protocol.md#s4-6
[§4.8]: ../crates/wx-proto/docs/protocol.md#s4-8
[§8.2]: ../crates/wx-proto/docs/protocol.md#s8-2
[P48]: ../crates/wx-proto/docs/protocol.md#p48
[P61]: ../crates/wx-proto/docs/protocol.md#p61
[P86]: ../crates/wx-proto/docs/protocol.md#p86
";
