use std::time::Duration;

/// Limits, tries and waits, as data. Where a figure has a source, its § in `docs/protocol.md`
/// stands beside it; the others are this library's choice.
///
/// ```
/// let mut policy = wx_proto::Policy::default();
/// policy.max_picture = 50 * 1024 * 1024;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The largest picture to send, in bytes. Default 20 MiB (§5).
    pub max_picture: u64,
    /// The largest picture to fetch, in bytes, after inflating. Default 32 MiB.
    pub max_fetch: u64,
    /// Whether a download that is whole and no picture of a known format is kept, as
    /// [`ImageFormat::Unknown`](crate::ImageFormat::Unknown), and not refused. Web pages and JSON
    /// are always refused. Default no.
    pub keep_unknown: bool,
    /// webwxcheckupload is called for pictures larger than this. Default 25 MiB (P41).
    pub check_above: u64,
    /// Tries of a chunk or a check, the first included; 0 counts as 1. Default 3 (P39).
    pub chunk_tries: u32,
    /// The wait before the second try of a chunk or a download; it doubles with each further one.
    /// Default 1 s.
    pub back_off: Duration,
    /// Tries of a message, all with the same ClientMsgId, the first included; 0 counts as 1.
    /// Default 4 (§4.7).
    pub message_tries: u32,
    /// The wait between the tries of a message that may have been delivered. Default 15 s (§4.7).
    pub message_wait: Duration,
    /// A message that may have been delivered is handed out again only within this time of its
    /// first hand-out, in one process and after it was saved; later only on request. Default 60 s:
    /// the page's own repeats end by then (§4.7).
    pub resend_within: Duration,
    /// Tries of a download, each from byte 0, the first included; 0 counts as 1. Default 3.
    pub fetch_tries: u32,
    /// A chunk has stalled when no byte moved for this long. Default 120 s (P40).
    pub upload_stall: Duration,
    /// A message has stalled when no byte moved for this long. Default 20 s, so that two stalled
    /// tries fit into [`Policy::resend_within`]; the page gives up a try after 15 s (§4.7).
    pub message_stall: Duration,
    /// Every other call has stalled when no byte moved for this long. Default 30 s.
    pub call_stall: Duration,
    /// The longest wait between two tries of a call that is repeated without end. Default 60 s.
    pub longest_back_off: Duration,
    /// A call that the server holds until something happens, which takes 25 s, has stalled when no
    /// byte moved for this long. Default 35 s (§8.2, §8.5).
    pub poll_stall: Duration,
    /// A call that the server holds is given up after this long in all. Default 60 s.
    pub poll_limit: Duration,
    /// From this long after it began, an exchange has stalled while it averages less than
    /// [`Policy::min_rate`]. Default 60 s.
    pub slow_after: Duration,
    /// The least average rate of an exchange since it began, in bytes of its two bodies per second.
    /// Default 1024.
    pub min_rate: u64,
    /// The largest head of a reply, in bytes; each header counts its name, its value and 4 bytes
    /// more. Default 32 KiB.
    pub max_head: usize,
    /// The most headers of a reply. Default 100, which is also the most that reqwest reads.
    pub max_headers: usize,
    /// How many codes one login shows at most, and questions it asks, until one is confirmed; 0
    /// counts as 1. Default 10.
    pub login_codes: u32,
    /// Tries of the login page, and of the webwxinit after it, once the phone has confirmed; 0
    /// counts as 1. Default 6: half a minute of trouble does not cost the login.
    pub login_tries: u32,
    /// A code that was not confirmed for this long is given up, whatever the server says. Default 5
    /// min (§8.1).
    pub code_lifetime: Duration,
    /// A ping or preflight is given up after this long. Default 1 s (P48).
    pub side_call_limit: Duration,
    /// Whether to send the browser's artefacts too: three pings and one OPTIONS a file (§4.1,
    /// §4.4). Default no.
    pub browser_parity: bool,
}

impl Default for Policy {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            max_picture: 20 * MIB,
            max_fetch: 32 * MIB,
            keep_unknown: false,
            check_above: 25 * MIB,
            chunk_tries: 3,
            back_off: Duration::from_secs(1),
            message_tries: 4,
            message_wait: Duration::from_secs(15),
            resend_within: Duration::from_secs(60),
            fetch_tries: 3,
            upload_stall: Duration::from_secs(120),
            message_stall: Duration::from_secs(20),
            call_stall: Duration::from_secs(30),
            longest_back_off: Duration::from_secs(60),
            poll_stall: Duration::from_secs(35),
            poll_limit: Duration::from_secs(60),
            slow_after: Duration::from_secs(60),
            min_rate: 1024,
            max_head: 32 * 1024,
            max_headers: 100,
            login_codes: 10,
            login_tries: 6,
            code_lifetime: Duration::from_secs(300),
            side_call_limit: Duration::from_secs(1),
            browser_parity: false,
        }
    }
}

impl Policy {
    /// Sets the stalls of all calls that the server answers at once. A stall that is longer than
    /// [`Policy::slow_after`] raises that too: whoever asks for patience gets it.
    #[must_use]
    pub fn with_stall(mut self, stall: Duration) -> Self {
        self.slow_after = self.slow_after.max(stall);
        (self.upload_stall, self.message_stall, self.call_stall) = (stall, stall, stall);
        self
    }

    /// The wait after the `tries`th try, counted from 1.
    pub(crate) fn back_off_after(&self, tries: u32) -> Duration {
        self.back_off.saturating_mul(1 << tries.saturating_sub(1).min(10))
    }
}
