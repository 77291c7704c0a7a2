use std::sync::Arc;

use wx_proto::flow::{ResumeOptions, SendMessage, Snapshot, Upload};
use wx_proto::{
    Advice, Error, ErrorKind, InlineContent, Media, Policy, Recipient, Sent, Session, SourceError,
    Step, Uploaded,
};

use super::Outbox;
use super::comparison::{Comparison, are_shown_alike};
use super::error::{OutboxError, OutboxErrorKind};
use super::inline_digest::InlineDigest;
use super::inner::Inner;
use super::record::{Entry, Message};
use super::used_key::{Summary, UsedKey};
use crate::checkpoint::CheckpointStore;
use crate::client::begin::resume_error;
use crate::clock::{boot_id, unix_ms};
use crate::seed::seed;

/// The work on one message of an [`Outbox`]. If the message was not [sent](OutboxJob::sent) yet,
/// first [take its upload](OutboxJob::take_upload), then [upload](OutboxJob::upload) its media if
/// it is your turn, and then [send](OutboxJob::send) it. A text, an emoticon by its MD5 and a
/// forwarded message have no upload: [send them](OutboxJob::send_inline) at once.
///
/// It can be dropped at any point: the next job continues from the recorded state.
#[derive(Debug)]
pub struct OutboxJob(Arc<Active>);

/// A flow of an [`OutboxJob`], and the store that records its states.
#[derive(Debug)]
pub struct OutboxFlow<F> {
    /// The flow, which saves its states.
    pub flow: F,
    /// The store for the states.
    pub checkpoint: CheckpointStore,
}

/// The result of [`OutboxJob::take_upload`].
#[derive(Debug)]
pub enum UploadTurn {
    /// The upload is finished.
    Finished(Uploaded),
    /// This job may upload the media. No other job may until this job and its flows are dropped.
    Taken,
    /// The job of another message is uploading the same media. Try again later.
    Busy,
}

/// Keeps a key in use until the job and its flows are dropped.
#[derive(Debug)]
struct Active {
    outbox: Outbox,
    key: String,
}

impl OutboxJob {
    pub(super) fn new(outbox: Outbox, key: &str) -> Self {
        Self(Arc::new(Active { outbox, key: key.to_owned() }))
    }

    /// Returns the result of the send, if the server has accepted the message.
    #[must_use]
    pub fn sent(&self) -> Option<Sent> {
        self.with_message(|_, message| message.sent.clone())
    }

    /// Takes the upload of the message, unless it is finished in this login or taken by another
    /// job.
    ///
    /// # Errors
    /// [`ErrorKind::Uncertain`] if the message left in another login, because it cannot be
    /// continued in this one.
    pub fn take_upload(&self, session: &Session) -> Result<UploadTurn, Error> {
        let mut inner = self.0.outbox.inner();
        let message = inner.message(&self.0.key);
        let in_doubt = message.state.as_ref().filter(|state| state.in_doubt());
        if in_doubt.is_some_and(|state| !state.belongs_to(session)) {
            return Err(Error::new(Step::Message, ErrorKind::Uncertain { last: None, tries: 1 }));
        }
        let state = in_doubt.or_else(|| inner.record.upload(&message.upload));
        let state = state.filter(|state| state.belongs_to(session));
        if let Some(uploaded) = state.and_then(Snapshot::uploaded) {
            return Ok(UploadTurn::Finished(uploaded.clone()));
        }
        let upload = message.upload.clone();
        let owner = inner.uploading.entry(upload).or_insert_with(|| self.0.key.clone());
        Ok(if *owner == self.0.key { UploadTurn::Taken } else { UploadTurn::Busy })
    }

    /// Compares `given` with `used`, the finished upload of the message.
    ///
    /// # Errors
    /// [`OutboxErrorKind::UsedKey`] if the length, the kind, or the name of a file differs. If not,
    /// use the [`Comparison`] to compare the bytes too.
    pub fn compare(&self, used: &Uploaded, given: &Media) -> Result<Comparison, OutboxError> {
        let msg_id = self.sent().map(|sent| sent.msg_id);
        Comparison::new(&self.0.key, msg_id, used, given)
    }

    /// Returns whether the upload has begun in this login. [`upload`](Self::upload) then refuses
    /// other media.
    #[must_use]
    pub fn is_upload_begun(&self, session: &Session) -> bool {
        self.with_message(|inner, message| hashed(inner, message, session).is_some())
    }

