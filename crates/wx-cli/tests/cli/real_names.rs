//! The command under the host names of the real server, where each cookie reaches only some hosts.
//! It takes the proxy and the certificate authority of the test bed from its environment.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use wx_emulator::{Builder, Emulator, Profile};
use wx_testing::TestBed;

use crate::support::other_clients::{FORMATS, saved_login};
use crate::support::{CHUNK, TRANSPORTS, gif, jpeg, png, signal, wait_until};

pub(crate) struct Place {
    pub(crate) bed: TestBed,
    dir: tempfile::TempDir,
    transport: &'static str,
}

impl Place {
    pub(crate) fn new(builder: Builder, transport: &'static str) -> Self {
        let bed = TestBed::start(builder).unwrap();
        Self { bed, dir: tempfile::tempdir().unwrap(), transport }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wx"));
        command.args(args).args(["--transport", self.transport, "--json"]);
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.bed.environment()).env_remove("NO_PROXY").env_remove("no_proxy");
        command
    }

    fn ran(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the command, and checks that it succeeds.
    pub(crate) fn wx(&self, args: &[&str]) -> String {
        let ran = self.ran(args);
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{} {args:?}: {err}", self.transport);
        String::from_utf8(ran.stdout).unwrap()
    }

    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn kept(&self) -> Vec<Vec<u8>> {
        let entries =
            fs::read_dir(self.path("kept")).into_iter().flatten().map(|entry| entry.unwrap());
        let whole =
            entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with(".wx-"));
        whole.map(|entry| fs::read(entry.path()).unwrap()).collect()
    }
}

pub(crate) const SESSION: [&str; 2] = ["--session", "session.json"];

#[test]
fn p2_p5_from_the_code_to_the_logout_on_both_pages() {
    for transport in TRANSPORTS {
        for (page, profile, to, hosts) in [
            ("web", Profile::Web, "name:Anna", "login.wx.qq.com webpush.wx.qq.com wx.qq.com"),
            (
                "filehelper",
                Profile::FileHelper,
                "filehelper",
                "filehelper.weixin.qq.com login.wx.qq.com",
            ),
        ] {
            let arriving = [jpeg(9000, 1), png(), gif()];
            let builder = arriving
                .iter()
                .fold(Emulator::builder(), |builder, image| builder.image(image.clone()));
            let place = Place::new(builder.contact("Anna", "").profile(profile), transport);
            let server = place.bed.emulator();
            server.log_out();

            place.wx(&[&["login", "--profile", page], &SESSION[..]].concat());
            assert!(server.is_logged_in());
            if profile == Profile::Web {
                let contacts = place.wx(&[&["contacts"], &SESSION[..]].concat());
                assert!(contacts.contains("Anna"), "{contacts}");
            }

            let watch = place.spawn(&[&["watch", "--save-images", "kept"], &SESSION[..]].concat());
            wait_until(|| {
                place.kept().len() == arriving.len() && server.requests_to("synccheck") > 0
            });
            signal(&watch, "TERM");
            watch.wait_with_output().unwrap();
            for image in &arriving {
                assert!(place.kept().contains(image), "another picture was kept");
            }

            // A file of one chunk, one of several, and one that the official page would send as a
            // file.
            let pictures = [jpeg(20_000, 2), jpeg(2 * CHUNK + 9, 3)];
            for (name, picture) in ["small.jpg", "large.jpg"].into_iter().zip(&pictures) {
                fs::write(place.path(name), picture).unwrap();
                place.wx(&[&["send-image", "--to", to, name], &SESSION[..]].concat());
            }
            fs::write(place.path("a.gif"), gif()).unwrap();
            place.wx(&[&["send-image", "--to", to, "--as-file", "a.gif"], &SESSION[..]].concat());
            let sent = server.messages();
            assert_eq!(sent.iter().map(|message| message.kind).collect::<Vec<_>>(), [3, 3, 6]);
            assert!(sent[0].media == pictures[0] && sent[1].media == pictures[1]);
            assert!(sent[2].media == gif());

            let out = place.path("back.jpg");
            let fetch = ["fetch-image", "--out", "back.jpg", sent[1].msg_id.as_str()];
            place.wx(&[&fetch, &SESSION[..]].concat());
            assert!(fs::read(out).unwrap() == pictures[1]);

            place.wx(&[&["logout"], &SESSION[..]].concat());
            assert!(!server.is_logged_in());
            assert_eq!(server.violations(), [""; 0], "{transport} {page}");
            assert_eq!(place.bed.refused(), [""; 0]);
            assert_eq!(
                place.bed.hosts().join(" "),
                format!("file.wx.qq.com {hosts}"),
                "{transport}"
            );
        }
    }
}

