use std::sync::Arc;

use wx_proto::flow::{ResumeOptions, SendUploaded, Snapshot, Upload};
use wx_proto::{
    Advice, Error, ErrorKind, Media, Policy, Sent, Session, SourceError, Step, Uploaded,
};

use super::Outbox;
use super::comparison::{Comparison, are_shown_alike};
use super::error::{OutboxError, OutboxErrorKind};
use super::inner::Inner;
use super::record::{Entry, Message};
use crate::checkpoint::CheckpointStore;
use crate::client::begin::resume_error;
use crate::clock::{boot_id, unix_ms};
use crate::seed::seed;

/// The work on one message of an [`Outbox`], for a client. Unless the message [was
/// sent](OutboxJob::sent), [take its upload](OutboxJob::take_upload), [upload](OutboxJob::upload)
/// its media if it is your turn, then [send](OutboxJob::send) it.
///
/// It can be dropped at any point: the next job continues from the recorded state.
#[derive(Debug)]
pub struct OutboxJob(Arc<Active>);

/// A flow of an [`OutboxJob`], and the store that records each state of the flow.
#[derive(Debug)]
pub struct OutboxFlow<F> {
    /// The flow, which hands out its states.
    pub flow: F,
    /// The store for them.
    pub checkpoint: CheckpointStore,
}

/// The result of [`OutboxJob::take_upload`].
#[derive(Debug)]
pub enum UploadTurn {
    /// The upload is finished.
    Finished(Uploaded),
    /// This job may upload. No other job can until this one and its flows are dropped.
    Mine,
    /// The job of another message with the same upload is uploading. Try again later.
    Busy,
}

/// Keeps a key in use for as long as the job or one of its flows lives.
#[derive(Debug)]
struct Active {
    outbox: Outbox,
    key: String,
}

impl OutboxJob {
    pub(super) fn new(outbox: Outbox, key: &str) -> Self {
        Self(Arc::new(Active { outbox, key: key.to_owned() }))
    }

    /// Returns the result, if the server has accepted the message.
    #[must_use]
    pub fn sent(&self) -> Option<Sent> {
        self.with_message(|_, message| message.sent.clone())
    }

    /// Takes the upload of the message, unless it is finished in this login or another job has it.
    ///
    /// # Errors
    /// [`ErrorKind::Uncertain`] if the message was handed out in another login, because it cannot
    /// be continued in this one.
    pub fn take_upload(&self, session: &Session) -> Result<UploadTurn, Error> {
        let mut inner = self.0.outbox.inner();
        let message = inner.message(&self.0.key);
        let in_doubt = message.state.as_ref().filter(|state| state.in_doubt());
        if in_doubt.is_some_and(|state| !state.is_of(session)) {
            return Err(Error::new(Step::Message, ErrorKind::Uncertain { last: None, tries: 1 }));
        }
        let state = in_doubt.or_else(|| inner.record.upload(&message.upload));
        let state = state.filter(|state| state.is_of(session));
        if let Some(uploaded) = state.and_then(Snapshot::uploaded) {
            return Ok(UploadTurn::Finished(uploaded.clone()));
        }
        let upload = message.upload.clone();
        let owner = inner.uploading.entry(upload).or_insert_with(|| self.0.key.clone());
        Ok(if *owner == self.0.key { UploadTurn::Mine } else { UploadTurn::Busy })
    }

    /// Compares `given` with `used`, the finished upload of the message.
    ///
    /// # Errors
    /// [`OutboxErrorKind::UsedKey`] if the length, the kind or the name of a file differs.
    /// Otherwise the media has to be read to its end, with the [`Comparison`].
    pub fn compare(&self, used: &Uploaded, given: &Media) -> Result<Comparison, OutboxError> {
        let msg_id = self.sent().map(|sent| sent.msg_id);
        Comparison::new(&self.0.key, msg_id, used, given)
    }

    /// Whether the upload has begun, so that [`upload`](Self::upload) refuses another picture.
    #[must_use]
    pub fn is_upload_begun(&self, session: &Session) -> bool {
        self.with_message(|inner, message| hashed(inner, message, session).is_some())
    }

    /// Returns the flow that uploads `media`, or continues its upload.
    ///
    /// # Errors
    /// If the session cannot upload, if the upload was begun with another picture, or if another
    /// job has [taken](Self::take_upload) it.
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

    /// Returns the flow that sends the message, or continues to. With `resend`, a message in doubt
    /// is sent once more under its own ClientMsgId, even if it would otherwise be too late. Drive
    /// the flow to its end and pass its output to [`OutboxJob::set_sent`].
    ///
    /// # Errors
    /// If the session cannot send; [`ErrorKind::Uncertain`] if the message was handed out in
    /// another login, because it cannot be continued in this one.
    pub fn send(
        &self,
        session: &Session,
        uploaded: &Uploaded,
        policy: &Policy,
        resend: bool,
    ) -> Result<OutboxFlow<SendUploaded>, Error> {
        let (to, state, boot, rebooted) = self.with_message(|_, message| {
            let boot = if message.is_in_doubt() { message.boot.clone() } else { boot_id() };
            (message.to.clone(), message.state.clone(), boot, message.is_of_another_boot())
        });
        let (state, foreign) = match state {
            Some(state) if !state.is_of(session) => (None, Some(state)),
            state => (state, None),
        };
        if foreign.is_some_and(|state| state.in_doubt()) {
            return Err(Error::new(Step::Message, ErrorKind::Uncertain { last: None, tries: 1 }));
        }
        // Times of different boots cannot be compared.
        let at = ResumeOptions { unix_ms: (!rebooted).then(unix_ms), resend };
        let flow = match state.map(|state| SendUploaded::resume(session, state, policy.clone(), at))
        {
            Some(resumed) => resumed.map_err(resume_error)?,
            None => SendUploaded::new(session, uploaded.clone(), to, seed()?, policy.clone())?
                .started_at(unix_ms()),
        };
        let key = self.0.key.clone();
        Ok(self.recorded(flow.checkpointed(), move |state| {
            let boot = boot.clone().filter(|_| state.in_doubt());
            Entry::State { key: key.clone(), state, boot }
        }))
    }

