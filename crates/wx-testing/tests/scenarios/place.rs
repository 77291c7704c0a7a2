//! Where a scenario runs: at a loopback address, or under the host names of the real server through
//! the test bed.

use std::cell::RefCell;
use std::ops::Deref;

use wx_emulator::{Builder, Emulator, Profile};
use wx_proto::{Recipient, Session, Site};
use wx_testing::TestBed;

thread_local! {
    /// The page of this thread's scenario. `None` stands for a loopback address.
    static PLACE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// A page under its real host names.
struct Page {
    profile: Profile,
    /// The proxy URL and the authority's certificate of the test bed that was started last.
    route: Option<(String, String)>,
}

/// Runs a scenario on a page under its real host names.
pub(crate) fn run_on(profile: Profile, scenario: impl FnOnce()) {
    PLACE.set(Some(Page { profile, route: None }));
    scenario();
    PLACE.set(None);
}

/// The server of a scenario. Scenarios at a loopback address need no test bed.
pub(crate) enum Server {
    Loopback(Emulator),
    RealNames(Box<TestBed>),
}

impl Server {
    /// Returns the test bed of a scenario under the real host names.
    pub(crate) fn bed(&self) -> &TestBed {
        match self {
            Self::Loopback(_) => panic!("there is no test bed at a loopback address"),
            Self::RealNames(bed) => bed,
        }
    }
}

impl Deref for Server {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        match self {
            Self::Loopback(emulator) => emulator,
            Self::RealNames(bed) => bed.emulator(),
        }
    }
}

/// Checks that all requests went to the hosts to which the official page sends them. Other
/// violations are checked by the scenarios without faults.
impl Drop for Server {
    fn drop(&mut self) {
        if let Self::RealNames(bed) = self
            && !std::thread::panicking()
        {
            let violations = bed.emulator().violations();
            let elsewhere = violations.iter().find(|what| what.contains("not sent to the host"));
            assert_eq!(elsewhere, None);
            assert_eq!(bed.refused(), [""; 0]);
        }
    }
}

fn profile() -> Option<Profile> {
    PLACE.with_borrow(|page| page.as_ref().map(|page| page.profile))
}

pub(crate) fn start(builder: Builder) -> Server {
    let Some(profile) = profile() else { return Server::Loopback(builder.start().unwrap()) };
    let bed = TestBed::start(builder.profile(profile)).unwrap();
    let route = Some((bed.proxy(), bed.authority_pem()));
    PLACE.set(Some(Page { profile, route }));
    Server::RealNames(Box::new(bed))
}

pub(crate) fn session(server: &Server) -> Session {
    read(&match server {
        Server::Loopback(emulator) => emulator.session_json(),
        Server::RealNames(bed) => bed.emulator().session_json_at(match profile() {
            Some(Profile::FileHelper) => "szfilehelper.weixin.qq.com",
            _ => "wx2.qq.com",
        }),
    })
}

/// Loads a saved session.
pub(crate) fn read(json: &str) -> Session {
    match profile() {
        None => Session::from_json_allow_loopback(json).unwrap(),
        Some(_) => Session::from_json(json).unwrap(),
    }
}

pub(crate) fn site(server: &Server) -> Site {
    match profile() {
        None => Site::from_base_allow_loopback(wx_proto::Profile::Web, &server.base()).unwrap(),
        Some(Profile::Web) => Site::new(wx_proto::Profile::Web),
        Some(Profile::FileHelper) => Site::new(wx_proto::Profile::FileHelper),
    }
}

pub(crate) fn friend(server: &Server) -> Recipient {
    let name = match profile() {
        Some(Profile::FileHelper) => "filehelper",
        _ => server.friend(),
    };
    Recipient::new(server.name_in_login(name)).unwrap()
}

/// Makes the clients that this thread creates from now on use SOCKS.
pub(crate) fn over_socks() {
    PLACE.with_borrow_mut(|page| {
        if let Some((proxy, _)) = page.as_mut().and_then(|page| page.route.as_mut()) {
            *proxy = proxy.replace("http:", "socks5h:");
        }
    });
}

/// Returns the proxy URL and the authority's certificate with which a client reaches the server.
pub(crate) fn route() -> Option<(String, String)> {
    PLACE.with_borrow(|page| page.as_ref()?.route.clone())
}
