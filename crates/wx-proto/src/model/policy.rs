use std::time::Duration;

use crate::model::attachment::AttachmentKind;

/// Limits, numbers of tries, and waits. A default that is a fact of the [protocol](crate::protocol)
/// links to its section there; the others are choices of this library.
///
/// ```
/// let mut policy = wx_proto::Policy::default();
/// policy.max_upload = 50 * 1024 * 1024;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The largest image or emoticon to send, in bytes. Default: 20 MiB
    /// ([§5](crate::protocol#s5)).
    pub max_upload: u64,
    /// The largest video to send, in bytes. Default: 20 MiB − 1, because the official page refuses
    /// videos of 20 MiB ([P80](crate::protocol#p80)).
    pub max_video: u64,
    /// The largest file to send, in bytes. The server's limit is unknown; files of 50 MB have been
    /// sent. Default: 1 GiB.
    pub max_file: u64,
    /// The largest image or voice message to fetch, in bytes, after inflating. Default: 32 MiB.
    pub max_fetch: u64,
    /// The largest file or video to fetch, in bytes, after inflating. Default: 1 GiB, because it is
    /// streamed: it costs memory only if the sink keeps it there.
    pub max_fetch_file: u64,
    /// Whether an image, a video or a voice message in an unknown format is kept as
    /// [`ImageFormat::Unknown`](crate::ImageFormat::Unknown) instead of being refused at its first
    /// bytes. Web pages and JSON are always refused. Default: no.
    pub keep_unknown: bool,
    /// Whether an emoticon that the server does not have is fetched from the addresses in its
    /// message, on hosts under qq.com, qpic.cn and qlogo.cn. The sender of the message chose them,
    /// and these hosts learn the address of this computer. They receive no cookies and nothing else
    /// of the login. The last address is that of a preview, which need not be animated.
    /// Default: no ([P85](crate::protocol#p85)).
    pub outside_hosts: bool,
    /// webwxcheckupload is called for files larger than this. Default: 25 MiB
    /// ([P41](crate::protocol#p41)).
    pub check_above: u64,
    /// The number of tries per chunk or check, including the first; 0 counts as 1. Default: 3
    /// ([P39](crate::protocol#p39)).
    pub chunk_tries: u32,
    /// The wait before the second try of a chunk or a download. It doubles with each further try.
    /// Default: 1 s.
    pub back_off: Duration,
    /// The number of tries per message, including the first; 0 counts as 1. All tries have the same
    /// ClientMsgId. Default: 4 ([§4.7](crate::protocol#s4-7)).
    pub message_tries: u32,
    /// The wait between tries of a message that may have been delivered. Default: 15 s
    /// ([§4.7](crate::protocol#s4-7)).
    pub message_wait: Duration,
    /// The time after its first try in which a message that may have been delivered is sent again.
    /// It also applies to a message that is resumed, unless [`ResumeOptions::resend`] is set.
    /// Default: 60 s, because the retries of the official page end by then
    /// ([§4.7](crate::protocol#s4-7)).
    ///
    /// [`ResumeOptions::resend`]: crate::flow::ResumeOptions::resend
    pub resend_within: Duration,
    /// The number of tries per download, including the first; 0 counts as 1. Each try starts at
    /// byte 0. Default: 3.
    pub fetch_tries: u32,
    /// The minimum wait before a video or a voice message is fetched again whose reply was empty,
    /// because the server may not be ready. Default: 2 s ([P82](crate::protocol#p82)).
    pub recording_wait: Duration,
    /// A chunk has stalled when no byte has moved for this long. Default: 120 s
    /// ([P40](crate::protocol#p40)).
    pub upload_stall: Duration,
    /// A message has stalled when no byte has moved for this long. Default: 20 s, so that two
    /// stalled tries fit into [`Policy::resend_within`]. The official page gives up a try after 15
    /// s ([§4.7](crate::protocol#s4-7)).
    pub message_stall: Duration,
    /// Any other call has stalled when no byte has moved for this long. Default: 30 s.
    pub call_stall: Duration,
    /// The longest wait between two tries of a call that is retried without a limit. Default: 60 s.
    pub longest_back_off: Duration,
    /// A long poll has stalled when no byte has moved for this long. The server holds it for 25 s.
    /// Default: 35 s ([§8.2](crate::protocol#s8-2), [§8.5](crate::protocol#s8-5)).
    pub poll_stall: Duration,
    /// A long poll is given up after this total time. Default: 60 s.
    pub poll_limit: Duration,
    /// While messages are awaited, webwxsync is called this long after the last one even if there
    /// is nothing new, because a login without one ends after 12 hours. Default: 1 h
    /// ([P102](crate::protocol#p102)).
    pub sync_every: Duration,
    /// After this time, an exchange counts as stalled when its average rate is below
    /// [`Policy::min_rate`]. Default: 60 s.
    pub slow_after: Duration,
    /// The minimum average rate of an exchange since it began: bytes per second of both bodies
    /// together. Default: 1024.
    pub min_rate: u64,
    /// The maximum size of the head of a reply in bytes: for each header its name, its value and 4
    /// bytes. Default: 32 KiB.
    pub max_head: usize,
    /// The maximum number of headers of a reply. Default: 100, which is also the limit of reqwest.
    pub max_headers: usize,
    /// The maximum number of QR codes and prompts that one login shows; 0 counts as 1. Default: 10.
    pub login_codes: u32,
    /// The number of tries of the login page, and of the webwxinit after it, once the phone has
    /// confirmed the login; 0 counts as 1. Default: 6, so that server problems of half a minute do
    /// not end the login.
    pub login_tries: u32,
    /// A QR code that was not confirmed within this time is given up, whatever the server replies.
    /// Default: 5 min ([§8.1](crate::protocol#s8-1)).
    pub code_lifetime: Duration,
    /// A ping or a preflight is given up after this time. Default: 1 s
    /// ([P48](crate::protocol#p48)).
    pub side_call_limit: Duration,
    /// Whether to send the side requests of a browser too: three pings and one OPTIONS per file
    /// ([§4.1](crate::protocol#s4-1), [§4.4](crate::protocol#s4-4)). Default: no.
    pub browser_parity: bool,
}

