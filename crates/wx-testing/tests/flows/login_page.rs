//! The login page: the only place where a reply determines the host that receives the login.

use wx_proto::flow::{Login, LoginState};
use wx_proto::http::{HeaderName, HeaderValue};
use wx_proto::{ErrorKind, HostError, HostRole, Policy, Profile, ReplyError, Ret, Site, Step};

use super::login::*;
use wx_testing::harness::*;

#[test]
fn p53_the_login_page_is_read_from_a_301_and_never_followed() {
    let Answer::Reply(_, cookies, xml) = page() else { unreachable!() };
    for case in recorded()["newloginpage"]["statuses"].as_array().unwrap() {
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let answer = Answer::Reply(status, cookies.clone(), xml.clone());
        assert!(run([code(), polled(2), answer, init(""), notified()]).1.is_ok(), "{status}");
    }
    let mut with_location = cookies;
    with_location.push(("location", "https://evil.example/".to_owned()));
    let (harness, result, _) = run([
        code(),
        polled(2),
        Answer::Reply(301, with_location.clone(), xml),
        init(""),
        notified(),
    ]);
    assert!(
        result.is_ok()
            && harness.seen.iter().all(|seen| seen.http().uri().host() != Some("evil.example"))
    );
    for (status, body) in [(301, ""), (302, "<error><ret>0</ret></error>"), (301, "moved")] {
        let answer = Answer::Reply(status, with_location.clone(), body.into());
        let error = run([code(), polled(2), answer]).1.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Reply(ReplyError::Redirect { .. })),
            "{status}: {error:?}"
        );
    }
}

#[test]
fn p54_a_refusal_stops_with_the_servers_words_on_one_line() {
    let refused = ok(text("/newloginpage/refused/text"));
    let (harness, result, reported) = run([code(), polled(2), refused]);
    let error = result.unwrap_err();
    assert_eq!((error.ret(), error.step), (Some(Ret(1203)), Step::Login));
    assert!(
        error.chain().to_string().ends_with("this account may not use the web login): not allowed"),
        "{error}"
    );
    assert_eq!((names(&reported).last().unwrap().as_str(), harness.seen.len()), ("Confirmed", 3));
    let hostile = ok("<error><ret>1203</ret><message>a\u{1b}[2J\nb &lt;c&gt;</message></error>");
    let error = run([code(), polled(2), hostile]).1.unwrap_err().chain().to_string();
    assert!(error.ends_with("a[2Jb <c>") && !error.contains(['\n', '\u{1b}']), "{error}");
}

#[test]
fn p54_escapes_in_the_values_of_the_login() {
    let xml = "<error><ret>0</ret><skey>@a&amp;b&lt;</skey><wxsid>s</wxsid><wxuin>7</wxuin>\
     <pass_ticket>x&amp;y%2B</pass_ticket></error>";
    let Answer::Reply(_, cookies, _) = page() else { unreachable!() };
    let (harness, result, _) =
        run([code(), polled(2), Answer::Reply(200, cookies, xml.into()), init(""), notified()]);
    assert_eq!(result.unwrap().skey().unwrap().expose(), "@a&b<");
    assert!(harness.seen[3].http().uri().query().unwrap().ends_with("&pass_ticket=x%26y%252B"));
}

#[test]
fn a_login_page_on_a_foreign_host_is_not_opened() {
    for host in [
        "https://evil.example",
        "http://wx.qq.com",
        "https://wx.qq.com.evil.example",
        "https://wx.qq.com@evil.example",
        "https://filehelper.weixin.qq.com",
        "http://127.0.0.1:9",
        "javascript:alert(1)",
        "//wx.qq.com",
    ] {
        let poll = ok(format!(
            "window.code=200;window.redirect_uri=\"{host}/webwxnewloginpage?ticket=canary\";"
        ));
        let (harness, result, _) = run([code(), poll]);
        let error = result.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Host(_)), "{host}: {error:?}");
        assert_eq!(harness.seen.len(), 2, "{host}");
        assert!(!format!("{} {error:?}", error.chain()).contains("canary"));
    }
}

#[test]
fn a_loopback_login_stays_at_its_own_address() {
    let site = || Site::from_base_allow_loopback(Profile::Web, "http://127.0.0.1:9").unwrap();
    let to =
        |base: &str| ok(format!("window.code=200;window.redirect_uri=\"{base}/page?ticket=t\";"));
    let Answer::Reply(_, _, xml) = page() else { unreachable!() };
    let page =
        Answer::Reply(200, vec![("set-cookie", "webwx_data_ticket=t; Path=/".to_owned())], xml);
    let (harness, result, reported) =
        run_at(site(), [code(), to("http://127.0.0.1:9"), page, init(""), notified()]);
    assert!(result.unwrap().hosts().is_loopback());
    assert!(harness.seen.iter().all(|seen| seen.http().uri().port_u16() == Some(9)));
    let LoginState::Code { link } = &reported[0] else { panic!() };
    assert!(link.expose().starts_with("http://127.0.0.1:9/l/"));
    for elsewhere in
        ["http://127.0.0.1:10", "http://127.0.0.2:9", "https://wx.qq.com", "http://[::1]:9"]
    {
        let error = run_at(site(), [code(), to(elsewhere)]).1.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Host(HostError::Foreign { .. })),
            "{elsewhere}: {error:?}"
        );
    }
}

