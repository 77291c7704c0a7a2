//! Runs one job with one fault against the emulator.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;
use wx_emulator::{Emulator, Incoming, Repeats, Request, serde_json};
use wx_proto::{
    Attachment, Avatar, Error, Fetched, ImageVariant, MediaKind, Outcome, Policy, Recipient, Sent,
    Session,
};
use wx_testing::samples::{TINY_JPEG, TINY_MP4};

use super::client::Client;
use crate::ends::End;
use crate::faults::{Fault, Seen};
use crate::jobs::{Job, Place};

/// The length of what is uploaded: three chunks.
const LEN: usize = 3 * 512 * 1024;
/// The length of what is fetched.
const FETCHED: usize = 512 * 1024;
/// The length above which a file is checked. By default it is 25 MiB.
const CHECK_ABOVE: u64 = 1024 * 1024;

const TEXT: &str = "a text & <more>";

/// A GIF with one pixel.
const TINY_GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\
    \x02D\x01\0;";

/// Noise, which decoders ignore after the end of an image.
static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..LEN as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
});

static JPEG: LazyLock<Vec<u8>> = LazyLock::new(|| followed_by_noise(TINY_JPEG));
static GIF: LazyLock<Vec<u8>> = LazyLock::new(|| followed_by_noise(TINY_GIF));
static MP4: LazyLock<Vec<u8>> = LazyLock::new(|| followed_by_noise(TINY_MP4));
static MP3: LazyLock<Vec<u8>> = LazyLock::new(|| followed_by_noise(b"ID3\x04"));

fn followed_by_noise(first: &[u8]) -> Vec<u8> {
    [first, &NOISE[first.len()..]].concat()
}

#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) job: Job,
    pub(super) place: Place,
    pub(super) fault: &'static Fault,
    pub(super) always: bool,
}

/// A server and a client with a session on it.
struct Bed<C> {
    server: Emulator,
    client: C,
    dir: TempDir,
}

impl Run {
    /// Returns how the job ends, by the rules. `None` if there is no such fault.
    pub(super) fn expected(&self) -> Option<End> {
        let acts = self.fault.emulated?.acts;
        let acted = if self.job.is_fetch() { self.fault.acted[0] } else { acts };
        Some(self.fault.ends(self.job, self.place, acted)?.of(self.always))
    }

    /// Returns the call that the fault hits, and the number of the request.
    fn request(&self) -> (&'static str, usize) {
        let (call, nth) = self.job.request(self.place);
        // The first request is that of the copy to compare with.
        (call, nth + usize::from(self.job == Job::FetchThumbnail))
    }

    /// Returns the fault in the emulator's notation.
    fn notation(&self, elsewhere: &str) -> String {
        let emulated = self.fault.emulated.unwrap();
        let action = if self.job.is_fetch() { emulated.of_a_fetch } else { emulated.action };
        let (call, nth) = self.request();
        let later = if self.always { "+" } else { "" };
        let range = match self.fault.seen {
            Seen::Part(range) => range(FETCHED).unwrap_or_default(),
            _ => String::new(),
        };
        let action = action.replace("URL", elsewhere).replace("PART", &range);
        format!("{action}@{call}#{nth}{later}")
    }

    /// Runs the job, and holds what the client says against what the server has.
    pub(super) fn make<C: Client>(
        &self,
        http: &C::Http,
        repeats: Repeats,
        elsewhere: &str,
    ) -> Result<End, String> {
        let bed = self.bed::<C>(http, repeats, elsewhere);
        let end = if self.job.is_fetch() { self.fetch(&bed) } else { self.send(&bed) }?;
        let (call, nth) = self.request();
        if bed.server.requests_to(call) < nth {
            return Err("the request of the fault was never made".to_owned());
        }
        match &bed.server.violations()[..] {
            [] => Ok(end),
            violations => Err(violations.join(", ")),
        }
    }

    fn bed<C: Client>(&self, http: &C::Http, repeats: Repeats, elsewhere: &str) -> Bed<C> {
        let builder = Emulator::builder().repeats(repeats);
        let builder = builder.fault(self.notation(elsewhere).parse().unwrap());
        let mut policy = Policy::default().with_stall(Duration::from_secs(10));
        let soon = Duration::from_millis(1);
        (policy.back_off, policy.message_wait, policy.recording_wait) = (soon, soon, soon);
        let builder = if self.job.is_checked() {
            policy.check_above = CHECK_ABOVE;
            builder.checked_above(CHECK_ABOVE)
        } else {
            builder
        };
        let server = match self.job {
            Job::FileParallel => builder.profile(wx_emulator::Profile::FileHelper),
            _ => builder,
        }
        .start()
        .unwrap();
        let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
        Bed { server, client: C::new(http, session, policy), dir: tempfile::tempdir().unwrap() }
    }

