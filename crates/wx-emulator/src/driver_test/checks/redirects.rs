//! Redirects.

use http::StatusCode;

use crate::driver_test::bench::{Bench, Checked, no_server};
use crate::driver_test::job::Operation;
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{ScriptedServer, reply};

/// Includes statuses that repeat the request unchanged, and statuses that turn it into a GET.
const STATUSES: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

pub(super) fn redirects_are_not_followed(bench: &Bench<'_>) -> Checked {
    let other = ScriptedServer::start(vec![reply("200 OK", "{}")]).map_err(no_server)?;
    let elsewhere = format!("http://{}/cgi-bin/mmwebwx-bin/webwxinit?r=1", other.addr());
    let operations = [
        (Operation::ListContacts, "GET"),
        (Operation::SendMessage { checkpointed: false }, "POST"),
    ];
    for (operation, method) in operations {
        for status in STATUSES {
            for (location, place) in [(&*elsewhere, "another host"), ("/elsewhere", "this host")] {
                let redirect = reply(&format!("{status}\r\nLocation: {location}"), "");
                let ran = bench.run(operation, vec![redirect, reply("200 OK", "{}")], |job| {
                    job.io.image = super::requests::image(100);
                })?;
                let case = format!("{method}, {place}");
                let expected = format!(
                    "a head with status {}, and no request to the host that it names",
                    status.as_u16()
                );
                if let Some(followed) = other.log().requests.pop() {
                    let head = followed.headers.iter().flat_map(|(_, value)| value.clone());
                    let all = [head.collect(), followed.body].concat();
                    let secrets = if bench.has_secret(&all) { "with" } else { "without" };
                    let seen =
                        format!("a request to the other host, {secrets} secrets of the login");
                    return Err(Finding::new(expected, seen).with_case(&case));
                }
                ran.check_count()
                    .and_then(|()| ran.check_status(status.as_u16()))
                    .map_err(|finding| Finding::new(expected, finding.actual).with_case(&case))?;
            }
        }
    }
    Ok(())
}
