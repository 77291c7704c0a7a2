mod digest;
mod saved;

use bytes::Bytes;
use http::Response;

use self::digest::{Digest, Digested, Whole};
use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
use super::snapshot::{SavedJob, SavedUpload};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::check_upload::{CheckUpload, UploadCheck};
use crate::endpoint::preflight::Preflight;
use crate::endpoint::report::Report;
use crate::endpoint::upload_media::{Accepted, CHUNK, ChunkForm, UploadChunk, UploadMedia};
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::MediaId;
use crate::model::md5::Md5;
use crate::model::media::Media;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::reply_error::ReplyError;
use crate::model::ret::RetClass;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

/// Uploads a picture and ends with its MediaId.
///
/// ```text
///   digest ─► [pings] ─► check, above 25 MiB ─► [OPTIONS] ─► chunk 0 ─► chunk 1 ─► … ─► Uploaded
///                          │                                  ▲                     │      ▲
///                          │                                  └─ once, under another ┘      │
///                          │                                     ClientMediaId, if a        │
///                          │                                     repeated chunk was put     │
///                          │                                     together wrongly           │
///                          └─ the server knows the picture ─────────────────────────────────┘
/// ```
///
/// What is in brackets is sent with [`Policy::browser_parity`] only. A chunk's bytes are loaded
/// when it is due and compared with what was digested, so a picture that changes in between is
/// noticed before the changed part leaves; one that [cannot change](Media::immutable) is not
/// compared, and one of a single chunk is loaded once.
#[derive(Clone, Debug)]
pub struct Upload(Runner<Uploading>);

