//! A test for drivers of wx-proto, to be run in the driver's own test suite. It is behind the
//! feature `driver-test`.
//!
//! A driver is the loop that performs the I/O of a flow. The core makes every decision, but relies
//! on the driver: a driver that follows a redirect carries the login to another host, and a driver
//! that retries sends a message twice. The docs of `wx_proto::flow` list these duties. The test
//! runs flows with the driver against a server that provokes each fault. It compares the bytes that
//! were sent, and the inputs that the driver passed to the flow, with what these docs require.
//!
//! [`driver_test!`](crate::driver_test!) needs the path of a function that runs any flow with the
//! driver. The function reads, writes and stores with [`Io`]:
//!
//! ```ignore
//! use wx_emulator::driver_test::Io;
//! use wx_proto::{Session, flow::Flow};
//!
//! #[test]
//! fn the_driver_obeys() {
//!     let report = wx_emulator::driver_test!(drive).run();
//!     assert!(report.passed(), "{report}");
//! }
//!
//! /// Runs a flow with the driver.
//! fn drive<F: Flow>(session: &mut Session, flow: &mut F, io: &mut Io) -> Option<F::Output> {
//!     // …
//! }
//! ```
//!
//! The whole test takes about two seconds. The function is called from several threads at once.
//! Each call should create a new HTTP client, as a program does when it starts.
//!
//! The [`Report`] lists all checks. For a check that failed, it shows which duty the driver breaks,
//! what was expected, and what was observed:
//!
//! ```text
//! FAILED redirects_are_not_followed
//!        duty:     Follow no redirects, because they would carry the login to another host.
//!        expected: a head with status 301, and no request to the host that it names
//!        actual:   a request to the other host, with secrets of the login (GET, another host)
//! ```
//!
//! The test does not cover TLS and certificates, proxies for hosts that are not local, servers that
//! do not read what is sent to them, or drivers with several idle connections. It does not check
//! that time between two actions is excluded from the limits.

mod adapter;
mod bench;
mod checks;
mod job;
mod report;
mod scripted_server;

use std::fmt;

pub use job::{Driver, Io, Job, Operation, Record, SessionJson, Store};
pub use report::{CheckReport, Finding, Report};

use bench::Bench;

/// The test of one driver, created by [`driver_test!`](crate::driver_test!).
pub struct DriverTest<D> {
    driver: D,
    /// The path of the test function.
    test: String,
}

impl<D: Driver> DriverTest<D> {
    /// Creates the test of `driver`, which is run by a test function of libtest. `here` is the full
    /// path of that function or of an item inside it, as returned by
    /// [`type_name_of_val`](std::any::type_name_of_val). To check proxy settings in the
    /// environment, the test function is run again in a child process.
    #[must_use]
    pub fn new(driver: D, here: &str) -> Self {
        Self { driver, test: test_name(here) }
    }

    /// Runs all checks.
    pub fn run(&self) -> Report {
        self.run_matching(|_| true)
    }

    /// Runs only the checks with these names, for example to find the cause of a failure.
    pub fn run_only(&self, names: &[&str]) -> Report {
        self.run_matching(|name| names.contains(&name))
    }

    fn run_matching(&self, is_wanted: impl Fn(&str) -> bool) -> Report {
        let bench = Bench::new(&self.driver, &self.test);
        checks::run_in_child(&bench);
        Report::new(checks::run(&bench, is_wanted))
    }
}

/// Returns the name that libtest uses for the function around an item: its path without the crate,
/// closures and async blocks.
fn test_name(item: &str) -> String {
    let path: Vec<_> = item.split("::").filter(|name| *name != "{{closure}}").collect();
    path[..path.len().saturating_sub(1)].get(1..).unwrap_or_default().join("::")
}

impl<D> fmt::Debug for DriverTest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverTest").field("test", &self.test).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name_of_val;

    use super::*;

    #[test]
    fn tests_are_named_as_libtest_names_them() {
        fn here() {}
        let name = "driver_test::tests::tests_are_named_as_libtest_names_them";
        assert_eq!(test_name(type_name_of_val(&here)), name);
        let within = || {
            fn here() {}
            type_name_of_val(&here)
        };
        assert_eq!(test_name(within()), name);
        assert_eq!(test_name("krate::here"), "");
    }
}
