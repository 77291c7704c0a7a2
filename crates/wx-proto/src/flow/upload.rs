mod digest;
mod saved;

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use self::digest::{Digest, Digested, Whole};
use super::repeating::Repeating;
use super::side_calls::SideCalls;
use super::snapshot::SavedUpload;
use super::{Action, CallId, Flow, Input, Progress, Snapshot, UnexpectedInput};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::check_upload::{CheckUpload, UploadCheck};
use crate::endpoint::preflight::Preflight;
use crate::endpoint::report::Report;
use crate::endpoint::upload_media::{Accepted, CHUNK, ChunkForm, UploadChunk, UploadMedia};
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::{MediaId, UserName};
use crate::model::picture::Picture;
use crate::model::policy::Policy;
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
/// noticed before the changed part leaves; one that [cannot change](Picture::unchanging) is not
/// compared, and one of a single chunk is loaded once.
#[derive(Clone, Debug)]
pub struct Upload {
    session: Session,
    to: UserName,
    seed: Seed,
    policy: Policy,
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
    next_id: CallId,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Digest(Digest),
    Pings(SideCalls),
    Check(Repeating),
    Preflight(SideCalls),
    Load,
    Send(Repeating),
    Done(Result<Uploaded, Box<Error>>),
}

impl Upload {
    /// Uploads `picture`, meant for `to`; the result can be sent to others too.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session cannot upload; nothing is sent then.
    pub fn new(
        session: &Session,
        picture: Picture,
        to: UserName,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        session.check_upload(seed.unix_ms).map_err(|unready| Error::new(Step::Prepare, unready))?;
        picture.check(session.site().profile())?;
        let stage = Stage::Digest(Digest::new(&picture));
        let media = UploadMedia::new(picture, "", to.clone(), seed);
        Ok(Self {
            session: session.clone(),
            to,
            seed,
            policy,
            media,
            form: None,
            sums: Vec::new(),
            whole: None,
            chunk: 0,
            repeated: false,
            started_over: false,
            saved: None,
            next_id: CallId::FIRST,
            stage,
        })
    }

    /// An id that no call of this upload has.
    pub(super) fn next_id(&self) -> CallId {
        self.next_id
    }

    fn picture(&self) -> &Picture {
        self.media.picture()
    }