#[test]
fn a_page_that_sends_on_is_followed_twice_at_the_most() {
    let on = |host: &str| {
        ok(format!(
            "<error><ret>0</ret><redirecturl>https://{host}/x?a=1&amp;b=2</redirecturl></error>"
        ))
    };
    let (harness, result, _) =
        run([code(), polled(2), on("wx2.qq.com"), page(), init(""), notified()]);
    assert_eq!(result.unwrap().hosts().origin(HostRole::Base).host(), "wx2.qq.com");
    assert!(
        harness.seen[3]
            .http()
            .uri()
            .to_string()
            .starts_with("https://wx2.qq.com/x?a=1&b=2&fun=new")
    );
    assert!(run([code(), polled(2), on("wx.qq.com"), on("wx.qq.com"), on("wx.qq.com")]).1.is_err());
    let error = run([code(), polled(2), on("evil.example")]).1.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Host(_)), "{error:?}");
}

#[test]
fn p54_a_redirecturl_is_unescaped() {
    for url in [
        "https://wx2.qq.com/x?a=1&amp;b=2",
        "<![CDATA[https://wx2.qq.com/x?a=1&b=2]]>",
        "<![CDATA[ https://wx2.qq.com/x?a=1&amp;b=2\n]]>",
        r"https:\/\/wx2.qq.com\/x?a=1\x26b=2",
        r"<![CDATA[https:\/\/wx2.qq.com\/x?a=1\u0026amp;b=2]]>",
        "https:&#x2F;&#47;wx2.qq.com/x?a=1&#38;b=2",
        "https://wx2.qq.com/x?a=1&amp;amp;b=2",
    ] {
        let on = ok(format!("<error><ret>0</ret><redirecturl>{url}</redirecturl></error>"));
        let (harness, result, _) = run([code(), polled(2), on, page(), init(""), notified()]);
        assert!(result.is_ok(), "{url}");
        let opened = harness.seen[3].http().uri().to_string();
        assert!(opened.starts_with("https://wx2.qq.com/x?a=1&b=2&fun=new"), "{opened}");
    }
    // The host is checked only after that.
    for url in
        [r"https://wx.qq.com\x40evil.example/", "<![CDATA[https://wx.qq.com&#64;evil.example/]]>"]
    {
        let on = ok(format!("<error><ret>0</ret><redirecturl>{url}</redirecturl></error>"));
        let (harness, result, _) = run([code(), polled(2), on]);
        assert!(matches!(result.unwrap_err().kind, ErrorKind::Host(_)), "{url}");
        assert_eq!(harness.seen.len(), 3);
    }
}

#[test]
fn a_web_page_in_the_place_of_the_login_page_starts_again() {
    let (_, result, reported) = run([
        code(),
        polled(2),
        ok("<!DOCTYPE html><html>"),
        code(),
        polled(2),
        page(),
        init(""),
        notified(),
    ]);
    assert!(result.is_ok());
    assert_eq!(
        names(&reported),
        ["Code", "Confirmed", "ServerProblem", "Code", "Confirmed", "Opened"]
    );
}

#[test]
fn the_caller_can_add_to_the_login_page_and_nothing_is_built_in() {
    let mut harness = Harness::new("", good());
    let mut login = Login::new(Site::new(Profile::Web), SEED, Policy::default())
        .page_pair("mod", "desktop")
        .page_header(HeaderName::from_static("client-version"), HeaderValue::from_static("2.0.0"));
    harness.run(&mut login).unwrap();
    assert!(
        harness.seen[0]
            .http()
            .uri()
            .query()
            .unwrap()
            .contains("webwxnewloginpage%3Fmod%3Ddesktop&fun=new")
    );
    assert!(
        harness.seen[4].http().uri().query().unwrap().contains("&mod=desktop&fun=new&version=v2")
    );
    let with: Vec<_> = harness
        .seen
        .iter()
        .filter(|seen| seen.http().headers().contains_key("client-version"))
        .collect();
    assert_eq!(with.len(), 1);
    let (plain, ..) = run(good());
    assert!(plain.seen.iter().all(|seen| !seen.http().headers().contains_key("client-version")));
}
