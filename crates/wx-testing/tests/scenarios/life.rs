//! A complete login: from the QR code to the logout, with messages in between.

use std::time::Duration;

use wx_emulator::Emulator;
use wx_proto::flow::LoginState;
use wx_proto::{Advice, Error, ErrorKind, Message, Policy, Profile, Session, Site, Step};

use super::{
    FetchInto, LoginFrom, Server, Transport, assert_secret_free, friend, place, policy, quiet,
    server, session, small,
};

/// Returns a policy with short waits.
pub(super) fn short_waits() -> Policy {
    let mut policy = policy().with_stall(Duration::from_millis(900));
    policy.poll_stall = Duration::from_millis(900);
    policy.longest_back_off = Duration::from_millis(20);
    policy
}

/// Returns an image that is different for each number.
fn image(number: u8) -> Vec<u8> {
    let mut image = small();
    image.push(number);
    image
}

/// Starts a server that delivers this number of images.
fn server_with(images: u8, faults: &[&str]) -> Server {
    let builder =
        (0..images).fold(Emulator::builder(), |builder, number| builder.image(image(number)));
    place::start(
        faults.iter().fold(builder, |builder, fault| builder.fault(fault.parse().unwrap())),
    )
}

/// Returns a client that has not received any messages.
fn new_client<T: Transport>(server: &Server) -> T {
    T::new(session(server), short_waits(), None)
}

fn ids(batches: Vec<Result<Vec<Message>, Error>>) -> Vec<String> {
    batches
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|message| message.id.as_ref().unwrap().to_string())
        .collect()
}

pub(super) fn name(state: &LoginState) -> &'static str {
    match state {
        LoginState::Code { .. } => "code",
        LoginState::Scanned { avatar: Some(_) } => "scanned",
        LoginState::Confirmed => "confirmed",
        LoginState::Opened { .. } => "opened",
        LoginState::Asked => "asked",
        LoginState::ServerProblem { code: None } => "trouble",
        _ => "another",
    }
}

pub(crate) fn a_complete_login<T: Transport>() {
    let server = server_with(3, &[]);
    let (mut observed, mut shown) = (Vec::new(), String::new());
    let client = T::login(LoginFrom::Code(place::site(&server)), short_waits(), |state| {
        observed.push(name(state));
        if let LoginState::Code { link } = state {
            shown = format!("{state:?} {state:#?}");
            assert!(
                !shown.contains(link.expose()) && !shown.contains("://"),
                "a code's link is a secret"
            );
        }
    })
    .unwrap();
    assert_eq!(observed, ["code", "scanned", "confirmed", "opened"]);
    assert!(!shown.is_empty());

    // The page of the File Transfer Helper has no contacts.
    if place::site(&server).profile() == Profile::Web {
        let contacts = client.contacts().unwrap();
        assert!(
            contacts.iter().any(|contact| contact.user_name == *friend(&server).user_name()),
            "{contacts:?}"
        );
    }

    let batch = client.batches(1).pop().unwrap().unwrap();
    let there: Vec<_> =
        batch.iter().map(|message| message.id.as_ref().unwrap().to_string()).collect();
    assert_eq!(there, server.incoming());
    for (number, message) in batch.iter().enumerate() {
        let mut bytes = Vec::new();
        let attachment = message.attachment().unwrap();
        client.fetch_attachment(&attachment, FetchInto::Vec(&mut bytes)).unwrap();
        assert!(bytes == image(number.try_into().unwrap()), "other bytes arrived");
    }

    client.send(&friend(&server), small(), quiet).unwrap();
    assert!(server.messages()[0].media == small());
    assert_eq!(server.violations(), Vec::<String>::new());

    client.logout().unwrap();
    let again = client.clone_client();
    let errors = [
        client.send(&friend(&server), small(), quiet).unwrap_err(),
        client.contacts().unwrap_err(),
        again.restore().unwrap_err(),
        again.batches(1).pop().unwrap().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.advice(), Advice::LoginAgain, "{error}");
        assert_secret_free(&server, &error);
    }
}

pub(crate) fn the_session_moves_on_and_clones_share_it<T: Transport>() {
    let server = server_with(2, &[]);
    let client = new_client::<T>(&server);
    let (twin, before) = (client.clone_client(), client.session());
    let json = |session: &Session| session.to_json().expose().to_owned();
    assert_eq!(json(&before), json(&twin.session()));

    twin.restore().unwrap();
    assert_ne!(json(&before), json(&client.session()), "the sync position was applied");
    let restored = client.session();
    assert_eq!(ids(client.batches(1)), server.incoming());
    assert_ne!(json(&restored), json(&twin.session()));
    assert_eq!(json(&client.session()), json(&twin.session()));

    // A session that was saved before the batch receives it again; one that was saved after it does
    // not.
    let new_life =
        |session: &Session| T::new(place::read(session.to_json().expose()), short_waits(), None);
    assert_eq!(ids(new_life(&restored).batches(1)), server.incoming());
    server.add_fault("ret=1101@synccheck".parse().unwrap());
    let behind = new_life(&client.session()).batches(1).pop().unwrap();
    assert_eq!(behind.unwrap_err().advice(), Advice::LoginAgain, "there was nothing to deliver");
}