    fn digested(&mut self, digested: Digested) -> Result<Stage, ErrorKind> {
        if let Some(saved) = &self.saved {
            if saved.md5.as_ref().is_some_and(|md5| *md5 != digested.md5) {
                return Err(ErrorKind::OtherPicture);
            }
            // Above the limit of the check its ticket is part of every form and is not saved: from
            // the first chunk then.
            let from_start = self.picture().len() > self.policy.check_above;
            self.chunk = if from_start { 0 } else { saved.acked };
            self.repeated = true;
        }
        self.media = self.media.clone().digested(digested.md5);
        (self.sums, self.whole) = (digested.sums, digested.whole);
        if !self.policy.browser_parity || self.saved.is_some() {
            return self.check();
        }
        let reports = Report::of_upload(self.picture().len(), digested.ms);
        let calls = reports
            .iter()
            .map(|report| report.request(&self.session))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Stage::Pings(self.side_calls(calls)))
    }

    fn side_calls(&self, calls: Vec<ApiRequest>) -> SideCalls {
        SideCalls::new(self.next_id, calls.into_iter().map(|call| call.for_side_call(&self.policy)))
    }

    /// The check, if the picture is large enough, else the chunks (P41).
    fn check(&mut self) -> Result<Stage, ErrorKind> {
        if self.picture().len() <= self.policy.check_above {
            return self.first_chunk();
        }
        let call = CheckUpload::new(self.picture(), self.media.md5(), self.to.clone(), self.seed);
        let outgoing = call.request(&self.session)?.for_call(&self.policy);
        Ok(Stage::Check(Repeating::new(self.next_id, outgoing)))
    }

    fn first_chunk(&mut self) -> Result<Stage, ErrorKind> {
        if !self.policy.browser_parity {
            return self.next_chunk();
        }
        Ok(Stage::Preflight(
            self.side_calls(vec![Preflight::new(self.seed).request(&self.session)?]),
        ))
    }

    fn checked(&mut self, checked: UploadCheck) -> Result<Stage, ErrorKind> {
        match checked {
            UploadCheck::Unknown(ticket) => {
                self.media = self.media.clone().ticket(ticket);
                self.first_chunk()
            }
            UploadCheck::Known(media_id) => Ok(Stage::Done(Ok(self.uploaded(media_id)))),
        }
    }

    /// The picture at the server, of whose chunks none was needed.
    fn uploaded(&self, media_id: MediaId) -> Uploaded {
        Uploaded {
            media_id,
            name: self.picture().name().to_owned(),
            kind: self.picture().kind(),
            thumbnail: None,
            encry_file_name: None,
            bytes: self.picture().len(),
            md5: self.media.md5().to_owned(),
            chunks: 0,
            server_byte_count: None,
        }
    }

    fn loaded(&mut self, bytes: Bytes) -> Result<Result<Stage, ErrorKind>, UnexpectedInput> {
        let index = self.chunk as usize;
        if let Err(kind) = digest::check(&bytes, u64::from(self.chunk), self.picture().len())? {
            return Ok(Err(kind));
        }
        if !self.picture().is_unchanging() && self.sums.get(index) != Some(&digest::sum(&bytes)) {
            return Ok(Err(ErrorKind::Changed));
        }
        Ok(self.send(bytes))
    }

    /// The chunk that is due: to be loaded, or sent as it was digested.
    fn next_chunk(&mut self) -> Result<Stage, ErrorKind> {
        match self.whole.clone() {
            Some(Whole(bytes)) => self.send(bytes),
            None => Ok(Stage::Load),
        }
    }

    /// The request of the chunk that is due.
    fn send(&mut self, bytes: Bytes) -> Result<Stage, ErrorKind> {
        let form = match self.form.take() {
            Some(form) => form,
            None => Box::new(ChunkForm::new(&self.media, &self.session)?),
        };
        let request = form.request(self.chunk, bytes)?.for_chunk(&self.policy);
        self.form = Some(form);
        Ok(Stage::Send(Repeating::new(self.next_id, request)))
    }

    /// A chunk is acknowledged: the next one, or the end.
    fn accepted(&mut self, accepted: (Accepted, Option<MediaId>)) -> Result<Stage, ErrorKind> {
        let (accepted, Some(media_id)) = accepted else {
            self.chunk += 1;
            return Ok(Stage::Load);
        };
        let len = self.picture().len();
        let odd = accepted.start_pos.filter(|pos| *pos != len);
        match odd {
            Some(got) if self.repeated => {
                return self.start_over(ReplyError::Assembled { expected: len, got });
            }
            _ => self.chunk += 1,
        }
        Ok(Stage::Done(Ok(Uploaded {
            thumbnail: accepted.thumbnail,
            encry_file_name: accepted.encry_file_name,
            chunks: self.media.chunks(),
            server_byte_count: odd.filter(|pos| *pos != 0),
            ..self.uploaded(media_id)
        })))
    }

    /// A server that appends a repeated chunk has another file by now. Under another ClientMediaId
    /// it begins afresh; a second time is too much.
    fn start_over(&mut self, why: ReplyError) -> Result<Stage, ErrorKind> {
        if self.started_over {
            return Err(why.into());
        }
        self.media = self.media.clone().started_over();
        (self.chunk, self.repeated, self.started_over, self.saved, self.form) =
            (0, false, true, None, None);
        self.next_chunk()
    }

    fn refused(&mut self, kind: ErrorKind) -> Result<Stage, ErrorKind> {
        match kind {
            ErrorKind::Reply(error @ ReplyError::NoMediaId) if self.repeated => {
                self.start_over(error)
            }
            // It may have forgotten the first chunks, or never have been meant to hear the rest.
            ErrorKind::Reply(error @ ReplyError::Refused { ret, .. })
                if self.saved.is_some()
                    && matches!(ret.class(), RetClass::Permanent | RetClass::Transient) =>
            {
                self.start_over(error)
            }
            other => Err(other),
        }
    }

    fn step(&self) -> Step {
        match &self.stage {
            Stage::Digest(_) => Step::Digest,
            Stage::Pings(_) | Stage::Preflight(_) => Step::Report,
            Stage::Check(..) => Step::Check,
            Stage::Load | Stage::Send(_) | Stage::Done(_) => Step::Upload,
        }
    }

    fn enter(&mut self, next: Result<Stage, ErrorKind>) {
        self.stage = next.unwrap_or_else(|kind| {
            let error = Error::new(self.step(), kind);
            Stage::Done(Err(Box::new(if error.step == Step::Upload {
                error.at(self.media.number(self.chunk))
            } else {
                error
            })))
        });
    }
}

