//! A login that was confirmed on the phone is not lost.

use wx_proto::flow::{Flow, Login, LoginState, Restore, SendMessage, Upload};
use wx_proto::{Advice, Error, ErrorKind, Policy, Profile, RequestError, Session, Site, Step};

use super::login::*;
use wx_testing::harness::*;

/// Logs in. Also returns the session that is kept, and the reported states.
fn log_in(
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Session, Error>, Option<Session>, Vec<LoginState>) {
    let mut harness = Harness::new("", answers);
    let mut login = Login::new(Site::new(Profile::Web), SEED, Policy::default());
    let result = harness.run(&mut login).map(|()| harness.session.clone());
    (harness, result, login.session().cloned(), login.shown().to_vec())
}

fn transient_failures() -> Vec<Answer> {
    let moved =
        Answer::Reply(302, vec![("location", "https://hotel.example/".to_owned())], "".into());
    vec![
        dropped(),
        unreachable(),
        status(408),
        status(429),
        status(500),
        status(502),
        status(520),
        ret(-1),
        ok(""),
        ok("<!doctype html>"),
        ok("{\"BaseResponse\":{\"Ret\":0"),
        Answer::Break(5000, "{\"BaseResponse\"".into()),
        moved,
    ]
}

#[test]
fn failures_of_webwxinit_are_retried() {
    for failure in transient_failures() {
        let answers = [code(), polled(2), page()].into_iter().chain(vec![failure.clone(); 5]);
        let (harness, result, ..) = log_in(answers.chain([init("@crypt_new"), notified()]));
        assert_eq!(result.unwrap().user_name().unwrap().as_str(), "@me", "{failure:?}");
        assert_eq!(harness.pauses()[3..8], [1, 2, 4, 8, 16]);
    }
}

#[test]
fn a_login_whose_webwxinit_fails_is_kept_and_can_be_resumed() {
    for failure in transient_failures() {
        let answers = [code(), polled(2), page()].into_iter().chain(vec![failure.clone(); 6]);
        let (_, result, kept, reported) = log_in(answers);
        assert_eq!(result.unwrap_err().step, Step::Init, "{failure:?}");
        let kept = kept.unwrap();
        let Some(LoginState::Opened { session }) = reported.last() else { panic!("{reported:?}") };
        assert_eq!(kept, *session);
        assert!(kept.awaits_init());
        // The same applies after saving and loading.
        let kept = Session::from_json(kept.to_json().expose()).unwrap();
        assert!(kept.awaits_init());
        let mut harness = Harness::new("", [init("@crypt_new"), notified()]).with_session(&kept);
        harness.run(&mut Restore::new(&kept, SEED, Policy::default()).unwrap()).unwrap();
        let session = harness.session;
        assert!(!session.awaits_init());
        session.check_upload(SEED.unix_ms).unwrap();
    }
}

#[test]
fn nothing_is_sent_in_the_name_of_nobody() {
    let (.., reported) = log_in(good());
    let Some(LoginState::Opened { session }) = reported.last() else { panic!() };
    let (policy, bytes) = (Policy::default(), jpeg(1000));
    let uploaded = Harness::new(bytes.clone(), [last("@media", 1000)])
        .run(&mut upload(&bytes, &policy).unwrap());
    let upload = Upload::new(session, media(&bytes), to(), SEED, policy.clone()).unwrap_err();
    let message =
        SendMessage::uploaded(session, uploaded.unwrap(), to(), SEED, policy).unwrap_err();
    for error in [upload, message] {
        assert_eq!(error.kind, ErrorKind::Request(RequestError::InitDue));
    }
}

#[test]
fn a_login_that_the_server_calls_over_is_not_kept() {
    for code_of_init in [1100, 1101, 1102] {
        let (harness, result, kept, _) = log_in([code(), polled(2), page(), ret(code_of_init)]);
        assert_eq!((result.unwrap_err().advice(), kept), (Advice::LoginAgain, None));
        assert_eq!(harness.seen.len(), 4);
    }
    // Any other Ret says nothing about the login.
    let (_, result, kept, _) = log_in([code(), polled(2), page(), ret(1205)]);
    assert_eq!(result.unwrap_err().advice(), Advice::Wait);
    assert!(kept.is_some());
}

#[test]
fn a_login_that_is_cancelled_after_its_page_is_kept() {
    let mut harness = Harness::new("", [code(), polled(2), page(), dropped()]);
    let mut login = Login::new(Site::new(Profile::Web), SEED, Policy::default());
    harness.steps_left = 10;
    assert!(harness.run_until_killed(&mut login).is_none());
    login.cancel();
    assert_eq!(Harness::new("", []).run(&mut login).unwrap_err().kind, ErrorKind::Cancelled);
    assert!(login.session().is_some_and(Session::awaits_init));
}

#[test]
fn failures_of_the_login_page_are_retried_while_its_ticket_is_valid() {
    let refused = |code: i32| ok(format!("<error><ret>{code}</ret><message></message></error>"));
    for failure in [
        dropped(),
        unreachable(),
        status(408),
        status(429),
        status(500),
        status(502),
        ok(""),
        refused(-1),
        Answer::Break(500, "<error>".into()),
    ] {
        let answers = [code(), polled(2)].into_iter().chain(vec![failure.clone(); 5]);
        let (_, result, _, reported) = log_in(answers.chain([page(), init(""), notified()]));
        assert!(result.is_ok(), "{failure:?}");
        assert_eq!(names(&reported), ["Code", "Confirmed", "Opened"]);
        let answers = [code(), polled(2)].into_iter().chain(vec![failure; 6]);
        assert!(log_in(answers).1.is_err());
    }
    // The reply was lost, and its ticket is used up.
    for spent in [1, 1100] {
        let answers = [code(), polled(2), dropped(), refused(spent), code(), polled(2), page()];
        let (_, result, _, reported) = log_in(answers.into_iter().chain([init(""), notified()]));
        assert!(result.is_ok());
        assert_eq!(
            names(&reported),
            ["Code", "Confirmed", "ServerProblem", "Code", "Confirmed", "Opened"]
        );
    }
    let (harness, result, ..) = log_in([code(), polled(2), dropped(), refused(1203)]);
    assert!(result.is_err() && harness.seen.len() == 4, "another code would not help");
}

#[test]
fn an_answer_to_the_poll_that_is_truncated_is_requested_again() {
    let confirmed = text("/poll/answers/2/text");
    for cut in 0..confirmed.len() {
        // The connection breaks, or a complete reply is too short. A truncated number would be a
        // different code.
        let broken =
            Answer::Break(confirmed.len() as u64, confirmed.as_bytes()[..cut].to_vec().into());
        let is_clear = !confirmed[..cut].ends_with(['2', '0']) && cut < confirmed.len() - 2;
        let short = is_clear.then(|| ok(confirmed[..cut].to_owned()));
        let answers = [broken].into_iter().chain(short);
        let answers =
            [code()].into_iter().chain(answers).chain([polled(2), page(), init(""), notified()]);
        let (_, result, _, reported) = log_in(answers);
        assert!(result.is_ok(), "{cut}: {result:?}");
        assert_eq!(names(&reported), ["Code", "Confirmed", "Opened"], "{cut}");
    }
}
