//! Checks that a query has the names, values and spelling of the official page.

use super::check::Check;
use crate::model::text::shown;

pub(super) fn check_query(check: &Check<'_>) {
    let Some(official) = check.page.query else { return };
    let (query, page) = (&check.call.query, check.page);
    if let Err(what) = compare_names(official, query.names()) {
        check.violation(what);
    }
    for name in query.names() {
        let value = query.get(name).unwrap_or_default();
        let fixed = page.fixed.iter().find(|(fixed, _)| *fixed == name);
        if fixed.is_some_and(|(_, values)| !values.contains(&value.as_str())) {
            check.violation(format!("an unknown value of {name} in the query"));
        }
    }
    check_spelling(check);
    check_app_id(check, official);
    let login = check.call.state.credentials();
    if query.get("pass_ticket").is_some_and(|value| value != login.pass_ticket) {
        check.violation("pass_ticket is not the XML's, encoded once more");
    }
    if query.raw("skey") == Some("") && !page.may_lack_skey {
        check.violation("an empty skey in the query");
    }
}

fn check_spelling(check: &Check<'_>) {
    for name in ["uuid", "skey", "sid", "pass_ticket"] {
        let Some(raw) = check.call.query.raw(name) else { continue };
        if !check.page.raw.contains(&name) {
            if raw.contains(['@', '+', '/', '=']) {
                check.violation(format!("{name} not percent-encoded in the query"));
            }
        // No source shows whether the script of the File Transfer Helper encodes them.
        } else if raw.contains('%') && !check.is_helper() {
            check.violation(format!("{name} percent-encoded, unlike on the page"));
        }
    }
}

/// Checks the parameter `mmweb_appid`, which only the File Transfer Helper sends.
fn check_app_id(check: &Check<'_>, official: &[&str]) {
    let is_official = check.is_helper() && official.contains(&"mmweb_appid?");
    match check.call.query.get("mmweb_appid").as_deref() {
        Some("wx_webfilehelper") if is_official => {}
        None if !is_official => {}
        None => check.violation("no mmweb_appid in the query"),
        Some(_) => check.violation("mmweb_appid in the query, unlike on the page"),
    }
}

fn compare_names<'a>(
    official: &[&str],
    names: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let mut names = names.peekable();
    for wanted in official {
        let name = wanted.trim_end_matches('?');
        if names.next_if_eq(&name).is_none() && name == *wanted {
            return Err(format!("no {name} in the query, unlike on the page"));
        }
    }
    match names.next() {
        Some(name) => {
            let name = shown(name, "an odd name");
            Err(format!("{name} in the query, unlike on the page"))
        }
        None => Ok(()),
    }
}
