//! Proxy settings and where they lead, for both clients.

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use wx_client::proxy::ProxySettings;

/// The server's host name. A test has to resolve it to the given address.
pub(crate) const HOST: &str = "login.wx.qq.com";

enum Leads {
    Directly,
    /// To a proxy that receives this request.
    Through(&'static str),
    /// Nowhere: the client is refused with an error that names this variable.
    Nowhere(&'static str),
}

use Leads::{Directly, Nowhere, Through};

const HTTP: Leads = Through("CONNECT login.wx.qq.com:443");
const HTTP_AUTH: Leads = Through("CONNECT login.wx.qq.com:443 Basic YW5uYTpwQHNz");
const SOCKS: Leads = Through("SOCKS of an address");
const SOCKS_AUTH: Leads = Through("SOCKS anna p@ss of an address");
const SOCKS_NAME: Leads = Through("SOCKS of login.wx.qq.com:443");
const SOCKS_NAME_AUTH: Leads = Through("SOCKS anna p@ss of login.wx.qq.com:443");

/// Environment variables and where they lead. `{}` stands for the proxy's address.
const TABLE: [(&[(&str, &str)], Leads); 44] = [
    (&[], Directly),
    (&[("HTTPS_PROXY", "")], Directly),
    (&[("HTTPS_PROXY", " "), ("all_proxy", "")], Directly),
    (&[("HTTP_PROXY", "http://{}")], Directly),
    (&[("http_proxy", "socks4://{}")], Directly),
    (&[("HTTPS_PROXY", "http://{}")], HTTP),
    (&[("https_proxy", "http://{}")], HTTP),
    (&[("ALL_PROXY", "http://{}")], HTTP),
    (&[("all_proxy", "http://{}")], HTTP),
    (&[("HTTPS_PROXY", "{}")], HTTP),
    (&[("HTTPS_PROXY", "HTTP://{}/")], HTTP),
    (&[("HTTPS_PROXY", " http://{} ")], HTTP),
    (&[("HTTPS_PROXY", "http://anna:p%40ss@{}")], HTTP_AUTH),
    (&[("HTTPS_PROXY", "anna:p@ss@{}")], HTTP_AUTH),
    (&[("HTTPS_PROXY", "http://{}"), ("ALL_PROXY", "ftp://{}")], HTTP),
    (&[("HTTPS_PROXY", ""), ("https_proxy", "http://{}")], HTTP),
    (&[("HTTP_PROXY", "ftp://{}"), ("ALL_PROXY", "http://{}")], HTTP),
    (&[("ALL_PROXY", "socks5://{}")], SOCKS),
    (&[("HTTPS_PROXY", "socks5://{}")], SOCKS),
    (&[("all_proxy", "socks5://anna:p%40ss@{}")], SOCKS_AUTH),
    (&[("ALL_PROXY", "socks5h://{}")], SOCKS_NAME),
    (&[("ALL_PROXY", "SOCKS5H://{}")], SOCKS_NAME),
    (&[("HTTPS_PROXY", "socks5h://anna:p%40ss@{}")], SOCKS_NAME_AUTH),
    (&[("ALL_PROXY", "https://{}")], Nowhere("ALL_PROXY")),
    (&[("HTTPS_PROXY", "socks4://{}")], Nowhere("HTTPS_PROXY")),
    (&[("https_proxy", "socks4a://{}")], Nowhere("https_proxy")),
    (&[("all_proxy", "socks://{}")], Nowhere("all_proxy")),
    (&[("HTTPS_PROXY", "ftp://{}")], Nowhere("HTTPS_PROXY")),
    (&[("HTTPS_PROXY", "ftp://{}"), ("ALL_PROXY", "http://{}")], Nowhere("HTTPS_PROXY")),
    (&[("HTTPS_PROXY", "http://127.0.0.1:99999")], Nowhere("HTTPS_PROXY")),
    (&[("HTTPS_PROXY", "http://{}:1")], Nowhere("HTTPS_PROXY")),
    (&[("HTTPS_PROXY", "an unknown request")], Nowhere("HTTPS_PROXY")),
    (&[("HTTPS_PROXY", "http://[::1")], Nowhere("HTTPS_PROXY")),
    (&[("ALL_PROXY", "socks5://anna@{}")], Nowhere("ALL_PROXY")),
    (&[("ALL_PROXY", "ftp://{}"), ("NO_PROXY", "*")], Nowhere("ALL_PROXY")),
    (&[("HTTPS_PROXY", "http://{}"), ("NO_PROXY", "*")], Directly),
    (&[("HTTPS_PROXY", "http://{}"), ("no_proxy", "qq.com")], Directly),
    (&[("ALL_PROXY", "socks5h://{}"), ("NO_PROXY", ".qq.com")], Directly),
    (&[("ALL_PROXY", "socks5://{}"), ("NO_PROXY", "a.com , LOGIN.WX.QQ.COM ")], Directly),
    (&[("HTTPS_PROXY", "http://{}"), ("NO_PROXY", "*.qq.com,")], Directly),
    (&[("HTTPS_PROXY", "http://{}"), ("NO_PROXY", "q.com,in.wx.qq.com,qq.com.evil")], HTTP),
    (&[("HTTPS_PROXY", "http://{}"), ("NO_PROXY", "a.login.wx.qq.com,com.")], Directly),
    (&[("HTTPS_PROXY", "http://{}"), ("NO_PROXY", ""), ("no_proxy", "wx.qq.com")], Directly),
    (&[("HTTPS_PROXY", "http://{}"), ("NO_PROXY", "login*,127.0.0.1,::1,qq.com:80")], HTTP),
];

/// Calls `send` with each of the settings, to send a request. An error means that the settings were
/// refused.
pub(crate) fn check<E: Display + From<wx_client::proxy::ProxyError>>(
    mut send: impl FnMut(&ProxySettings, SocketAddr) -> Result<(), E>,
) {
    check_all(|variables, server| {
        let requested = parse(variables).map_err(E::from).and_then(|found| send(&found, server));
        requested.err().map(|error| error.to_string())
    });
}

fn parse(variables: &[(&str, String)]) -> Result<ProxySettings, wx_client::proxy::ProxyError> {
    ProxySettings::parse(|name: &str| {
        let (_, value) = variables.iter().find(|(set, _)| *set == name)?;
        Some(OsString::from(value))
    })
}

/// The variable with the server's address, which is set in child processes.
const CHILD: &str = "WX_TEST_SERVER";

/// Calls `send` with each of the settings in the environment. A process cannot change its
/// environment safely, so `test` runs again in a child process for each.
pub(crate) fn check_environment<E: Display>(
    test: &str,
    send: impl FnOnce(SocketAddr) -> Result<(), E>,
) {
    if let Ok(server) = env::var(CHILD) {
        if let Err(error) = send(server.parse().unwrap()) {
            println!("\n{REFUSED}{error}");
        }
        return;
    }
    check_all(|variables, server| {
        let output_text = run_again(test, variables, &server.to_string());
        output_text.lines().find_map(|line| line.strip_prefix(REFUSED)).map(str::to_owned)
    });
}

const REFUSED: &str = "refused: ";

/// Calls `send` with a proxy, and without one, to check that the environment is then ignored.
/// `test` runs again in a child process for each.
pub(crate) fn check_choices<E: Display>(
    test: &str,
    mut send: impl FnMut(Option<&str>, SocketAddr) -> Result<(), E>,
) {
    if env::var_os(CHILD).is_none() {
        for other in ["ftp://127.0.0.1:1", "http://127.0.0.1:1"] {
            run_again(test, &[("HTTPS_PROXY", other.to_owned())], "");
        }
        return;
    }
    let (server, at_server) = listen(read_client_hello);
    let (proxy, at_proxy) = listen(read_proxy_request);
    for scheme in ["http", "socks5h"] {
        let requested = send(Some(&format!("{scheme}://{proxy}")), server);
        assert_eq!(requested.map_err(|error| error.to_string()), Ok(()));
        assert!(at_proxy.try_recv().unwrap().ends_with("login.wx.qq.com:443"));
    }
    assert_eq!(send(None, server).map_err(|error| error.to_string()), Ok(()));
    assert_eq!(at_server.try_iter().collect::<Vec<_>>(), ["TLS 22"]);
    assert_eq!(at_proxy.try_iter().count(), 0);
}

/// Runs a test of this executable with these environment variables and no other proxy variables.
/// Returns its output.
fn run_again(test: &str, variables: &[(&str, String)], server: &str) -> String {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(CHILD, server);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = child.envs(variables.iter().cloned()).output().unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output_text.contains("1 passed"), "{output_text}{failed}");
    output_text
}

/// Calls `send` with each of the settings. `send` sends a request, and returns the error if the
/// client was refused.
fn check_all(mut send: impl FnMut(&[(&'static str, String)], SocketAddr) -> Option<String>) {
    let (server, at_server) = listen(read_client_hello);
    let (proxy, at_proxy) = listen(read_proxy_request);
    for (variables, leads) in &TABLE {
        let with_proxy = |value: &str| value.replace("{}", &proxy.to_string());
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, with_proxy(value))).collect();
        // What a report on the client says.
        let is_direct =
            parse(&variables).is_ok_and(|found| found.proxy().is_none() || found.excludes(HOST));
        assert_eq!(is_direct, matches!(leads, Directly), "{variables:?}");
        let refused = send(&variables, server);
        let output_text = refused.as_deref().and_then(|error| error.split(' ').next());
        let (direct, proxied) = (at_server.try_recv().ok(), at_proxy.try_recv().ok());
        let expected = match leads {
            Directly => (Some("TLS 22"), None, None),
            Through(heard) => (None, Some(*heard), None),
            Nowhere(variable) => (None, None, Some(*variable)),
        };
        assert_eq!((direct.as_deref(), proxied.as_deref(), output_text), expected, "{variables:?}");
    }
}

/// Returns the first message that a TLS server receives.
fn read_client_hello(stream: &mut TcpStream) -> std::io::Result<String> {
    let [first] = read(stream)?;
    Ok(format!("TLS {first}"))
}

/// Reports what each connection receives, and then closes it.
fn listen(
    read: impl Fn(&mut TcpStream) -> std::io::Result<String> + Send + 'static,
) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, reports) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let report = read(&mut stream).unwrap_or_else(|error| error.to_string());
            // The connection is closed only after the report, and the client then gives up.
            if sender.send(report).is_err() {
                return;
            }
        }
    });
    (address, reports)
}