    fn media(&self) -> &'static [u8] {
        match self.job {
            Job::Image => &JPEG,
            Job::Emoticon => &GIF,
            Job::KnownEmoticon => &GIF[..FETCHED],
            Job::FetchImage | Job::FetchThumbnail | Job::FetchAvatar | Job::Forward => {
                &JPEG[..FETCHED]
            }
            Job::Video => &MP4,
            Job::FetchVideo => &MP4[..FETCHED],
            Job::FetchVoice => &MP3[..FETCHED],
            Job::FetchFile => &NOISE[..FETCHED],
            _ => &NOISE,
        }
    }

    fn to(&self, server: &Emulator) -> Recipient {
        match self.job {
            Job::FileParallel => Recipient::file_helper(),
            _ => Recipient::new(server.friend()).unwrap(),
        }
    }

    fn sent<C: Client>(&self, bed: &Bed<C>) -> Result<Sent, Error> {
        let to = self.to(&bed.server);
        let kind = match self.job {
            Job::Text => return bed.client.send_inline(&to, TEXT.into()),
            Job::KnownEmoticon | Job::Forward => {
                bed.server.deliver(Incoming::image(self.media()));
                let message = bed.client.receive();
                let content = match self.job {
                    Job::Forward => message.forward().unwrap().into(),
                    _ => message.emoticon().unwrap().into(),
                };
                return bed.client.send_inline(&to, content);
            }
            Job::Image => MediaKind::Image,
            Job::Emoticon => MediaKind::Emoticon,
            Job::Video => MediaKind::Video,
            _ => MediaKind::File,
        };
        let original = bed.dir.path().join("original.bin");
        fs::write(&original, self.media()).unwrap();
        bed.client.send_media(&to, &original, kind)
    }

    fn send<C: Client>(&self, bed: &Bed<C>) -> Result<End, String> {
        let sent = self.sent(bed);
        let requests = bed.server.requests();
        let messages = requests.iter().filter(|request| request.endpoint.starts_with("webwxsend"));
        let mut ids: Vec<_> = messages.filter_map(id_of).collect();
        ids.dedup();
        if ids.len() > 1 {
            return Err("more than one id for a message".to_owned());
        }
        let (kind, media, text) = match self.job {
            Job::Text => (1, &[][..], Some(TEXT)),
            Job::Image | Job::Forward => (3, self.media(), None),
            Job::Emoticon | Job::KnownEmoticon => (47, self.media(), None),
            Job::Video => (43, self.media(), None),
            _ => (6, self.media(), None),
        };
        let messages = bed.server.messages();
        let is_right = |message: &wx_emulator::Message| {
            let is_same_text = text.is_none_or(|text| message.text == text);
            message.kind == kind && message.media == media && is_same_text
        };
        match (sent, messages.len()) {
            _ if !messages.iter().all(is_right) => Err("another message arrived".to_owned()),
            (Ok(sent), 1) if messages[0].msg_id == sent.msg_id.as_str() => Ok(End::Sent),
            (Err(error), 0) if error.outcome() == Outcome::NotSent => Ok(End::NotSent),
            (Err(error), n @ (0 | 1)) if error.outcome() == Outcome::Unknown => Ok(End::Unknown(n)),
            (result, n) => Err(format!("{n} messages, but {result:?}")),
        }
    }

    fn fetch<C: Client>(&self, bed: &Bed<C>) -> Result<End, String> {
        let copy = bed.dir.path().join("copy.bin");
        let media = self.media();
        if self.job == Job::FetchAvatar {
            return self.fetch_avatar(bed, &copy);
        }
        bed.server.deliver(match self.job {
            Job::FetchFile => Incoming::file("a.bin", media),
            Job::FetchVideo => Incoming::video(media),
            Job::FetchVoice => Incoming::voice(media),
            _ => Incoming::image(media),
        });
        let mut attachment = bed.client.receive().attachment().unwrap();
        let mut content = media.to_vec();
        if self.job == Job::FetchThumbnail {
            attachment = Attachment::image(attachment.msg_id, ImageVariant::Thumbnail);
            bed.client.fetch(&attachment, &copy).unwrap();
            content = fs::read(&copy).unwrap();
            fs::remove_file(&copy).unwrap();
            if content == media {
                return Err("the image in place of its thumbnail".to_owned());
            }
        }
        let files = || fs::read_dir(bed.dir.path()).unwrap().count();
        let before = files();
        let fetched = bed.client.fetch(&attachment, &copy);
        check_copy(&fetched, &copy, &content, files() - before)
    }
}

impl Run {
    fn fetch_avatar<C: Client>(&self, bed: &Bed<C>, copy: &Path) -> Result<End, String> {
        let friend = self.to(&bed.server).user_name().clone();
        bed.server.set_avatar(friend.as_str(), Some(self.media().into()));
        let fetched = bed.client.fetch_avatar(&Avatar::new(friend), copy);
        let files = fs::read_dir(bed.dir.path()).unwrap().count();
        match fetched.transpose() {
            Some(fetched) => check_copy(&fetched, copy, self.media(), files),
            None if files == 0 => Ok(End::NotSent),
            None => Err(format!("no picture, but {files} files")),
        }
    }
}

/// Returns the end of a fetch that has left `files` files.
fn check_copy(
    fetched: &Result<Fetched, Error>,
    copy: &Path,
    content: &[u8],
    files: usize,
) -> Result<End, String> {
    let is_whole = fs::read(copy).is_ok_and(|bytes| bytes == content);
    match fetched {
        Ok(fetched) if is_whole && files == 1 && fetched.bytes == content.len() as u64 => {
            Ok(End::Sent)
        }
        Err(error) if error.outcome() == Outcome::NotSent && files == 0 => Ok(End::NotSent),
        Ok(_) => Err(format!("a copy, whole: {is_whole}, files: {files}")),
        Err(error) => Err(format!("{files} files, but {}", error.chain())),
    }
}

/// Returns the ClientMsgId of a message, if the message was received completely.
fn id_of(request: &Request) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(request.body.as_ref()?).ok()?;
    Some(json["Msg"]["ClientMsgId"].as_str()?.to_owned())
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = self.expected().map_or_else(String::new, |end| end.to_string());
        write!(f, "{:?}, {}, expected: {expected}", self.job, self.notation("URL"))
    }
}
