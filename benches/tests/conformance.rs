//! `docs/conformance.md` says which test holds which rule of `docs/protocol.md` §10. It is written from the names of the
//! tests, so it cannot say what is not there: `UPDATE=1 cargo test -p wx-benches --test conformance` writes it anew.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The rules that a test must hold by now.
const RULES: std::ops::RangeInclusive<u32> = 1..=60;
const INTRO: &str = "# Conformance

Which tests hold which rule of [`protocol.md`](protocol.md) §10. A test that holds a rule carries its number in its name; this table is
written from those names (`UPDATE=1 cargo test -p wx-benches --test conformance`), and a test compares the two.

Not held, because the calls are not part of this version: P2 for webwxgetmedia, P22's half about videos, and P31's row for videos.

| Rule | Tests |
|---|---|
";

/// What the test `official_page` of wx-proto leaves out; everything else is compared there.
const DIFFERENCES: &str = "
## Differences from the official page

Every request is compared with the captures in `crates/wx-proto/tests/captures/` by
[official_page.rs](../crates/wx-proto/tests/flows/official_page.rs). These differences are on purpose:

| Call | Browser | Here | Why |
|---|---|---|---|
| all | `Accept-Encoding: gzip, …` | `identity` | a cut-off body is judged by its raw length |
| all | `Accept-Language`, `sec-*`, `Cache-Control`, `Upgrade-Insecure-Requests` | not sent | the browser's own; no source shows a server to read them |
| all | the order of the headers, `User-Agent` | the HTTP client's order; a desktop browser's name, which can be set | as above |
| all | cookies that the page's script makes (`MM_WX_…`, `login_frequency`, `last_wxuin`) | not sent | none is needed (§2.3) |
| jslogin, login, synccheck | `_` counts up from the time the page was loaded | `_` is the clock | it only keeps caches away, and a call has no state |
| webwxnewloginpage | cookies that are left of an earlier login | no cookies | the login begins here |
| webwxinit | sent twice, `r` is fixed when the page loads | sent once, `r` is the clock of the request | unchecked (§8.2) |
| reportforweb | `webwx_data_ticket` as a cookie | no cookies | P48 |
| webwxuploadmedia | `id` counts the files of the page | `WU_FILE_0` | unchecked (§4.6) |
| webwxsendappmsg | the file name as it is | XML-escaped | a name must not add elements (§4.8) |
| webwxsendappmsg above 25 MiB | `Signature` is the first key of `Msg` | absent | an upload does not keep it yet |

Not compared: webwxbatchgetcontact and webwxpushloginurl are in no capture, and what the File Transfer Helper's own script sends in
webwxnewloginpage, webwxinit, webwxsync, webwxsendmsgimg and webwxlogout no source shows. Clients of that page differ from each other
there (`Uin` as a number in webwxinit, no `lang` in sends, `sid` and `skey` encoded in webwxsync, `Accept: */*`) and all work.
";

/// Rust files below `folder`, in order.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The numbers at the beginning of a test's name: `p24_p28_chunks…` has 24 and 28.
fn numbers(name: &str) -> Vec<u32> {
    name.split('_').map_while(|word| word.strip_prefix('p')?.parse().ok()).collect()
}

fn table(root: &Path) -> String {
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    let mut held: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let shown = file.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            for number in numbers(&name).into_iter().filter(|_| is_test) {
                held.entry(number).or_default().push(format!("`{name}` in [{shown}](../{shown})"));
            }
            is_test = false;
        }
    }
    let mut text = INTRO.to_owned();
    for rule in RULES {
        let tests = held.get(&rule).unwrap_or_else(|| panic!("no test holds P{rule}")).join("<br>");
        writeln!(text, "| P{rule} | {tests} |").unwrap();
    }
    text + DIFFERENCES
}

#[test]
fn the_table_is_what_the_tests_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (path, table) = (root.join("docs/conformance.md"), table(root));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == table,
        "docs/conformance.md is out of date: see the top of this test"
    );
}