    /// Returns the flow that uploads `media`, or continues its upload.
    ///
    /// # Errors
    /// If the session cannot upload, if the upload was begun with other media, or if another job
    /// has [taken](Self::take_upload) it.
    pub fn upload(
        &self,
        session: &Session,
        media: Media,
        policy: &Policy,
    ) -> Result<OutboxFlow<Upload>, Error> {
        if let UploadTurn::Busy = self.take_upload(session)? {
            return Err(OutboxError::from(OutboxErrorKind::Uploading(self.0.key.clone())).into());
        }
        let (to, name, state) = self.with_message(|inner, message| {
            (message.to.clone(), message.upload.clone(), hashed(inner, message, session).cloned())
        });
        let at = ResumeOptions { unix_ms: Some(unix_ms()), resend: false };
        let flow = match state {
            Some(state) if !is_begun_with(&state, &media) => {
                return Err(Error::new(Step::Digest, ErrorKind::OtherMedia));
            }
            Some(state) => {
                Upload::resume(session, state, policy.clone(), at).map_err(resume_error)?
            }
            None => Upload::new(session, media, to, seed()?, policy.clone())?,
        };
        Ok(self.recorded(flow.checkpointed(), move |state| Entry::Upload {
            name: name.clone(),
            state,
        }))
    }

    /// Checks that the message is `content`, if it has begun or was sent.
    ///
    /// # Errors
    /// [`OutboxErrorKind::UsedKey`] if it is anything else.
    pub fn check_inline(
        &self,
        session: &Session,
        content: &InlineContent,
    ) -> Result<(), OutboxError> {
        let used = self.with_message(|inner, message| match (&message.sent, &message.state) {
            (Some(sent), _) => Some(match &sent.uploaded {
                Some(uploaded) => Summary::from(uploaded),
                None => Summary::sent_inline(message.inline),
            }),
            (None, Some(state)) if state.belongs_to(session) => {
                state.inline().map(Summary::from).or_else(|| state.uploaded().map(Summary::from))
            }
            _ => hashed(inner, message, session).and_then(summary_of_upload),
        });
        let given = Summary::from(content);
        match used {
            Some(used) if !used.is_same_inline(&given) => Err(self.used_key(used, given)),
            _ => Ok(()),
        }
    }

    /// Checks that the message is media.
    ///
    /// # Errors
    /// [`OutboxErrorKind::UsedKey`] if it is content that needs no upload.
    pub fn check_media(&self, session: &Session, given: &Media) -> Result<(), OutboxError> {
        self.check_not_inline(session, || Summary::from(given))
    }

    fn check_not_inline(
        &self,
        session: &Session,
        given: impl FnOnce() -> Summary,
    ) -> Result<(), OutboxError> {
        let used = self.with_message(|_, message| match (&message.sent, &message.state) {
            (Some(Sent { uploaded: None, .. }), _) => Some(Summary::sent_inline(message.inline)),
            (None, Some(state)) if state.belongs_to(session) => state.inline().map(Summary::from),
            _ => None,
        });
        used.map_or(Ok(()), |used| Err(self.used_key(used, given())))
    }

    fn used_key(&self, used: Summary, given: Summary) -> OutboxError {
        let msg_id = self.sent().map(|sent| sent.msg_id);
        let refused = UsedKey { key: self.0.key.clone(), msg_id, used, given };
        OutboxErrorKind::UsedKey(Box::new(refused)).into()
    }

    /// Returns the flow that sends content that needs no upload, or continues to: see
    /// [`send`](Self::send).
    ///
    /// # Errors
    /// As for [`send`](Self::send), and if the message was begun with something else.
    pub fn send_inline(
        &self,
        session: &Session,
        content: &InlineContent,
        policy: &Policy,
        resend: bool,
    ) -> Result<OutboxFlow<SendMessage>, Error> {
        self.check_inline(session, content)?;
        self.message_flow(session, policy, resend, |to| {
            SendMessage::inline(session, content.clone(), to, seed()?, policy.clone())
        })
    }

    /// Returns the flow that sends the message, or continues to. With `resend`, a message in doubt
    /// is sent again under the same ClientMsgId, even if it would otherwise be too late. Drive the
    /// flow to its end and pass its output to [`OutboxJob::set_sent`].
    ///
    /// # Errors
    /// If the session cannot send, or if the message was begun with content that needs no upload
    /// ([`OutboxErrorKind::UsedKey`]); [`ErrorKind::Uncertain`] if the message left in another
    /// login, because it cannot be continued in this one.
    pub fn send(
        &self,
        session: &Session,
        uploaded: &Uploaded,
        policy: &Policy,
        resend: bool,
    ) -> Result<OutboxFlow<SendMessage>, Error> {
        self.check_not_inline(session, || Summary::from(uploaded))?;
        self.message_flow(session, policy, resend, |to| {
            SendMessage::uploaded(session, uploaded.clone(), to, seed()?, policy.clone())
        })
    }