/// Under the real names, each cookie reaches only some hosts. An upload needs one that reaches the
/// file host, and the other clients do not save which it is.
#[test]
fn p100_an_imported_login_reaches_every_host() {
    let names = FORMATS.into_iter().map(|(name, _)| name).chain(["browser.memory-card.json"]);
    for (at, name) in names.enumerate() {
        let (profile, page) = match name {
            "state.json" => (Profile::FileHelper, "szfilehelper.weixin.qq.com"),
            _ => (Profile::Web, "wx2.qq.com"),
        };
        let builder = Emulator::builder().contact("Anna", "").profile(profile);
        let place = Place::new(builder, TRANSPORTS[at % 2]);
        let server = place.bed.emulator();
        let session = serde_json::from_str(&server.session_json_at(page)).unwrap();
        fs::write(place.path(name), saved_login(name, &session).to_string()).unwrap();
        let imported = place.wx(&[&["import", name], &SESSION[..]].concat());
        assert!(imported.contains("\"imported\""), "{imported}");
        let picture = jpeg(20_000, 2);
        fs::write(place.path("a.jpg"), &picture).unwrap();
        place.wx(&[&["send-image", "--to", "filehelper", "a.jpg"], &SESSION[..]].concat());
        assert!(server.messages()[0].media == picture);
        assert_eq!(place.bed.refused(), [""; 0]);
    }
}

/// An account has to be named before its login replaces another one.
#[test]
fn an_imported_login_of_another_account_is_refused_before_any_request() {
    let place = Place::new(Emulator::builder(), "ureq");
    let server = place.bed.emulator();
    let session = serde_json::from_str(&server.session_json_at("wx.qq.com")).unwrap();
    let storage = saved_login("storage.json", &session).to_string();
    fs::write(place.path("storage.json"), storage).unwrap();
    let other = wx_proto::Session::builder("https://wx.qq.com").uin(1).user_name("@other").build();
    let before = other.unwrap().to_json().expose().clone();
    fs::write(place.path("session.json"), &before).unwrap();
    let ran = place.ran(&[&["import", "storage.json"], &SESSION[..]].concat());
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{err}");
    assert!(err.contains("session.json: holds the login of another account (web)"), "{err}");
    assert_eq!(fs::read_to_string(place.path("session.json")).unwrap(), before);
    assert_eq!((server.requests().len(), server.is_logged_in()), (0, true));
    place.wx(&[&["import", "storage.json", "--force"], &SESSION[..]].concat());
}

/// The session file holds the login of another account, so the new login could not be saved. It is
/// ended, whether or not webwxinit was called.
#[test]
fn a_login_of_another_account_is_ended_and_the_file_stays() {
    for (transport, faults) in TRANSPORTS.into_iter().zip([&[][..], &["ret=1205@webwxinit"]]) {
        let builder = Emulator::builder();
        let builder = faults.iter().fold(builder, |all, one| all.fault(one.parse().unwrap()));
        let place = Place::new(builder, transport);
        let other =
            wx_proto::Session::builder("https://wx.qq.com").uin(1).user_name("@other").build();
        let before = other.unwrap().to_json().expose().clone();
        fs::write(place.path("session.json"), &before).unwrap();
        let ran = place.ran(&[&["login"], &SESSION[..]].concat());
        let err = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{err}");
        assert!(
            err.contains("holds the login of another account (web); the new one was ended"),
            "{err}"
        );
        assert!(!place.bed.emulator().is_logged_in());
        assert_eq!(fs::read_to_string(place.path("session.json")).unwrap(), before);
    }
}

/// Without the certificate authority of the test bed, nothing is sent.
#[test]
fn p3_an_authority_that_the_platform_does_not_know_is_not_trusted() {
    for transport in TRANSPORTS {
        let place = Place::new(Emulator::builder(), transport);
        let mut command = place.command(&[&["login"], &SESSION[..]].concat());
        let ran = command.env_remove("SSL_CERT_FILE").output().unwrap();
        assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(place.bed.hosts(), ["login.wx.qq.com"]);
        assert_eq!(place.bed.emulator().requests().len(), 0);
    }
}
