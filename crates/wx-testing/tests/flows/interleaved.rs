//! Several flows on one session, in any order and with crashes, keep all guarantees.

use std::time::Duration;

use wx_proto::flow::{Login, NextMessages, ResumeOptions, SendMessage, Snapshot};
use wx_proto::{
    Error, ErrorKind, Outcome, Policy, Profile, Recipient, Seed, Sent, Session, Site, UnixMs,
};

use super::messages::session_at;
use super::sim::{Driver, Random, Server};
use wx_testing::harness::*;

fn stream(session: &Session) -> Driver<NextMessages> {
    Driver::new(NextMessages::new(session, SEED, Policy::default()).unwrap())
}

fn seed(n: u64) -> Seed {
    Seed { unix_ms: UnixMs::new(SEED.unix_ms.get() + 2 * n), ..SEED }
}

/// Returns a different recipient for each job, so that the server can distinguish the jobs.
fn recipient(n: u64) -> Recipient {
    Recipient::new(format!("@{n:x}")).unwrap()
}

fn send(n: u64, session: &Session) -> SendMessage {
    let policy = Policy::default();
    let image = media(&jpeg(12));
    SendMessage::media(session, image, recipient(n), seed(n), policy).unwrap().checkpointed()
}

/// Compares the result of a job with what happened to its message.
fn check(n: u64, result: &Result<Sent, Error>, server: &Server, run: u64) {
    let delivered = server.delivered.get(recipient(n).as_str());
    let ids = delivered.map_or(0, |ids| ids.len());
    assert!(ids <= 1, "run {run}: job {n} was delivered under {ids} ids");
    match result {
        Ok(sent) => {
            let delivered = delivered.unwrap_or_else(|| panic!("run {run}: job {n} never left"));
            assert!(delivered.contains(sent.local_id.as_str()), "run {run}");
        }
        Err(error) if error.outcome() == Outcome::NotSent => {
            assert_eq!(ids, 0, "run {run}: job {n} failed: {error:?}");
        }
        Err(_) => {}
    }
}

/// Runs two streams and three sends on one session. Sometimes a driver is dropped. In half of the
/// runs, a login runs at the same time and replaces the first one when it succeeds.
fn interleave(run: u64) {
    const MESSAGES: i64 = 12;
    let mut random = Random::new(run);
    let mut server = Server { message_count: MESSAGES, one_fault_in: 6, ..Server::default() };
    let mut borrowed = session_at(0);
    let begins_at = (run % 2 == 1).then(|| random.below(100));
    let (mut old, mut new_login, mut login) = (borrowed.clone(), false, None);
    let mut streams = [stream(&borrowed), stream(&borrowed)];
    let mut sends: Vec<_> = (0..3).map(|n| Some(Driver::new(send(n, &borrowed)))).collect();
    let (mut seen, mut now) = (Vec::new(), Duration::from_secs(1));
    for step in 0.. {
        assert!(step < 20_000, "run {run}: no end");
        if begins_at == Some(step) {
            let site = Site::new(Profile::Web);
            login = Some(Driver::new(Login::new(site, seed(900), Policy::default())));
        }
        let sid = borrowed.sid().unwrap().expose().clone();
        // Each request belongs to the current login of the session.
        let mut inspect = |request: &wx_proto::ApiRequest| {
            let text = String::from_utf8_lossy(&request.http().body().to_vec()).into_owned();
            let all = format!("{} {text}", request.http().uri());
            assert!(all.contains(&sid), "run {run}: {} of another login", request.endpoint());
        };
        let actor = random.below(6);
        let dropped = random.one_in(23);
        if actor == 5 {
            let Some(driver) = &mut login else { continue };
            if now < driver.waits {
                now = if random.one_in(4) { driver.waits } else { now };
                continue;
            }
            if dropped {
                driver.replace();
            }
            let before = borrowed.clone();
            match driver.step(&mut borrowed, &mut server, &mut random, now, &mut |_| {}) {
                Some(Ok(())) => (old, new_login, login) = (before, true, None),
                Some(Err(_)) => {
                    assert_eq!(
                        borrowed, before,
                        "run {run}: a login that failed changed the session"
                    );
                    let site = Site::new(Profile::Web);
                    *driver = Driver::new(Login::new(site, seed(901 + step), Policy::default()));
                }
                None => {
                    assert_eq!(borrowed, before, "run {run}: a login changed the session early")
                }
            }
        } else if actor < 2 {
            let stream_ = &mut streams[usize::try_from(actor).unwrap()];
            if now < stream_.waits {
                now = if random.one_in(4) { stream_.waits } else { now };
                continue;
            }
            if dropped {
                stream_.replace();
            }
            match stream_.step(&mut borrowed, &mut server, &mut random, now, &mut inspect) {
                Some(Ok(new)) => {
                    seen.extend(new.messages.iter().map(|message| message.content.clone()));
                    assert!(borrowed.acknowledge(new.receipt), "run {run}");
                    *stream_ = stream(&borrowed);
                }
                Some(Err(error)) => {
                    assert!(new_login, "run {run}: {error:?}");
                    assert_eq!(error.kind, ErrorKind::LoginChanged);
                    // It would continue in the new login, whose list does not exist here.
                    stream_.waits = Duration::MAX;
                }
                None => {}
            }
        } else {
            let n = actor - 2;
            let Some(driver) = &mut sends[usize::try_from(n).unwrap()] else { continue };
            if now < driver.waits {
                now = if random.one_in(4) { driver.waits } else { now };
                continue;
            }
            if dropped {
                driver.replace();
            }
            let done = driver.step(&mut borrowed, &mut server, &mut random, now, &mut inspect);
            if let Some(result) = done {
                check(n, &result, &server, run);
                sends[usize::try_from(n).unwrap()] = None;
            }
        }
        let observed = seen.len() as i64 == MESSAGES || new_login;
        if observed && sends.iter().all(Option::is_none) && begins_at.is_some() == new_login {
            break;
        }
    }
    // Each message arrives once and in order, up to the session's sync position.
    let all: Vec<_> = (1..=MESSAGES).map(|n| n.to_string()).collect();
    assert!(all.starts_with(&seen), "run {run}: {seen:?}");
    let at = if new_login { &old } else { &borrowed };
    if new_login {
        let file = at.to_json();
        assert!(file.expose().contains(&format!("\"Val\": {}", seen.len())), "run {run}");
        let borrowed = borrowed.to_json();
        assert!(
            !borrowed.expose().contains("of_the_first_login"),
            "run {run}: a cookie of the old login"
        );
        assert!(!borrowed.expose().contains("@skey_"), "run {run}: an skey of the old login");
    } else {
        assert_eq!(seen, all, "run {run}");
        assert_eq!(borrowed.skey().unwrap().expose(), &format!("@skey_{MESSAGES}"));
    }
}