    /// Returns the flow of the recorded state, or else a new one.
    fn message_flow(
        &self,
        session: &Session,
        policy: &Policy,
        resend: bool,
        new: impl FnOnce(Recipient) -> Result<SendMessage, Error>,
    ) -> Result<OutboxFlow<SendMessage>, Error> {
        let (to, state, boot, rebooted) = self.with_message(|_, message| {
            let boot = if message.is_in_doubt() { message.boot.clone() } else { boot_id() };
            (message.to.clone(), message.state.clone(), boot, message.is_of_another_boot())
        });
        let (state, foreign) = match state {
            Some(state) if !state.belongs_to(session) => (None, Some(state)),
            state => (state, None),
        };
        if foreign.is_some_and(|state| state.in_doubt()) {
            return Err(Error::new(Step::Message, ErrorKind::Uncertain { last: None, tries: 1 }));
        }
        // Times of different boots cannot be compared, but a message that is sent again anyway
        // needs no comparison.
        let at = ResumeOptions { unix_ms: (resend || !rebooted).then(unix_ms), resend };
        let flow = match state.map(|state| SendMessage::resume(session, state, policy.clone(), at))
        {
            Some(resumed) => resumed.map_err(resume_error)?,
            None => new(to)?.started_at(unix_ms()),
        };
        let key = self.0.key.clone();
        Ok(self.recorded(flow.checkpointed(), move |state| {
            let boot = boot.clone().filter(|_| state.in_doubt());
            Entry::State { key: key.clone(), state, boot }
        }))
    }

    /// Converts the error of a message that was not sent into [`ErrorKind::Uncertain`], if an
    /// earlier job may have sent the message. Adds the key to an error about other media. If the
    /// message is known to be sent with other media, the error is unchanged, because the given
    /// media was certainly not sent.
    #[must_use]
    pub fn mark_uncertain(&self, mut error: Error) -> Error {
        if error.advice() == Advice::CheckKey && self.sent().is_some() {
            return error;
        }
        if error.kind == ErrorKind::OtherMedia {
            let other = OutboxError::from(OutboxErrorKind::OtherMedia(self.0.key.clone()));
            error.kind = ErrorKind::Source(other.into());
        }
        self.0.outbox.inner().record.mark_uncertain(&self.0.key, false, error)
    }

    /// Records that the server has accepted the message.
    ///
    /// # Errors
    /// If the record cannot be written. The message was sent nevertheless.
    pub fn set_sent(&self, sent: &Sent) -> Result<(), Error> {
        let (key, sent) = (self.0.key.clone(), sent.clone());
        let inline = self.with_message(|_, message| {
            message.state.as_ref().and_then(Snapshot::inline).map(InlineDigest::from)
        });
        let committed =
            self.0.outbox.inner().commit(Entry::Sent { key, sent, inline: inline.into() });
        Ok(committed.map_err(SourceError::from)?)
    }

    fn recorded<F>(
        &self,
        flow: F,
        entry: impl Fn(Snapshot) -> Entry + Send + 'static,
    ) -> OutboxFlow<F> {
        let active = Arc::clone(&self.0);
        let save = move |state: &Snapshot| active.outbox.inner().commit(entry(state.clone()));
        OutboxFlow { flow, checkpoint: CheckpointStore::new(save) }
    }

    fn with_message<T>(&self, work: impl FnOnce(&Inner, &Message) -> T) -> T {
        let inner = self.0.outbox.inner();
        work(&inner, inner.message(&self.0.key))
    }
}

/// Returns the state of the upload, if it has begun in this login. States from before the media was
/// hashed are ignored, because nothing was sent until then.
fn hashed<'a>(inner: &'a Inner, message: &Message, session: &Session) -> Option<&'a Snapshot> {
    let state = inner.record.upload(&message.upload);
    state.filter(|state| state.belongs_to(session) && state.hashed_len().is_some())
}

fn summary_of_upload(state: &Snapshot) -> Option<Summary> {
    let (kind, name) = state.media()?;
    let bytes = state.hashed_len();
    Some(Summary { media: Some((kind, name.to_owned())), bytes, md5: None, inline: None })
}

/// Returns whether the metadata of the media is equal. The MD5s are compared when the media is
/// read.
fn is_begun_with(state: &Snapshot, media: &Media) -> bool {
    let given = (media.kind(), media.name());
    state.hashed_len() == Some(media.len())
        && state.media().is_some_and(|begun| are_shown_alike(begun, given))
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut inner = self.outbox.inner();
        inner.active.remove(&self.key);
        inner.uploading.retain(|_, owner| *owner != self.key);
    }
}

#[cfg(test)]
mod tests;
