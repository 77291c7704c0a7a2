use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::model::ids::{DeviceId, LocalId};
use crate::model::md5::Md5Hasher;
use crate::model::unix_ms::UnixMs;

/// The start time and the randomness of one job. All ids of the job are derived from it, so a run
/// is a function of its seed and its inputs.
///
/// Two jobs must never share a millisecond, because the ClientMediaId is derived from it
/// ([P28](crate::protocol#p28)). An [`IdSource`] creates suitable seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed {
    /// The time, which is unique to the job.
    pub unix_ms: UnixMs,
    /// 128 random bits.
    pub entropy: [u8; 16],
}

/// The purpose of a derived value. Each purpose results in different bytes.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    UploadDevice,
    CheckDevice,
    MessageDevice,
    InitDevice,
    NotifyDevice,
    CheckSyncDevice,
    SyncDevice,
    ContactDevice,
    Message,
    Random { chunk: u32 },
    OwnCallDevice,
    Boundary { upload: u64, chunk: u32 },
}

impl Seed {
    /// Derives the bytes for one purpose, as the MD5 of purpose and entropy.
    fn derive(&self, purpose: Purpose) -> [u8; 16] {
        let (tag, upload, chunk) = match purpose {
            Purpose::UploadDevice => (0u8, 0, 0),
            Purpose::CheckDevice => (1, 0, 0),
            Purpose::MessageDevice => (2, 0, 0),
            Purpose::Message => (3, 0, 0),
            Purpose::Boundary { upload, chunk } => (4, upload, chunk),
            Purpose::InitDevice => (5, 0, 0),
            Purpose::NotifyDevice => (6, 0, 0),
            Purpose::CheckSyncDevice => (7, 0, 0),
            Purpose::SyncDevice => (8, 0, 0),
            Purpose::ContactDevice => (9, 0, 0),
            Purpose::Random { chunk } => (10, 0, chunk),
            Purpose::OwnCallDevice => (11, 0, 0),
        };
        let mut hash = Md5Hasher::new();
        hash.update(self.entropy);
        hash.update([tag]);
        hash.update(upload.to_le_bytes());
        hash.update(chunk.to_le_bytes());
        *hash.finish().as_bytes()
    }

    /// Derives a seed for a later call of the same job.
    pub(crate) fn later(&self, unix_ms: UnixMs) -> Self {
        let mut hash = Md5Hasher::new();
        hash.update(self.entropy);
        hash.update(unix_ms.get().to_le_bytes());
        Self { unix_ms, entropy: *hash.finish().as_bytes() }
    }

    fn derive_number(&self, purpose: Purpose) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.derive(purpose);
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    pub(crate) fn device_id(&self, purpose: Purpose) -> DeviceId {
        DeviceId::from_number(self.derive_number(purpose))
    }

    pub(crate) fn local_id(&self) -> LocalId {
        LocalId::from_clock(self.unix_ms, (self.derive_number(Purpose::Message) % 1000) as u16)
    }

    /// Returns a form boundary like a browser's: a fixed prefix and sixteen letters or digits.
    pub(crate) fn boundary(&self, upload: u64, chunk: u32) -> String {
        let mut text = String::with_capacity(38);
        text.push_str("----WebKitFormBoundary");
        text.extend(self.letters(Purpose::Boundary { upload, chunk }));
        text
    }

    /// Returns the value of `random` in an upload of the File Transfer Helper.
    pub(crate) fn four_letters(&self, chunk: u32) -> String {
        self.letters(Purpose::Random { chunk }).take(4).collect()
    }

    fn letters(&self, purpose: Purpose) -> impl Iterator<Item = char> {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        self.derive(purpose)
            .into_iter()
            .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
    }
}

/// Creates [`Seed`]s with unique milliseconds. Each job gets two milliseconds, because an upload
/// that starts over needs a second one.
///
/// ```
/// use wx_proto::{IdSource, UnixMs};
///
/// let now = UnixMs::new(1_511_493_942_795);
/// let [one, two] = [[1; 16], [2; 16]].map(|entropy| IdSource::process().seed(now, entropy));
/// assert!(one.unix_ms >= now && two.unix_ms.get() >= one.unix_ms.get() + 2);
/// ```
#[derive(Debug, Default)]
pub struct IdSource {
    /// The first unused millisecond.
    free: AtomicU64,
}

