//! What each job sends or fetches, and flows that begin it.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::flow::{Fetch, FetchAvatar, SendMessage};
use wx_proto::{
    Attachment, Avatar, Emoticon, Error, ImageVariant, InlineContent, Media, MediaKind, MsgId,
    Policy, Recipient, Session,
};
use wx_testing::harness::{CHUNK, Harness, SEED, jpeg, session, to};
use wx_testing::samples::TINY_MP4;

use super::server::{Reply, Server};
use crate::jobs::{Job, Place, SEND_PLACES};
use crate::rules::Repeats;

/// The length of what is uploaded: three chunks.
const LEN: usize = 2 * CHUNK + 1;
/// The length of what is fetched.
const FETCHED: usize = 30_000;
/// Less than what is uploaded.
const CHECK_ABOVE: u64 = 2 * CHUNK as u64;
/// More than what is fetched, and less than a padded reply.
const MAX_FETCH: u64 = 100_000;

const TEXT: &str = "a text & <more>";
/// The MD5 of an emoticon.
const MD5: &str = "44682e637b75a3f5d6747d61dbd23a15";
/// The content of an image that is forwarded.
const XML: &str = "<msg><img length=\"9\" md5=\"44682e637b75a3f5d6747d61dbd23a15\" /></msg>";

/// A job and its data.
pub(super) struct Sample {
    job: Job,
    pub(super) session: Session,
    pub(super) to: Recipient,
    /// The bytes that have to arrive.
    pub(super) content: Bytes,
    /// What can be fetched: the media and its thumbnail.
    pub(super) media: [Bytes; 2],
    /// The send after its media was read once, without and with side calls.
    sends: Option<[SendMessage; 2]>,
}

fn file_helper() -> Session {
    let builder = Session::builder("https://filehelper.weixin.qq.com").uin(1).sid("s").skey("k");
    builder.user_name("@me").data_ticket("t").build().unwrap()
}

/// Returns bytes that begin with `first`.
fn bytes(first: &[u8], len: usize) -> Bytes {
    [first, &jpeg(len)[first.len()..]].concat().into()
}

fn policy(job: Job, side_calls: bool) -> Policy {
    let mut policy = Policy::default();
    policy.browser_parity = side_calls;
    policy.max_fetch = MAX_FETCH;
    if job.is_checked() {
        policy.check_above = CHECK_ABOVE;
    }
    policy
}

impl Sample {
    pub(super) fn new(job: Job) -> Self {
        let fetched = match job {
            Job::FetchVideo => bytes(TINY_MP4, FETCHED),
            Job::FetchVoice => bytes(b"ID3\x04", FETCHED),
            _ => jpeg(FETCHED),
        };
        let media = [fetched, jpeg(FETCHED / 2)];
        let content = match job {
            Job::Image => jpeg(LEN),
            Job::Emoticon => bytes(b"GIF89a\x01\0\x01\0\0\0\0", LEN),
            Job::Video => bytes(TINY_MP4, LEN),
            Job::File | Job::FileByCheck | Job::FileParallel => bytes(b"PK\x03\x04", LEN),
            Job::Text => TEXT.into(),
            Job::KnownEmoticon => MD5.into(),
            Job::Forward => XML.into(),
            Job::FetchThumbnail => media[1].clone(),
            Job::FetchImage
            | Job::FetchVideo
            | Job::FetchVoice
            | Job::FetchFile
            | Job::FetchAvatar => media[0].clone(),
        };
        let (session, to) = match job {
            Job::FileParallel => (file_helper(), Recipient::file_helper()),
            _ => (session(), to()),
        };
        let mut sample = Self { job, session, to, content, media, sends: None };
        if !job.is_fetch() {
            sample.sends = Some([false, true].map(|side_calls| sample.read_once(side_calls)));
        }
        sample
    }

    /// Returns the content of a message without an upload.
    fn inline(&self) -> Option<InlineContent> {
        Some(match self.job {
            Job::Text => TEXT.into(),
            Job::KnownEmoticon => Emoticon::from_md5(MD5.parse().unwrap()).into(),
            Job::Forward => {
                let forward = json!({ "kind": "image", "content": XML });
                InlineContent::Forward(serde_json::from_value(forward).unwrap())
            }
            _ => return None,
        })
    }

