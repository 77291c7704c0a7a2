//! A login that the server has granted but that cannot be used is ended on the server.

use wx_proto::flow::{Action, Flow, Login};
use wx_proto::{Error, ErrorKind, Policy, Profile, ReplyError, ReplyField, Site};

use super::login::*;
use super::logout::logged_out;
use wx_testing::harness::*;

const SID: &str = "wxsid=AbCd+fGh/jKlMnOp; Domain=wx.qq.com; Path=/";
const UIN: &str = "wxuin=7; Domain=wx.qq.com; Path=/";

fn answer(cookies: &[&str], fields: &str) -> Answer {
    let cookies = cookies.iter().map(|line| ("set-cookie", (*line).to_owned())).collect();
    Answer::Reply(200, cookies, format!("<error><ret>0</ret>{fields}</error>").into())
}

/// Returns login pages, each with the error for which it is refused.
fn refused() -> Vec<(Answer, ReplyError)> {
    let ticket = "webwx_data_ticket=t; Domain=.qq.com; Path=/";
    let (skey, sid, uin) =
        ("<skey>@crypt_k</skey>", "<wxsid>AbCd+fGh/jKlMnOp</wxsid>", "<wxuin>7</wxuin>");
    let none = ReplyError::NoDataTicket { expired: false };
    vec![
        (answer(&[], &[skey, sid, uin].concat()), none.clone()),
        (answer(&[SID, UIN], &[skey, sid, uin].concat()), none),
        // Cookies can replace values that the page lacks.
        (answer(&[ticket, SID], &[skey, uin].concat()), ReplyError::Missing(ReplyField::WxSid)),
        (answer(&[ticket, UIN], &[skey, sid].concat()), ReplyError::Missing(ReplyField::WxUin)),
        (
            answer(&[SID, UIN], &[skey, "<wxuin>-1</wxuin>"].concat()),
            ReplyError::Missing(ReplyField::WxUin),
        ),
        (
            answer(&[ticket], &[skey, sid, uin, "<pass_ticket>\u{fffd}</pass_ticket>"].concat()),
            ReplyError::Missing(ReplyField::PassTicket),
        ),
    ]
}

fn log_in(answers: impl IntoIterator<Item = Answer>) -> (Harness, Error) {
    let (harness, result, reported) = run([code(), polled(2)].into_iter().chain(answers));
    assert_eq!(names(&reported), ["Code", "Confirmed"], "it never counts as opened");
    (harness, result.unwrap_err())
}

#[test]
fn a_login_that_is_refused_is_ended_at_the_server() {
    for (page, why) in refused() {
        let (harness, error) = log_in([page, logged_out()]);
        assert_eq!(error.kind, ErrorKind::Reply(why.clone()));
        assert_eq!(harness.endpoints()[2..], ["webwxnewloginpage", "webwxlogout"], "{why}");
        let logout = &harness.seen[3];
        let uri = logout.http().uri();
        assert_eq!(uri.host(), Some("wx.qq.com"), "{why}");
        assert_eq!(uri.query(), Some("redirect=1&type=0&skey=%40crypt_k"), "{why}");
        assert_eq!(logout.body(), b"sid=AbCd%2BfGh%2FjKlMnOp&uin=7", "{why}");
    }
}

#[test]
fn the_result_of_the_logout_changes_nothing() {
    for (page, why) in refused() {
        for logout in [dropped(), unreachable(), status(503), ret(1101), ok("<html>")] {
            let (harness, error) = log_in([page.clone(), logout]);
            assert_eq!(
                (error.kind, harness.seen.len()),
                (ErrorKind::Reply(why.clone()), 4),
                "tried once"
            );
        }
        let (harness, error) = log_in([page.clone(), closed(), logged_out()]);
        assert_eq!((error.kind, harness.seen.len()), (ErrorKind::Reply(why.clone()), 5));
        // If the job is cancelled during the logout, it still ends with the original error.
        let mut harness = Harness::new("", [code(), polled(2), page]);
        let mut login = Login::new(Site::new(Profile::Web), SEED, Policy::default());
        // Three steps per request: the request, a piece of its reply, and the end.
        harness.steps_left = 9;
        assert!(harness.run_until_killed(&mut login).is_none());
        assert!(
            matches!(login.poll(&mut session(), harness.now), Action::Send(..)),
            "the logout leaves"
        );
        assert!(login.session().is_none(), "there is no session to continue with");
        let shown = format!("{login:?} {:?}", login.progress());
        assert!(!shown.contains("crypt") && !shown.contains("AbCd"), "{shown}");
        login.cancel();
        harness.steps_left = 1;
        assert_eq!(harness.run(&mut login).unwrap_err().kind, ErrorKind::Reply(why));
    }
}

#[test]
fn without_the_keys_nothing_is_sent() {
    for fields in ["<wxsid>s</wxsid><wxuin>7</wxuin>", "<skey>@k</skey><wxuin>7</wxuin>", ""] {
        let (harness, error) = log_in([answer(&[], fields)]);
        assert!(matches!(error.kind, ErrorKind::Reply(ReplyError::Missing(_))), "{error}");
        assert_eq!(harness.seen.len(), 3);
    }
    // The server has not granted a login.
    let keys = "<skey>@k</skey><wxsid>s</wxsid><wxuin>7</wxuin>";
    for ret in ["<ret>1203</ret>", "<ret>x</ret>", ""] {
        assert_eq!(log_in([ok(format!("<error>{ret}{keys}</error>"))]).0.seen.len(), 3);
    }
}