    /// Converts the error of a message that was not sent into [`ErrorKind::Uncertain`], if the
    /// message may have been sent before. Names the key if it was begun with another picture. If
    /// that picture is known to be sent, the error stays, because the other one was certainly not
    /// sent.
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
    /// If the record cannot be written. The message is sent nevertheless.
    pub fn set_sent(&self, sent: &Sent) -> Result<(), Error> {
        let (key, sent) = (self.0.key.clone(), sent.clone());
        let committed = self.0.outbox.inner().commit(Entry::Sent { key, sent });
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

/// Returns the state of the upload, if it has begun in this login. Nothing is sent before the media
/// is hashed, so an earlier state does not count.
fn hashed<'a>(inner: &'a Inner, message: &Message, session: &Session) -> Option<&'a Snapshot> {
    let state = inner.record.upload(&message.upload);
    state.filter(|state| state.is_of(session) && state.hashed_len().is_some())
}

/// Whether the metadata of the media is equal. The MD5s are compared when the media is read.
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
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use wx_proto::bytes::Bytes;
    use wx_proto::flow::{Action, Flow, Input};
    use wx_proto::{MediaKind, Outcome, Recipient};

    use super::*;

    fn session() -> Session {
        let text = json!({
            "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "sid", "skey": "skey",
            "pass_ticket": "ticket", "user_name": "@me",
            "cookies": [{ "name": "webwx_data_ticket", "value": "ticket", "domain": "qq.com" }],
        });
        Session::from_json(text.to_string()).unwrap()
    }

    #[test]
    fn a_key_is_in_use_for_as_long_as_a_flow_of_its_job_lives() {
        let (outbox, session) = (Outbox::in_memory(), session());
        let to = Recipient::new("@0a").unwrap();
        let policy = Policy::default();
        let media = Media::new("a.gif", 13, b"GIF89a\x01\0\x01\0\0\0\0", &policy).unwrap();
        let uploaded = json!({
            "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.jpg",
            "kind": "image", "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
            "server_byte_count": null
        });
        let uploaded: Uploaded = serde_json::from_value(uploaded).unwrap();
        let job = || outbox.job("key", &to, &session);
        let assert_active = || {
            let error = job().unwrap_err();
            assert!(matches!(error.kind(), OutboxErrorKind::Active(_)), "{error}");
            let error = outbox.give_up("key").unwrap_err();
            assert!(matches!(error.kind(), OutboxErrorKind::Active(_)), "{error}");
            assert!(!outbox.clear().unwrap());
            let error = outbox.begin(Some("key".to_owned()), &to, &session).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown);
        };
        let upload = job().unwrap().upload(&session, media, &policy).unwrap();
        assert_active();
        drop(upload);
        let first = job().unwrap();
        let flow = first.send(&session, &uploaded, &policy, false).unwrap();
        drop(first);
        assert_active();
        drop(flow);
        job().unwrap();
    }

    #[test]
    fn an_upload_that_was_begun_takes_no_other_kind_and_no_other_name_of_a_file() {
        let gif = |name: &str, kind| {
            let gif = b"GIF89a\x01\0\x01\0\0\0\0";
            Media::new(name, 13, gif, &Policy::default()).unwrap().sent_as(kind).unwrap()
        };
        let (emoticon, file) = (MediaKind::Emoticon, MediaKind::File);
        for (begun, given, is_same) in [
            (("a.gif", emoticon), ("b.gif", emoticon), true),
            (("a.gif", emoticon), ("a.gif", file), false),
            (("a.gif", file), ("a.gif", file), true),
            (("a.gif", file), ("b.gif", file), false),
        ] {
            let (outbox, mut session) = (Outbox::in_memory(), session());
            let job = outbox.job("key", &Recipient::file_helper(), &session).unwrap();
            let upload = |session: &Session, (name, kind)| {
                job.upload(session, gif(name, kind), &Policy::default())
            };
            let OutboxFlow { mut flow, checkpoint } = upload(&session, begun).unwrap();
            while !matches!(flow.poll(&mut session, Duration::ZERO), Action::Send(..)) {
                let input = match flow.poll(&mut session, Duration::ZERO) {
                    Action::Save(state) => checkpoint.save(state).map(|()| Input::Saved).unwrap(),
                    Action::Read(_) => Input::Read(Bytes::from_static(&[b'x'; 13])),
                    other => panic!("{other:?}"),
                };
                flow.handle(input, Duration::ZERO).unwrap();
            }
            match upload(&session, given) {
                Ok(_) => assert!(is_same, "{begun:?} {given:?}"),
                Err(error) => {
                    assert!(!is_same && error.kind == ErrorKind::OtherMedia, "{error:?}");
                    assert_eq!(job.mark_uncertain(error).advice(), Advice::CheckKey);
                }
            }
        }
    }
}
