mod chunks;
mod digest;
mod saved;

use bytes::Bytes;

use self::digest::{Digest, Digested, MediaBytes};
use super::Progress;
use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
use super::snapshot::{SavedJob, SavedUpload};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::check_upload::{CheckUpload, UploadCheck};
use crate::endpoint::preflight::Preflight;
use crate::endpoint::report::Report;
use crate::endpoint::upload_media::{CHUNK, ChunkForm, UploadMedia};
use crate::endpoint::upload_parallel::UploadParallel;
use crate::model::error::{Error, ErrorKind};
use crate::model::md5::Md5;
use crate::model::media::Media;
use crate::model::media_kind::LargeUpload;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::secret::Secret;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

/// Uploads media and ends with its MediaId.
///
/// ```text
///   digest ─► [pings] ─► check, above 25 MiB ─► [OPTIONS] ─► chunk 0 ─► chunk 1 ─► … ─► Uploaded
///                          │                                  ▲                     │      ▲
///                          │                                  └─ once, under another ┘      │
///                          │                                     ClientMediaId, if a        │
///                          │                                     repeated chunk was put     │
///                          │                                     together wrongly           │
///                          └─ the server already has it ────────────────────────────────────┘
/// ```
///
/// The steps in brackets are made only with [`Policy::browser_parity`]. The bytes of a chunk are
/// read when it is due and compared with their checksum, so a file that changes in between is
/// noticed before the changed part leaves. [Immutable](Media::immutable) media is not compared, and
/// media of a single chunk is read once.
#[derive(Clone, Debug)]
pub struct Upload(Runner<Uploading>);

