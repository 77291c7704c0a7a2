//! The reasons why our requests differ from a browser's: groups of differences, each with its
//! reason.

pub(crate) const REASONS: &[(&[&str], &str)] = &[
    (&["header accept-encoding"], "a truncated body is recognised by its raw length ([§3.2])"),
    (
        &[
            "header accept-language",
            "header sec-…",
            "header cache-control",
            "header upgrade-insecure-requests",
        ],
        "they describe the browser and the origin of the request; no source shows that the server \
         reads them",
    ),
    (&["header connection"], "the default of HTTP/1.1"),
    (
        &["order of the headers", "spelling of the headers' names"],
        "determined by the HTTP client; neither has a meaning in HTTP",
    ),
    (
        &["order, cookie"],
        "a cookie that is set again keeps its place, as in RFC 6265; Chromium moves it to the end \
         if its value has changed",
    ),
    (
        &[
            "cookie MM_WX_NOTIFY_STATE",
            "cookie MM_WX_SOUND_STATE",
            "cookie last_wxuin",
            "cookie login_frequency",
        ],
        "the page's script keeps its own settings there; the server set none of them ([§2.3])",
    ),
    (&["cookie webwx_data_ticket"], "telemetry needs no credentials ([P48])"),
    (&["body id"], "the page counts its files; here, each job has one file ([§4.6])"),
    (
        &["by default, OPTIONS", "by default, reportforweb"],
        "habits of a browser without any effect ([§4.1], [§4.4])",
    ),
    (
        &["calls of webwxinit", "calls of webwxlogout"],
        "recorded twice, although there was one login and one click",
    ),
    (&["call qrcode"], "the program shows the code itself, from its link"),
    (&["call webwxstatreport"], "telemetry about the page's script"),
    (
        &["call webwxgeticon"],
        "the compared job fetches no avatars; their addresses are the server's ([P86])",
    ),
    (&["call webwxsendmsg"], "the compared job sends no text; texts are compared with [P61]"),
    (
        &[
            "call reportforweb",
            "call synccheck",
            "call webwxlogout",
            "call webwxsendappmsg",
            "call webwxsendemoticon",
            "call webwxstatusnotify, Code 3",
        ],
        "the recorded page was a substitute, which makes fewer calls; here, they are made as on \
         the official page",
    ),
    (
        &[
            "body BaseRequest.Uin",
            "body uploadmediarequest.FileMd5",
            "header accept",
            "query lang",
            "query sid",
            "query skey",
        ],
        "no source shows what the page's own script sends: the recorded page was a substitute, \
         and clients differ; here, it is sent as on the official page",
    ),
];
