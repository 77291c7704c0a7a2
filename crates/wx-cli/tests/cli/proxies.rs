//! Which proxy of the environment the command uses, and how it handles one that it cannot use.

use std::process::{Command, Output, Stdio};

use wx_emulator::Emulator;
use wx_testing::TestBed;

use crate::support::{Place, TRANSPORTS, send};

/// The variables that name proxies. The command gets those that a test sets, and no others.
const VARIABLES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

struct Fixture {
    bed: TestBed,
    dir: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let bed = TestBed::start(Emulator::builder()).unwrap();
        bed.emulator().log_out();
        Self { bed, dir: tempfile::tempdir().unwrap() }
    }

    /// The proxy of the test bed, with another scheme in its URL.
    fn proxy(&self, scheme: &str) -> String {
        self.bed.proxy().replace("http", scheme)
    }

    fn login(&self, transport: &str, proxies: &[(&str, &str)]) -> Output {
        self.run(&["login"], transport, proxies)
    }

    fn run(&self, args: &[&str], transport: &str, proxies: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wx"));
        command.args(args).args(["--session", "session.json", "--json", "--transport", transport]);
        command.current_dir(self.dir.path()).stdin(Stdio::null()).envs(self.bed.environment());
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.envs(proxies.iter().copied()).env("RUST_LOG", "trace");
        command.output().unwrap()
    }
}

#[test]
fn every_kind_of_proxy_works_with_both_transports() {
    for transport in TRANSPORTS {
        for (variable, scheme, over_socks) in [
            ("HTTPS_PROXY", "http", false),
            ("all_proxy", "http", false),
            ("ALL_PROXY", "socks5h", true),
            ("https_proxy", "socks5h", true),
            ("ALL_PROXY", "socks5h://anna:p%40ss@", true),
        ] {
            let place = Fixture::new();
            let proxy = match scheme.ends_with('@') {
                true => place.proxy("http").replace("http://", scheme),
                false => place.proxy(scheme),
            };
            // A blank variable counts as unset.
            let others = [("HTTPS_PROXY", "   "), ("HTTP_PROXY", "ftp://nobody")];
            let ran = place.login(transport, &[&others[..], &[(variable, &proxy)]].concat());
            let err = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "{transport} {variable}={proxy}: {err}");
            assert!(place.bed.emulator().is_logged_in());
            assert_eq!(place.bed.over_socks() > 0, over_socks, "{transport} {variable}={proxy}");
            assert_eq!(place.bed.refused(), [""; 0]);
        }
    }
}

#[test]
fn a_proxy_that_cannot_be_used_ends_it_with_2_before_anything_is_sent() {
    for transport in TRANSPORTS {
        let place = Fixture::new();
        for (variable, scheme) in [
            ("HTTPS_PROXY", "https"),
            ("https_proxy", "socks4"),
            ("ALL_PROXY", "socks4a"),
            ("all_proxy", "ftp"),
            ("ALL_PROXY", "socks"),
        ] {
            let proxy = place.proxy(scheme).replace("//", "//anna:hunter2@");
            let ran = place.login(transport, &[(variable, &proxy)]);
            let told = format!(
                "{}{}",
                String::from_utf8_lossy(&ran.stdout),
                String::from_utf8_lossy(&ran.stderr)
            );
            assert_eq!(ran.status.code(), Some(2), "{transport} {variable}={proxy}: {told}");
            assert!(told.contains(variable), "{told}");
            assert!(!told.contains("hunter2") && !told.contains("127.0.0.1"), "{told}");
        }
        assert_eq!(place.bed.emulator().requests().len(), 0);
        assert_eq!((place.bed.hosts(), place.bed.refused()), (vec![], vec![]));
    }
}

/// The commands that use a saved login.
#[test]
fn every_command_refuses_it() {
    for transport in TRANSPORTS {
        let place = Fixture::new();
        let session = place.bed.emulator().session_json_at("wx2.qq.com");
        std::fs::write(place.dir.path().join("session.json"), session).unwrap();
        std::fs::write(place.dir.path().join("a.jpg"), crate::support::jpeg(900, 1)).unwrap();
        let proxies = [("ALL_PROXY", "socks4://127.0.0.1:9")];
        for args in [
            &["whoami"][..],
            &["contacts"],
            &["watch"],
            &["logout"],
            &["fetch-image", "--out", "b.jpg", "7"],
            &["send-image", "--to", "filehelper", "a.jpg"],
            &["send-image", "--to", "filehelper", "--resume-dir", "job", "a.jpg"],
        ] {
            let ran = place.run(args, transport, &proxies);
            let err = String::from_utf8_lossy(&ran.stderr);
            assert_eq!(ran.status.code(), Some(2), "{transport} {args:?}: {err}");
            assert!(err.contains("ALL_PROXY") && !err.contains("socks4:"), "{err}");
        }
        assert_eq!(place.bed.tunnels(), 0);
    }
}

#[test]
fn a_loopback_session_does_not_care() {
    for transport in TRANSPORTS {
        for (https, all) in
            [("ftp://nobody", "socks4://nobody"), ("http://127.0.0.1:1", "socks5h://127.0.0.1:1")]
        {
            let place = Place::new();
            let picture = place.file("a.jpg", &crate::support::jpeg(900, 1));
            let mut command = place.command(&send(transport, &[picture.to_str().unwrap()]));
            command.envs([("HTTPS_PROXY", https), ("ALL_PROXY", all)]);
            let ran = place.ran(command.output().unwrap());
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert_eq!(place.emulator.messages().len(), 1);
        }
    }
}

/// ureq would log URLs and cookies at level trace, but the command installs no logger.
#[test]
fn no_level_of_logging_shows_what_is_sent() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let picture = place.file("a.jpg", &crate::support::jpeg(900, 1));
        let mut command = place.command(&send(transport, &["-v", picture.to_str().unwrap()]));
        command.env("RUST_LOG", "trace").env("RUST_LOG_STYLE", "never");
        // Searches the output for secrets of the session and for URLs.
        let ran = place.ran(command.output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.err);
        for shown in ["ureq", "reqwest", "hyper", "Cookie", "cookie:", "TRACE", "DEBUG"] {
            assert!(!ran.err.contains(shown) && !ran.out.contains(shown), "{}{}", ran.out, ran.err);
        }
    }
}
