//! The rules: how a job ends follows from the class of the fault, the place and the job.

use crate::ends::{BORNE, Ends, FINAL, LOST, MENDED, SWALLOWED};
use crate::faults::{FAULTS, Fault};
use crate::jobs::{Job, Place};

/// What a fault means to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The reply is a good one.
    Harmless,
    /// A good reply, but the range of a 206 counts other bytes than those of its body.
    Gzipped,
    /// A 206 that is not the whole media.
    Part,
    /// A 206 with fewer bytes than its range, which only a recording may have.
    ShortPart,
    /// A good reply to a chunk that says another number of bytes. It only counts if a chunk was
    /// repeated.
    StartPos,
    /// A reused connection was closed, so the request is due again on a new one.
    Reused,
    /// There was no connection, so the request has certainly not arrived.
    Unconnected,
    /// There was no connection that the client trusts.
    Untrusted,
    /// The next try may succeed.
    Transient,
    /// The next try may succeed, except that an empty avatar is no picture.
    Empty,
    /// The next try may succeed, but only a fetch makes it.
    FetchTransient,
    /// Somebody else replied, or the server cannot be understood.
    Unclear,
    /// The reply exceeds a limit. That of a file differs in length from the file, and that of a
    /// recording from its range.
    TooLarge,
    /// The reply is truncated JSON.
    HalfJson,
    /// The reply is neither JSON nor a page. That of a file differs in length from the file.
    NotJson,
    /// The end of the reply is not marked. JSON, a file of known length and a 206 have an end of
    /// their own.
    Unbounded,
    /// The server has refused the request with this Ret.
    Refused(i32),
    /// Nothing is missing except the MediaId, which only the reply to the last chunk has.
    NoMediaId,
    /// Nothing is missing except the MsgID.
    NoMsgId,
}

/// How the server treats a chunk that it has received before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// It replaces the first copy.
    Replaced,
    /// It is appended, and the reply to the last chunk has no MediaId.
    Appended,
    /// It is appended, and the reply to the last chunk has the MediaId of the wrong file.
    AppendedWithId,
}

impl Fault {
    /// Returns how the job ends if the fault hits `place`. `acted` says whether the server has
    /// acted on the request. `None` if there is no such case.
    pub(crate) fn ends(&self, job: Job, place: Place, acted: bool) -> Option<Ends> {
        if !self.acted.contains(&acted) || (job.is_fetch() && acted != self.acted[0]) {
            return None;
        }
        let doubtful = if acted { SWALLOWED } else { LOST };
        let is_message = place == Place::Message;
        match self.class {
            // The replies of these faults exist at some places only.
            Class::StartPos => (place.is_chunk() && job != Job::FileParallel).then_some(BORNE),
            Class::NoMediaId if place == Place::Last => Some(FINAL),
            // From then on, the last chunk is hit too.
            Class::NoMediaId => place.is_chunk().then_some(MENDED),
            Class::NoMsgId => is_message.then_some(doubtful),
            Class::Part => job.is_fetch().then_some(FINAL),
            Class::ShortPart if job.is_recording() => Some(MENDED),
            Class::ShortPart => job.is_fetch().then_some(FINAL),
            Class::HalfJson if job.is_fetch() => None,
            // A server that has refused a message has not delivered it.
            Class::Refused(_) if is_message && acted => None,
            _ if place.is_side_call() => Some(BORNE),
            Class::Gzipped if job.is_recording() => Some(MENDED),
            Class::Harmless | Class::Gzipped | Class::Reused => Some(BORNE),
            Class::Unbounded => {
                let is_image =
                    matches!(job, Job::FetchImage | Job::FetchThumbnail | Job::FetchAvatar);
                Some(if is_image { FINAL } else { BORNE })
            }
            Class::Untrusted => Some(FINAL),
            Class::Unconnected => Some(MENDED),
            Class::Refused(-1) if place.is_chunk() && job == Job::FileParallel => Some(MENDED),
            Class::Refused(_) => Some(FINAL),
            _ if is_message => Some(doubtful),
            Class::Empty if job == Job::FetchAvatar => Some(FINAL),
            Class::Transient | Class::Empty | Class::HalfJson => Some(MENDED),
            Class::FetchTransient if job.is_fetch() => Some(MENDED),
            Class::TooLarge if job.is_recording() => Some(MENDED),
            Class::TooLarge | Class::NotJson if job == Job::FetchFile => Some(MENDED),
            Class::FetchTransient | Class::Unclear | Class::TooLarge | Class::NotJson => {
                Some(FINAL)
            }
        }
    }

    /// Like [`Fault::ends`], with a server that treats repeated chunks as `repeats` says. After an
    /// upload that such a server has put together wrongly, the client starts over, once.
    pub(crate) fn ends_with(
        &self,
        (job, place, acted): (Job, Place, bool),
        repeats: Repeats,
    ) -> Option<Ends> {
        let ends = self.ends(job, place, acted)?;
        let is_repeated_again = self.class == Class::Reused && acted && place.is_chunk();
        Some(if is_repeated_again && repeats != Repeats::Replaced { MENDED } else { ends })
    }

    /// Returns how often a client makes the request if the fault hits it from now on, with the
    /// default [`Policy`](wx_proto::Policy). `None` where the rule does not say.
    pub(crate) fn tries(&self, job: Job, place: Place, acted: bool) -> Option<usize> {
        let is_retried = match self.class {
            Class::NoMediaId | Class::Harmless | Class::StartPos | Class::Unbounded => return None,
            _ => match self.ends(job, place, acted)? {
                BORNE => return None,
                ends => ends != FINAL,
            },
        };
        Some(match place {
            _ if !is_retried => 1,
            Place::Message => 4,
            _ if place.is_chunk() && job == Job::FileParallel => 5,
            _ => 3,
        })
    }
}

/// Returns the faults that the emulator can provoke.
pub(crate) fn emulated() -> impl Iterator<Item = &'static Fault> {
    FAULTS.iter().filter(|fault| fault.emulated.is_some())
}