impl Upload {
    /// Uploads `picture`, meant for `to`; the result can be sent to others too.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session cannot upload; nothing is sent then.
    pub fn new(
        session: &Session,
        picture: Media,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let job = Uploading::new(session, picture, to, seed)?;
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(Upload(Uploading) -> Uploaded, saved);

/// The job, which is also the first half of [`SendImage`](super::SendImage).
#[derive(Clone, Debug)]
pub(super) struct Uploading {
    to: Recipient,
    seed: Seed,
    media: UploadMedia,
    /// What the chunks' requests are made of, once `media` is complete.
    form: Option<Box<ChunkForm>>,
    sums: Vec<u64>,
    /// The picture, if it is one chunk: it is not loaded again.
    whole: Option<Whole>,
    /// The chunk that is due, and so the number of those acknowledged.
    chunk: u32,
    /// Whether a chunk of this attempt may have reached the server more than once.
    repeated: bool,
    started_over: bool,
    /// Set while this is a saved upload that was taken up: what was saved of it.
    saved: Option<SavedUpload>,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Digest(Digest),
    /// The pings, the next of which is the last.
    Ping(Vec<Report>),
    Check,
    Preflight,
    Load,
    Send(Whole),
}

impl Uploading {
    pub(super) fn new(
        session: &Session,
        picture: Media,
        to: Recipient,
        seed: Seed,
    ) -> Result<Self, Error> {
        session.check_upload(seed.unix_ms).map_err(|unready| Error::new(Step::Prepare, unready))?;
        picture.check(session.site().profile())?;
        let stage = Stage::Digest(Digest::new(&picture));
        Ok(Self {
            media: UploadMedia::new(picture, None, to.clone(), seed),
            to,
            seed,
            form: None,
            sums: Vec::new(),
            whole: None,
            chunk: 0,
            repeated: false,
            started_over: false,
            saved: None,
            stage,
        })
    }

    pub(super) fn to(&self) -> &Recipient {
        &self.to
    }

    fn picture(&self) -> &Media {
        self.media.picture()
    }

    /// The picture's MD5: every call that needs it comes after [`Stage::Digest`].
    fn md5(&self) -> Result<Md5, ErrorKind> {
        self.media.md5().ok_or(ErrorKind::Changed)
    }

    fn digested(&mut self, digested: Digested, cx: &Cx<'_>) -> Result<Next<Uploaded>, ErrorKind> {
        if let Some(saved) = &self.saved {
            if saved.md5.is_some_and(|md5| md5 != digested.md5) {
                return Err(ErrorKind::OtherPicture);
            }
            // Above the limit of the check its ticket is part of every form and is not saved: from
            // the first chunk then.
            let from_start = self.picture().len() > cx.policy.check_above;
            self.chunk = if from_start { 0 } else { saved.acked };
            self.repeated = true;
        }
        self.media = self.media.clone().digested(digested.md5);
        (self.sums, self.whole) = (digested.sums, digested.whole);
        if !cx.policy.browser_parity || self.saved.is_some() {
            return Ok(self.check(cx));
        }
        let mut reports = Vec::from(Report::for_upload(self.picture().len(), digested.ms));
        reports.reverse();
        self.stage = Stage::Ping(reports);
        Ok(Next::Call(Retry::side_call()))
    }

    /// The check, if the picture is large enough, else the chunks (P41).
    fn check(&mut self, cx: &Cx<'_>) -> Next<Uploaded> {
        if self.picture().len() <= cx.policy.check_above {
            return self.first_chunk(cx);
        }
        self.stage = Stage::Check;
        Next::Call(Retry::call(cx.policy))
    }

    fn first_chunk(&mut self, cx: &Cx<'_>) -> Next<Uploaded> {
        if !cx.policy.browser_parity {
            return self.next_chunk(cx);
        }
        self.stage = Stage::Preflight;
        Next::Call(Retry::side_call())
    }

    /// The chunk that is due: to be loaded, or sent as it was digested.
    fn next_chunk(&mut self, cx: &Cx<'_>) -> Next<Uploaded> {
        match self.whole.clone() {
            Some(whole) => self.send(whole, cx),
            None => {
                self.stage = Stage::Load;
                Next::Read(digest::span(u64::from(self.chunk), self.picture().len()))
            }
        }
    }

    fn send(&mut self, bytes: Whole, cx: &Cx<'_>) -> Next<Uploaded> {
        self.stage = Stage::Send(bytes);
        Next::Call(Retry::chunk(cx.policy))
    }

    /// After a ping or a preflight, whatever came of it.
    fn side_call_over(&mut self, cx: &Cx<'_>) -> Next<Uploaded> {
        match &mut self.stage {
            Stage::Ping(reports) => {
                reports.pop();
                match reports.is_empty() {
                    true => self.check(cx),
                    false => Next::Call(Retry::side_call()),
                }
            }
            _ => self.next_chunk(cx),
        }
    }

    /// The picture at the server, of whose chunks none was needed.
    fn uploaded(&self, media_id: MediaId) -> Result<Uploaded, ErrorKind> {
        Ok(Uploaded {
            media_id,
            name: self.picture().name().to_owned(),
            kind: self.picture().kind(),
            thumbnail: None,
            encry_file_name: None,
            bytes: self.picture().len(),
            md5: self.md5()?,
            chunks: 0,
            server_byte_count: None,
        })
    }

    /// A chunk is acknowledged: the next one, or the end.
    fn accepted(&mut self, accepted: Accepted, cx: &Cx<'_>) -> Result<Next<Uploaded>, Fail> {
        if self.chunk + 1 < self.media.chunks() {
            self.repeated |= cx.repeated;
            self.chunk += 1;
            return Ok(self.next_chunk(cx));
        }
        // Only the last one's MediaId means anything.
        let media_id = accepted.media_id()?;
        self.repeated |= cx.repeated;
        let len = self.picture().len();
        let odd = accepted.start_pos.filter(|pos| *pos != len);
        if let Some(got) = odd.filter(|_| self.repeated) {
            return Ok(self.start_over(ReplyError::Assembled { expected: len, got }, cx)?);
        }
        self.chunk += 1;
        Ok(Next::Done(Uploaded {
            thumbnail: accepted.thumbnail,
            encry_file_name: accepted.encry_file_name,
            chunks: self.media.chunks(),
            server_byte_count: odd.filter(|pos| *pos != 0),
            ..self.uploaded(media_id)?
        }))
    }

    /// A server that appends a repeated chunk has another file by now. Under another ClientMediaId
    /// it begins afresh; a second time is too much.
    fn start_over(&mut self, why: ReplyError, cx: &Cx<'_>) -> Result<Next<Uploaded>, ErrorKind> {
        if self.started_over {
            return Err(why.into());
        }
        self.media = self.media.clone().started_over();
        (self.chunk, self.repeated, self.started_over, self.saved, self.form) =
            (0, false, true, None, None);
        Ok(self.next_chunk(cx))
    }

    fn refused(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Result<Next<Uploaded>, ErrorKind> {
        self.repeated |= cx.repeated;
        match kind {
            ErrorKind::Reply(error @ ReplyError::NoMediaId) if self.repeated => {
                self.start_over(error, cx)
            }
            // It may have forgotten the first chunks, or never have been meant to hear the rest.
            ErrorKind::Reply(error @ ReplyError::Refused { ret, .. })
                if self.saved.is_some()
                    && matches!(ret.class(), RetClass::Permanent | RetClass::Transient) =>
            {
                self.start_over(error, cx)
            }
            other => Err(other),
        }
    }
}

impl Job for Uploading {
    type Output = Uploaded;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Result<Next<Uploaded>, ErrorKind> {
        Ok(match &mut self.stage {
            Stage::Digest(digest) => Next::Read(digest.span(cx.now)),
            _ => self.next_chunk(cx),
        })
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(match &self.stage {
            Stage::Ping(reports) => match reports.last() {
                Some(report) => report.request(session)?,
                None => Preflight::new(self.seed).request(session)?,
            },
            Stage::Check => {
                CheckUpload::new(self.picture(), self.md5()?, self.to.clone(), self.seed)
                    .request(session)?
            }
            Stage::Send(Whole(bytes)) => {
                let form = match &mut self.form {
                    Some(form) => {
                        form.renew(&self.media, session)?;
                        form
                    }
                    none => none.insert(Box::new(ChunkForm::new(&self.media, session)?)),
                };
                form.request(self.chunk, bytes.clone())?
            }
            Stage::Digest(_) | Stage::Preflight | Stage::Load => {
                Preflight::new(self.seed).request(session)?
            }
        })
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &Cx<'_>) -> Result<Next<Uploaded>, Fail> {
        match self.stage {
            Stage::Check => match CheckUpload::read(reply)? {
                UploadCheck::Unknown(ticket) => {
                    self.media = self.media.clone().ticket(ticket);
                    Ok(self.first_chunk(cx))
                }
                UploadCheck::Known(media_id) => Ok(Next::Done(self.uploaded(media_id)?)),
            },
            Stage::Send(_) => self.accepted(UploadChunk::read(reply)?, cx),
            _ => Ok(self.side_call_over(cx)),
        }
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Result<Next<Uploaded>, ErrorKind> {
        match self.stage {
            Stage::Check => Err(kind),
            Stage::Send(_) => self.refused(kind, cx),
            _ => Ok(self.side_call_over(cx)),
        }
    }

    fn loaded(&mut self, bytes: Bytes, cx: &Cx<'_>) -> Result<Next<Uploaded>, ErrorKind> {
        if let Stage::Digest(digest) = &mut self.stage {
            return match digest.take(&bytes, cx.now)? {
                None => Ok(Next::Read(digest.span(cx.now))),
                Some(digested) => self.digested(digested, cx),
            };
        }
        digest::check(&bytes, u64::from(self.chunk), self.picture().len())?;
        let sum = self.sums.get(self.chunk as usize);
        if !self.picture().is_immutable() && sum != Some(&digest::sum(&bytes)) {
            return Err(ErrorKind::Changed);
        }
        Ok(self.send(Whole(bytes), cx))
    }

    fn takes_cookies(&self) -> bool {
        !matches!(self.stage, Stage::Ping(_) | Stage::Preflight)
    }

    fn error(&self, kind: ErrorKind) -> Error {
        match &self.stage {
            Stage::Digest(_) => Error::new(Step::Digest, kind),
            Stage::Ping(_) | Stage::Preflight => Error::new(Step::Report, kind),
            Stage::Check => Error::new(Step::Check, kind),
            Stage::Load | Stage::Send(_) => {
                Error::new(Step::Upload, kind).at(self.media.number(self.chunk))
            }
        }
    }

    fn progress(&self) -> Progress {
        let len = self.picture().len();
        let at = |step| Progress::new(step, len);
        match &self.stage {
            Stage::Digest(digest) => Progress { done: digest.done(), ..at(Step::Digest) },
            Stage::Ping(_) | Stage::Preflight => at(Step::Report),
            Stage::Check => at(Step::Check),
            Stage::Load | Stage::Send(_) => {
                let done = (u64::from(self.chunk) * CHUNK).min(len);
                let chunk = (done < len).then(|| self.media.number(self.chunk));
                Progress { chunk, done, ..at(Step::Upload) }
            }
        }
    }

    fn saved(&self, done: Option<&Uploaded>, _: Option<u64>) -> Option<SavedJob> {
        Some(self.state(done))
    }
}