/// Despite transient failures, every message arrives exactly once.
pub(crate) fn network_faults_neither_lose_nor_repeat_messages<T: Transport>() {
    for fault in [
        "drop=before@synccheck#1",
        "drop=after@synccheck#1",
        "status=503@synccheck#1",
        "delay=1500@synccheck#1",
        "html@synccheck#1",
        "empty@synccheck#1",
        "trickle=1@synccheck",
        "drop=before@webwxsync#1",
        "drop=after@webwxsync#1",
        "drop=300@webwxsync#1",
        "status=503@webwxsync#1",
        "delay=1500@webwxsync#1",
        "html@webwxsync#1",
        "empty@webwxsync#1",
        "cut=200@webwxsync#1",
        "trickle=100@webwxsync",
        // The reply has an empty SyncKey.
        "ret=3@webwxsync#1",
        "ret=-1@webwxsync#1",
        "sync-key-back=2@webwxsync#1",
        "gzip@webwxsync",
    ] {
        let server = server_with(3, &[fault]);
        let client = new_client::<T>(&server);
        assert_eq!(ids(client.batches(1)), server.incoming(), "{fault}");
        // After a restart, no message is received again.
        let saved = client.session().to_json();
        server.add_fault("ret=1101@synccheck".parse().unwrap());
        let later = T::new(place::read(saved.expose()), short_waits(), None);
        assert!(later.batches(1).pop().unwrap().is_err(), "{fault}: a message was received twice");
    }
}

pub(crate) fn the_end_of_a_login_ends_the_messages<T: Transport>() {
    for (fault, step) in [
        ("ret=1101@webwxsync", Step::Sync),
        ("ret=1101@synccheck", Step::Sync),
        ("ret=1100@synccheck", Step::Sync),
        ("ret=1101@webwxinit", Step::Init),
    ] {
        let server = server_with(1, &[fault]);
        let client = new_client::<T>(&server);
        let mut batches = client.batches(3);
        assert_eq!(batches.len(), 1, "{fault}: nothing follows an error");
        let error = batches.remove(0).unwrap_err();
        assert_eq!((error.step, error.advice()), (step, Advice::LoginAgain), "{fault}");
        assert_secret_free(&server, &error);
    }
}

pub(crate) fn faults_while_logging_in<T: Transport>() {
    for fault in [
        "drop=before@jslogin#1",
        "drop=after@login#2",
        "status=503@login#1",
        "empty@login#1",
        "html@login#1",
        "delay=1500@login#1",
        "drop=before@webwxnewloginpage#1",
        "drop=after@webwxinit#1",
        "status=502@webwxinit#1",
        "drop=before@webwxstatusnotify",
    ] {
        let server = server(&[fault]);
        let client = T::login(LoginFrom::Code(place::site(&server)), short_waits(), |_| ())
            .unwrap_or_else(|no| panic!("{fault}: {}", no.error));
        client.send(&friend(&server), small(), quiet).unwrap();
    }
    for fault in ["status=403@jslogin", "ret=1@webwxinit", "drop=before@webwxinit"] {
        let server = server(&[fault]);
        let error = T::login(LoginFrom::Code(place::site(&server)), short_waits(), |_| ())
            .err()
            .unwrap()
            .error;
        assert_secret_free(&server, &error);
        assert!(matches!(error.step, Step::Login | Step::Init), "{fault}: {error:?}");
    }
}

/// [P2](wx_proto::protocol#p2): a login page is opened only on hosts that serve one.
pub(crate) fn a_login_page_on_a_foreign_host_is_refused<T: Transport>() {
    let address = super::network::listen(|mut stream| {
        let head = super::network::read_head(&mut stream);
        let body = if head.contains("/jslogin?") {
            "window.QRLogin.code = 200; window.QRLogin.uuid = \"AbCdEfGhIj==\";"
        } else {
            "window.code=200;\nwindow.redirect_uri=\"http://127.0.0.2:1/cgi-bin/mmwebwx-bin/\
             webwxnewloginpage?ticket=t\";"
        };
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        std::io::Write::write_all(&mut stream, reply.as_bytes()).unwrap();
    });
    let site = Site::from_base_allow_loopback(Profile::Web, &format!("http://{address}")).unwrap();
    let mut observed = Vec::new();
    let error = T::login(LoginFrom::Code(site), short_waits(), |state| observed.push(name(state)))
        .err()
        .unwrap()
        .error;
    assert!(matches!(error.kind, ErrorKind::Host(_)), "{error:?}");
    assert_eq!((error.step, observed), (Step::Login, vec!["code", "confirmed"]));
}

/// Each message is received by only one of the waiting clients.
pub(crate) fn two_that_wait_share_the_messages<T: Transport + Send>() {
    let server = server_with(5, &["delay=200@webwxsync#1", "ret=1101@synccheck#3+"]);
    let client = new_client::<T>(&server);
    client.restore().unwrap();
    let (first, second) = std::thread::scope(|scope| {
        let twin = client.clone_client();
        let waiting = scope.spawn(move || twin.batches(1));
        (client.batches(1), waiting.join().unwrap())
    });
    let delivered = [first, second].into_iter().flatten().filter_map(Result::ok);
    let delivered: Vec<_> =
        delivered.flatten().map(|message| message.id.as_ref().unwrap().to_string()).collect();
    assert_eq!(delivered, server.incoming());
}

/// The login keeps its cookies even if this computer's clock is hours ahead of or behind the
/// server's.
pub(crate) fn a_login_on_a_computer_whose_clock_is_wrong<T: Transport>() {
    for hours in [-1000, -13, 13, 1000] {
        let server = place::start(Emulator::builder().clock_ahead(-hours * 3600));
        let client =
            T::login(LoginFrom::Code(place::site(&server)), short_waits(), |_| {}).unwrap();
        client.send(&friend(&server), small(), quiet).unwrap();
        assert_eq!(server.violations(), Vec::<String>::new(), "{hours} hours ahead");
    }
}
