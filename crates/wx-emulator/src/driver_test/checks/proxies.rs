//! Proxies. A process cannot change its environment safely, so the test function is run again in a
//! child process.

use std::env;
use std::process::{Command, exit};

use crate::driver_test::bench::{Bench, Checked, no_server};
use crate::driver_test::job::Operation;
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{ScriptedServer, reply};

/// Set in the child process to the name of the test.
const CHILD: &str = "WX_DRIVER_TEST_CHILD";
/// Exit codes of the child process.
const DIRECT: i32 = 70;
const NOT_DIRECT: i32 = 71;

const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// In the child process, sends one request and exits.
pub(in crate::driver_test) fn run_in_child(bench: &Bench<'_>) {
    if env::var(CHILD).is_ok_and(|test| test == bench.test) {
        let ran = bench.run(Operation::ListContacts, vec![reply("403 Forbidden", "")], |_| ());
        let is_direct = ran.is_ok_and(|ran| ran.server.log().requests.len() == 1);
        exit(if is_direct { DIRECT } else { NOT_DIRECT });
    }
}

pub(super) fn loopback_needs_no_proxy(bench: &Bench<'_>) -> Checked {
    let proxy = ScriptedServer::start(vec![reply("502 Proxy", "")]).map_err(no_server)?;
    let url = format!("http://{}", proxy.addr());
    let child = env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["--exact", bench.test, "--include-ignored"])
            .env(CHILD, bench.test)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            // If it is set, some clients treat HTTP_PROXY as a CGI header.
            .env_remove("REQUEST_METHOD")
            .envs(PROXIES.map(|name| (name, &url)))
            .output()
    });
    let connections = proxy.log().connections;
    let expected = "a request to a loopback address arrives, and none at the proxy";
    let seen = match child.map(|output| output.status.code()) {
        _ if connections > 0 => "a connection to the proxy that the environment names".to_owned(),
        Ok(Some(DIRECT)) => return Ok(()),
        Ok(Some(NOT_DIRECT)) => "the request did not arrive".to_owned(),
        Ok(_) => format!("libtest could not run the test `{}` again", bench.test),
        Err(error) => format!("the test could not be run again: {error}"),
    };
    Err(Finding::new(expected, seen))
}