#[test]
fn any_order_of_flows_on_one_session_keeps_every_promise() {
    (0..1_000).for_each(interleave);
}

/// Sends a message with a program that is killed at random moments, and restarted with its last
/// saved state.
fn crash(run: u64) {
    let mut random = Random::new(run);
    let mut server =
        Server { message_count: 0, one_fault_in: 1 + random.below(6), ..Server::default() };
    let mut borrowed = session();
    let (mut now, mut unix_ms) = (Duration::from_secs(1), seed(0).unix_ms.get());
    let mut driver = Driver::new(send(0, &borrowed));
    let mut stored: Option<Snapshot> = None;
    let (mut killed, mut full_at) = (0, random.below(60));
    for step in 0.. {
        assert!(step < 20_000, "run {run}: no end");
        if now < driver.waits {
            unix_ms += (driver.waits - now).as_millis() as u64;
            now = driver.waits;
        }
        if killed < 4 && random.one_in(9) {
            // Everything except the saved state is lost, and time passes.
            killed += 1;
            let longest = if random.one_in(3) { 200_000 } else { 30_000 };
            let away = random.below(longest);
            unix_ms += away;
            let policy = Policy::default();
            let at = ResumeOptions { unix_ms: Some(UnixMs::new(unix_ms)), resend: false };
            now = Duration::from_secs(1);
            driver = match stored.clone() {
                None => Driver::new(send(0, &borrowed)),
                Some(state) => {
                    let text = state.to_json();
                    let state = Snapshot::from_json(text).unwrap();
                    let resumed = SendMessage::resume(&borrowed, state, policy, at).unwrap();
                    Driver::new(resumed.checkpointed())
                }
            };
            full_at = random.below(400);
        }
        driver.full = step > full_at && random.one_in(40);
        let done = driver.step(&mut borrowed, &mut server, &mut random, now, &mut |_| {});
        stored = driver.saved.clone().or(stored);
        unix_ms += 10;
        now += Duration::from_millis(10);
        if let Some(result) = done {
            check(0, &result, &server, run);
            break;
        }
    }
}

#[test]
fn a_crash_at_any_moment_doubles_and_denies_nothing() {
    (0..20_000).for_each(crash);
}