/// Returns the request that an HTTP or SOCKS proxy receives.
fn read_proxy_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let [first] = read(stream)?;
    if first != 5 {
        let mut head = vec![first];
        while !head.ends_with(b"\r\n\r\n") {
            let [byte] = read(stream)?;
            head.push(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let requested = head.split(" HTTP/1.1").next().unwrap_or_default();
        let credentials = head.lines().filter_map(|line| line.split_once(": "));
        let credentials =
            credentials.filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
        return Ok(credentials
            .fold(requested.to_owned(), |requested, (_, value)| format!("{requested} {value}")));
    }
    let methods = read_text(stream)?;
    let credentials = if methods.contains('\x02') {
        stream.write_all(&[5, 2])?;
        let [_version] = read(stream)?;
        let credentials = format!(" {} {}", read_text(stream)?, read_text(stream)?);
        stream.write_all(&[1, 0])?;
        credentials
    } else {
        stream.write_all(&[5, 0])?;
        String::new()
    };
    let [_version, _command, _reserved, kind] = read(stream)?;
    let of = if kind == 3 {
        let name = read_text(stream)?;
        format!("{name}:{}", u16::from_be_bytes(read(stream)?))
    } else {
        "an address".to_owned()
    };
    Ok(format!("SOCKS{credentials} of {of}"))
}

fn read<const LEN: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; LEN]> {
    let mut bytes = [0; LEN];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a string that is preceded by its length in one byte.
fn read_text(stream: &mut TcpStream) -> std::io::Result<String> {
    let [len] = read(stream)?;
    let mut bytes = vec![0; len.into()];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