impl Default for Policy {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            max_upload: 20 * MIB,
            max_video: 20 * MIB - 1,
            max_file: 1024 * MIB,
            max_fetch: 32 * MIB,
            max_fetch_file: 1024 * MIB,
            keep_unknown: false,
            outside_hosts: false,
            check_above: 25 * MIB,
            chunk_tries: 3,
            back_off: Duration::from_secs(1),
            message_tries: 4,
            message_wait: Duration::from_secs(15),
            resend_within: Duration::from_secs(60),
            fetch_tries: 3,
            recording_wait: Duration::from_secs(2),
            upload_stall: Duration::from_secs(120),
            message_stall: Duration::from_secs(20),
            call_stall: Duration::from_secs(30),
            longest_back_off: Duration::from_secs(60),
            poll_stall: Duration::from_secs(35),
            poll_limit: Duration::from_secs(60),
            sync_every: Duration::from_secs(3600),
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
    /// Sets `upload_stall`, `message_stall` and `call_stall`. Raises [`Policy::slow_after`] to
    /// `stall` if it is smaller.
    #[must_use]
    pub fn with_stall(mut self, stall: Duration) -> Self {
        self.slow_after = self.slow_after.max(stall);
        (self.upload_stall, self.message_stall, self.call_stall) = (stall, stall, stall);
        self
    }

    /// Returns the largest length in bytes of an attachment of this kind that is fetched:
    /// [`Policy::max_fetch`] or [`Policy::max_fetch_file`].
    #[must_use]
    pub fn fetch_limit(&self, kind: &AttachmentKind) -> u64 {
        match kind {
            AttachmentKind::Image { .. } | AttachmentKind::Voice => self.max_fetch,
            AttachmentKind::File(_) | AttachmentKind::Video => self.max_fetch_file,
        }
    }

    /// Returns the wait after `tries` failed tries.
    pub(crate) fn back_off_after(&self, tries: u32) -> Duration {
        self.back_off.saturating_mul(1 << tries.saturating_sub(1).min(10))
    }
}