impl IdSource {
    /// Creates a separate source, for tests.
    #[must_use]
    pub const fn new() -> Self {
        Self { free: AtomicU64::new(0) }
    }

    /// Returns the source that the whole process shares.
    #[must_use]
    pub fn process() -> &'static Self {
        static PROCESS: IdSource = IdSource::new();
        &PROCESS
    }

    /// Skips all times up to `used`, which another process has used.
    pub fn skip(&self, used: UnixMs) {
        self.free.fetch_max(used.get().saturating_add(2), Ordering::Relaxed);
    }

    /// Creates a seed at `now`, or at the first unused time after it.
    pub fn seed(&self, now: UnixMs, entropy: [u8; 16]) -> Seed {
        let reserve = |free: u64| free.max(now.get()).saturating_add(2);
        let free = match self
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| Some(reserve(free)))
        {
            Ok(free) | Err(free) => free,
        };
        Seed { unix_ms: UnixMs::new(free.max(now.get())), entropy }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NOW: UnixMs = UnixMs::new(1_511_493_942_795);

    fn is_digits(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_digit())
    }

    #[test]
    fn p11_device_ids_of_a_seed() {
        let seed = Seed { unix_ms: NOW, entropy: [7; 16] };
        let ids = [Purpose::UploadDevice, Purpose::CheckDevice, Purpose::MessageDevice]
            .map(|what| seed.device_id(what));
        for id in &ids {
            let digits = id.as_str().strip_prefix('e').unwrap();
            assert!(digits.len() == 15 && is_digits(digits), "{id:?}");
        }
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }

    #[test]
    fn p44_local_ids_of_the_vector() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/client_ids.json")).unwrap();
        for case in vector["local_id"]["cases"].as_array().unwrap() {
            let thousandths = (case["random"].as_f64().unwrap() * 1000.0).round() as u16;
            let id = LocalId::from_clock(UnixMs::new(case["ms"].as_u64().unwrap()), thousandths);
            assert_eq!(id.as_str(), case["expect"].as_str().unwrap());
        }
        for entropy in 0..=255 {
            let id = Seed { unix_ms: NOW, entropy: [entropy; 16] }.local_id();
            assert!(
                id.as_str().len() == 17
                    && is_digits(id.as_str())
                    && id.as_str().as_bytes()[13] == b'0'
            );
        }
    }

    #[test]
    fn p28_p44_ten_thousand_sends_of_one_millisecond_are_distinct() {
        let source = IdSource::new();
        let (mut media, mut local) = (BTreeSet::new(), BTreeSet::new());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| (0..2500).map(|_| source.seed(NOW, [9; 16])).collect::<Vec<_>>())
                })
                .collect();
            for seed in workers.into_iter().flat_map(|worker| worker.join().unwrap()) {
                let ms = seed.unix_ms.get();
                assert!(media.insert(ms) && media.insert(ms + 1));
                assert!(local.insert(seed.local_id().to_string()));
            }
        });
        assert_eq!(local.len(), 10_000);
        let later = UnixMs::new(1_611_493_942_795);
        assert_eq!(source.seed(later, [0; 16]).unix_ms, later);
        // The times of another process, whether they are ahead of this process or not.
        for used in [1_711_493_942_795, 1_511_493_942_795] {
            source.skip(UnixMs::new(used));
            let next = source.seed(later, [0; 16]).unix_ms;
            assert!(next > UnixMs::new(1_711_493_942_796), "{next}");
        }
    }

    #[test]
    fn boundaries_differ_by_chunk_and_by_upload() {
        let seed = Seed { unix_ms: NOW, entropy: [3; 16] };
        let all = BTreeSet::from([seed.boundary(1, 0), seed.boundary(1, 1), seed.boundary(2, 0)]);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|boundary| boundary.len() == 38));
    }
}