impl Upload {
    /// Uploads `media`, meant for `to`. The result can be sent to others too.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if the session cannot upload. Nothing is sent in
    /// that case.
    pub fn new(
        session: &Session,
        media: Media,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let job = Uploading::new(session, media, to, seed, &policy)?;
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(Upload(Uploading) -> Uploaded, saved);

/// The job, which is also the first half of [`SendMessage`](super::SendMessage).
#[derive(Clone, Debug)]
pub(super) struct Uploading {
    pub(super) to: Recipient,
    pub(super) seed: Seed,
    upload: UploadMedia,
    /// The common part of the chunk requests, once `upload` is complete.
    form: Option<Box<ChunkForm>>,
    checksums: Vec<u64>,
    /// The media, if it is a single chunk, so that it is not read again.
    single_chunk: Option<MediaBytes>,
    /// The chunk that is due, which is also the number of those acknowledged.
    chunk: u32,
    /// Whether a chunk of this upload may have reached the server more than once.
    repeated: bool,
    started_over: bool,
    /// Whether the chunks are sent with webwxuploadmediaparallel. The first reply has the
    /// `upload_id`.
    parallel: bool,
    upload_id: Option<Secret>,
    /// The saved state, while a resumed upload continues.
    saved: Option<SavedUpload>,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Digest(Digest),
    /// The pings, in reverse order.
    Ping(Vec<Report>),
    Check,
    Preflight,
    Read,
    Send(MediaBytes),
}

impl Uploading {
    pub(super) fn new(
        session: &Session,
        media: Media,
        to: Recipient,
        seed: Seed,
        policy: &Policy,
    ) -> Result<Self, Error> {
        session.check_upload(seed.unix_ms).map_err(|error| Error::new(Step::Prepare, error))?;
        let profile = session.site().profile();
        media.check(profile, policy)?;
        let is_large = media.len() > policy.check_above;
        let parallel = is_large && media.kind().row(profile).large == LargeUpload::Parallel;
        let stage = Stage::Digest(Digest::new(&media));
        Ok(Self {
            upload: UploadMedia::new(media, None, to.clone(), seed),
            to,
            seed,
            form: None,
            checksums: Vec::new(),
            single_chunk: None,
            chunk: 0,
            repeated: false,
            started_over: false,
            parallel,
            upload_id: None,
            saved: None,
            stage,
        })
    }

    fn media(&self) -> &Media {
        self.upload.media()
    }

    /// Returns the MD5 of the media. Every call that needs it is made after [`Stage::Digest`].
    fn md5(&self) -> Result<Md5, ErrorKind> {
        self.upload.md5().ok_or(ErrorKind::Changed)
    }

    fn digested(&mut self, digested: Digested, cx: &Cx<'_>) -> Transition<Uploaded> {
        if let Some(saved) = &self.saved {
            if saved.md5.is_some_and(|md5| md5 != digested.md5) {
                return Err(ErrorKind::OtherMedia);
            }
            self.chunk = saved.acked;
            self.repeated = true;
            self.upload_id.clone_from(&saved.upload_id);
            if let Some(ticket) = &saved.ticket {
                self.upload = self.upload.clone().ticket(ticket.clone());
            }
        }
        self.upload = self.upload.clone().digested(digested.md5);
        (self.checksums, self.single_chunk) = (digested.checksums, digested.single_chunk);
        if !cx.policy.browser_parity || self.saved.is_some() {
            return Ok(self.check(cx));
        }
        let mut reports = Vec::from(Report::for_upload(self.media().len(), digested.ms));
        reports.reverse();
        self.stage = Stage::Ping(reports);
        Ok(Next::Call(Retry::side_call()))
    }

    /// Makes the check if the media is large enough and was not checked before, and otherwise the
    /// chunks ([P41](crate::protocol#p41)).
    fn check(&mut self, cx: &Cx<'_>) -> Next<Uploaded> {
        let is_checked = self.upload.upload_ticket().is_some();
        if self.media().len() <= cx.policy.check_above || is_checked {
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

    /// Reads the chunk that is due, or sends it if it is in memory.
    fn next_chunk(&mut self, cx: &Cx<'_>) -> Next<Uploaded> {
        match self.single_chunk.clone() {
            Some(bytes) => self.send(bytes, cx),
            None => {
                self.stage = Stage::Read;
                Next::Read(digest::span(u64::from(self.chunk), self.media().len()))
            }
        }
    }

    fn send(&mut self, bytes: MediaBytes, cx: &Cx<'_>) -> Next<Uploaded> {
        self.stage = Stage::Send(bytes);
        Next::Call(match self.parallel {
            true => Retry::parallel_chunk(cx.policy),
            false => Retry::chunk(cx.policy),
        })
    }

    /// Continues after a ping or a preflight, whether it failed or not.
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
}

impl Job for Uploading {
    type Output = Uploaded;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<Uploaded> {
        Ok(match &mut self.stage {
            Stage::Digest(digest) => Next::Read(digest.span(cx.now)),
            _ => self.next_chunk(cx),
        })
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        // All calls use the time at which the upload began.
        session.check_alive(cx.time)?;
        Ok(match &self.stage {
            Stage::Ping(reports) => match reports.last() {
                Some(report) => report.request(session)?,
                None => Preflight::new(self.seed).request(session)?,
            },
            Stage::Check => CheckUpload::new(self.media(), self.md5()?, self.to.clone(), self.seed)
                .request(session)?,
            Stage::Send(MediaBytes(bytes)) if self.parallel => {
                let (id, seed) = (self.upload_id.as_ref(), self.seed.later(cx.time));
                UploadParallel::new(&self.upload, id, self.chunk, bytes.clone(), seed)
                    .request(session)?
            }
            Stage::Send(MediaBytes(bytes)) => {
                let form = match &mut self.form {
                    Some(form) => {
                        form.renew(&self.upload, session)?;
                        form
                    }
                    none => none.insert(Box::new(ChunkForm::new(&self.upload, session)?)),
                };
                form.request(self.chunk, bytes.clone())?
            }
            Stage::Digest(_) | Stage::Preflight | Stage::Read => {
                Preflight::new(self.seed).request(session)?
            }
        })
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Uploaded, Fail> {
        match self.stage {
            Stage::Check => match CheckUpload::read(reply)? {
                UploadCheck::Unknown(ticket) => {
                    self.upload = self.upload.clone().ticket(ticket);
                    Ok(self.first_chunk(cx))
                }
                UploadCheck::Known(media_id, ticket) => {
                    self.upload = self.upload.clone().ticket(ticket);
                    Ok(Next::Done(self.uploaded(media_id)?))
                }
            },
            Stage::Send(_) if self.parallel => self.accepted_parallel(reply, cx),
            Stage::Send(_) => self.accepted(reply, cx),
            _ => Ok(self.side_call_over(cx)),
        }
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Transition<Uploaded> {
        match self.stage {
            Stage::Check => Err(kind),
            Stage::Send(_) => self.refused(kind, cx),
            _ => Ok(self.side_call_over(cx)),
        }
    }

    fn loaded(&mut self, bytes: Bytes, cx: &Cx<'_>) -> Transition<Uploaded> {
        if let Stage::Digest(digest) = &mut self.stage {
            return match digest.take(&bytes, cx.now)? {
                None => Ok(Next::Read(digest.span(cx.now))),
                Some(digested) => self.digested(digested, cx),
            };
        }
        digest::check(&bytes, u64::from(self.chunk), self.media().len())?;
        let checksum = self.checksums.get(self.chunk as usize);
        if !self.media().is_immutable() && checksum != Some(&digest::checksum(&bytes)) {
            return Err(ErrorKind::Changed);
        }
        Ok(self.send(MediaBytes(bytes), cx))
    }

    fn accepts_cookies(&self) -> bool {
        !matches!(self.stage, Stage::Ping(_) | Stage::Preflight)
    }

    fn step(&self) -> Step {
        match &self.stage {
            Stage::Digest(_) => Step::Digest,
            Stage::Ping(_) | Stage::Preflight => Step::Report,
            Stage::Check => Step::Check,
            Stage::Read | Stage::Send(_) => Step::Upload,
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        let error = Error::new(self.step(), kind);
        match &self.stage {
            Stage::Read | Stage::Send(_) => error.at(self.upload.number(self.chunk)),
            _ => error,
        }
    }

    fn progress(&self) -> Progress {
        let len = self.media().len();
        let at = Progress::new(self.step(), len);
        match &self.stage {
            Stage::Digest(digest) => Progress { done: digest.done(), ..at },
            Stage::Ping(_) | Stage::Preflight | Stage::Check => at,
            Stage::Read | Stage::Send(_) => {
                let done = (u64::from(self.chunk) * CHUNK).min(len);
                let chunk = (done < len).then(|| self.upload.number(self.chunk));
                Progress { chunk, done, ..at }
            }
        }
    }

    fn saved(&self, done: Option<&Uploaded>, _: Option<UnixMs>) -> Option<SavedJob> {
        Some(self.state(done))
    }
}