/// A chunk's answer, with the MediaId that the last one must have.
fn acknowledged(
    reply: &Response<Bytes>,
    is_last: bool,
) -> Result<(Accepted, Option<MediaId>), ReplyError> {
    let accepted = UploadChunk::read(reply)?;
    let media_id = is_last.then(|| accepted.media_id()).transpose()?;
    Ok((accepted, media_id))
}

impl Flow for Upload {
    type Output = Result<Uploaded, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        loop {
            let next = match &mut self.stage {
                Stage::Digest(digest) => return Action::Read(digest.span(now)),
                Stage::Load => {
                    return Action::Read(digest::span(u64::from(self.chunk), self.picture().len()));
                }
                Stage::Check(call) | Stage::Send(call) => return call.poll(now),
                Stage::Done(done) => return Action::Done(done.clone().map_err(|error| *error)),
                Stage::Pings(calls) => match calls.poll() {
                    Some(action) => return action,
                    None => {
                        self.next_id = calls.next_id();
                        self.check()
                    }
                },
                Stage::Preflight(calls) => match calls.poll() {
                    Some(action) => return action,
                    None => {
                        self.next_id = calls.next_id();
                        self.next_chunk()
                    }
                },
            };
            self.enter(next);
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        let next = match (&mut self.stage, input) {
            (Stage::Digest(_) | Stage::Load, Input::Local(error)) => Err(error.into()),
            (Stage::Digest(digest), Input::Read(bytes)) => match digest.take(&bytes, now)? {
                None => return Ok(()),
                Some(digested) => digested.and_then(|digested| self.digested(digested)),
            },
            (Stage::Load, Input::Read(bytes)) => self.loaded(bytes)?,
            (Stage::Pings(calls) | Stage::Preflight(calls), input) => return calls.handle(input),
            (Stage::Check(call), input) => {
                let Some(ended) = call.handle(input, now, &self.policy, CheckUpload::read)? else {
                    return Ok(());
                };
                self.next_id = call.next_id();
                ended.and_then(|checked| self.checked(checked))
            }
            (Stage::Send(call), input) => {
                let is_last = self.chunk + 1 == self.media.chunks();
                let Some(ended) =
                    call.handle(input, now, &self.policy, |reply| acknowledged(reply, is_last))?
                else {
                    return Ok(());
                };
                self.next_id = call.next_id();
                self.repeated |= call.repeated();
                match ended {
                    Ok(accepted) => self.accepted(accepted),
                    Err(kind) => self.refused(kind),
                }
            }
            _ => return Err(UnexpectedInput),
        };
        self.enter(next);
        Ok(())
    }

    fn progress(&self) -> Progress {
        let len = self.picture().len();
        let at = Progress::at(self.step(), len);
        match &self.stage {
            Stage::Digest(digest) => Progress { done: digest.done(), ..at },
            Stage::Check(call) => call.progress(at),
            Stage::Pings(_) | Stage::Preflight(_) => at,
            Stage::Load | Stage::Send(_) | Stage::Done(_) => {
                let acked = (u64::from(self.chunk) * CHUNK).min(len);
                let chunk = (acked < len).then(|| self.media.number(self.chunk));
                let at = Progress { chunk, done: acked, ..at };
                if let Stage::Send(call) = &self.stage { call.progress(at) } else { at }
            }
        }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        Some(self.saved_state())
    }

    fn cancel(&mut self) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.enter(Err(ErrorKind::Cancelled));
        }
    }
}