    /// Begins a send, and has it read its media except for the last byte, which takes longest.
    fn read_once(&self, side_calls: bool) -> SendMessage {
        let policy = policy(self.job, side_calls);
        if let Some(content) = self.inline() {
            let to = self.to.clone();
            return SendMessage::inline(&self.session, content, to, SEED, policy).unwrap();
        }
        let kind = match self.job {
            Job::Image => MediaKind::Image,
            Job::Emoticon => MediaKind::Emoticon,
            Job::Video => MediaKind::Video,
            _ => MediaKind::File,
        };
        let media = Media::new("a.bin", LEN as u64, &self.content).unwrap().sent_as(kind);
        // A checksum of each chunk would take most of the time.
        let media = media.unwrap().immutable();
        let mut flow =
            SendMessage::media(&self.session, media, self.to.clone(), SEED, policy).unwrap();
        let mut harness = Harness::new(self.content.clone(), []).with_session(&self.session);
        harness.steps_left = LEN / CHUNK;
        assert!(harness.run_until_killed(&mut flow).is_none());
        flow
    }

    /// Runs the job to its end.
    pub(super) fn run(&self, harness: &mut Harness, side_calls: bool) -> Result<Outcome, Error> {
        match &self.sends {
            Some(sends) => {
                let mut flow = sends[usize::from(side_calls)].clone();
                Ok(Outcome::Sent(harness.run(&mut flow)?.msg_id))
            }
            None if self.job == Job::FetchAvatar => {
                let avatar = Avatar::new(self.to.user_name().clone());
                let policy = policy(self.job, false);
                let flow = FetchAvatar::new(&self.session, avatar, true, SEED, policy);
                let fetched = harness.run(&mut flow.unwrap())?;
                Ok(fetched.map_or(Outcome::NoPicture, |it| Outcome::Fetched(it.bytes)))
            }
            None => {
                let fetched = harness.run(&mut self.fetch())?;
                Ok(Outcome::Fetched(fetched.bytes))
            }
        }
    }

    fn fetch(&self) -> Fetch {
        let id = MsgId::new("7").unwrap();
        let attachment = match self.job {
            Job::FetchFile => serde_json::from_value(json!({
                "msg_id": "7", "kind": "file", "sender": "@0a", "media_id": "@m",
                "encry_file_name": "a%2Ebin", "name": "a.bin", "len": FETCHED,
            }))
            .unwrap(),
            Job::FetchThumbnail => Attachment::image(id, ImageVariant::Thumbnail),
            Job::FetchVideo => Attachment::video(id),
            Job::FetchVoice => Attachment::voice(id),
            _ => Attachment::image(id, ImageVariant::Original),
        };
        Fetch::new(&self.session, attachment, true, SEED, policy(self.job, false)).unwrap()
    }

    /// Returns a harness for the job, without replies.
    pub(super) fn harness(&self) -> Harness {
        Harness::new(self.content.clone(), []).with_session(&self.session)
    }

    /// Returns the places of the requests that the job makes without a fault.
    pub(super) fn requests(&self, side_calls: bool) -> Vec<Place> {
        let server = RefCell::new(Server::new(Repeats::Replaced, self.media.clone()));
        let server = Rc::new(server);
        let mut harness = self.harness();
        harness.respond = Box::new({
            let server = Rc::clone(&server);
            move |request| Reply::answer(server.borrow_mut().handle(request))
        });
        self.run(&mut harness, side_calls).unwrap();
        let mut made: Vec<Place> = Vec::new();
        for seen in &harness.seen {
            let is_options = seen.http().method() == "OPTIONS";
            let same = |place: &&Place| {
                let (call, _) = self.job.request(**place);
                call == seen.endpoint() && (**place == Place::Preflight) == is_options
            };
            let places = SEND_PLACES.iter().chain(&[Place::Download]);
            let place = places.filter(same).find(|place| !made.contains(place));
            // There is one place for all pings.
            let is_ping = seen.endpoint() == self.job.request(Place::Ping).0;
            made.extend(place.filter(|place| !is_ping || !made.contains(place)));
            assert!(is_ping || place.is_some(), "{} has no place", seen.endpoint());
        }
        made
    }
}

/// What a job that went well says.
pub(super) enum Outcome {
    Sent(MsgId),
    /// The number of bytes.
    Fetched(u64),
    NoPicture,
}
