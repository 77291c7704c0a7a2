//! Where the scenarios are: under the host names of the real server, through the test bed.

use std::cell::RefCell;
use std::ops::Deref;

use wx_emulator::{Builder, Emulator, Profile};
use wx_proto::{Recipient, Session, Site};
use wx_testing::TestBed;

thread_local! {
    /// The page that the scenario of this thread is about, and the way to the bed it started last.
    static PAGE: RefCell<(Profile, Option<(String, String)>)> = const { RefCell::new((Profile::Web, None)) };
}

/// Runs a scenario on a page.
pub(crate) fn on(profile: Profile, scenario: impl FnOnce()) {
    PAGE.set((profile, None));
    scenario();
}

pub(crate) struct Server(TestBed);

impl Server {
    /// What stands before the emulator.
    pub(crate) fn bed(&self) -> &TestBed {
        &self.0
    }
}

impl Deref for Server {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        self.0.emulator()
    }
}

/// Everything a scenario did went where the official page goes. Other violations are the business
/// of scenarios without faults.
impl Drop for Server {
    fn drop(&mut self) {
        let elsewhere = self.violations();
        let elsewhere = elsewhere.iter().find(|what| what.contains("not sent to the host"));
        if !std::thread::panicking() {
            assert_eq!(elsewhere, None);
            assert_eq!(self.0.refused(), [""; 0]);
        }
    }
}

fn profile() -> Profile {
    PAGE.with_borrow(|(profile, _)| *profile)
}

pub(crate) fn start(builder: Builder) -> Server {
    let bed = TestBed::start(builder.profile(profile())).unwrap();
    PAGE.with_borrow_mut(|(_, route)| *route = Some((bed.proxy(), bed.authority_pem())));
    Server(bed)
}

pub(crate) fn session(server: &Server) -> Session {
    let page = match profile() {
        Profile::Web => "wx2.qq.com",
        Profile::FileHelper => "szfilehelper.weixin.qq.com",
    };
    read(&server.session_json_at(page))
}

/// A session that was saved.
pub(crate) fn read(json: &str) -> Session {
    Session::from_json(json).unwrap()
}

pub(crate) fn site(_: &Server) -> Site {
    Site::new(match profile() {
        Profile::Web => wx_proto::Profile::Web,
        Profile::FileHelper => wx_proto::Profile::FileHelper,
    })
}

pub(crate) fn friend(server: &Server) -> Recipient {
    Recipient::new(match profile() {
        Profile::Web => server.friend(),
        Profile::FileHelper => "filehelper",
    })
    .unwrap()
}

/// The clients of this thread that are made from here on use SOCKS.
pub(crate) fn over_socks() {
    PAGE.with_borrow_mut(|(_, route)| {
        if let Some((proxy, _)) = route {
            *proxy = proxy.replace("http:", "socks5h:");
        }
    });
}

/// The URL of the proxy and the certificate of the authority that lead to the server.
pub(crate) fn route() -> Option<(String, String)> {
    PAGE.with_borrow(|(_, route)| route.clone())
}

/// Runs scenarios on both pages: all but those that need no emulator, and those that count on one
/// connection for the uploads and the messages.
macro_rules! on_both_pages {
    ($transport:ty: $($name:ident)*) => { $(
        #[test]
        fn $name() {
            for profile in [Profile::Web, Profile::FileHelper] {
                place::on(profile, scenarios::$name::<$transport>);
            }
        }
    )* };
    ($transport:ty) => {
        on_both_pages! { $transport:
            pictures_arrive_byte_for_byte fetches_into_every_sink progress_is_told_in_time
            faults_while_sending odd_answers_to_an_upload_are_told
            an_appended_repeat_starts_over faults_while_fetching failures_leave_no_file
            a_slow_answer_is_no_stall a_slow_answer_stalls_only_below_the_rate the_repeat_is_on_a_new_connection_whatever_else_is_idle
            a_reused_connection_that_stalls_is_not_closed nothing_shows_secrets
            the_whole_life_of_a_login the_session_moves_on_and_clones_share_it
            trouble_with_the_network_neither_loses_nor_repeats
            the_end_of_a_login_ends_the_messages trouble_while_logging_in
            two_that_wait_share_the_messages odd_bytes_of_strangers_stop_nothing
            pictures_keep_their_distance
            only_pictures_to_be_uploaded_keep_their_distance
        }

        /// The File Transfer Helper has one recipient.
        #[test]
        fn fan_out() {
            place::on(Profile::Web, scenarios::fan_out::<$transport>);
        }
    };
}
pub(crate) use on_both_pages;
