//! Compares times. A client and two identical bare loops run in turn; the ratio of the two loops
//! shows the spread.

use std::time::Instant;

use cpu_time::ProcessTime;

/// The duration of a run, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Wall-clock time.
    pub wall: f64,
    /// CPU time of all threads of this process.
    pub cpu: f64,
}

impl Timing {
    /// Measures a run.
    pub fn measure(run: impl FnOnce()) -> Self {
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        run();
        Self { wall: wall.elapsed().as_secs_f64(), cpu: cpu.elapsed().as_secs_f64() }
    }
}

/// The medians of all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Ratios {
    /// Wall-clock time of the client divided by the time of the bare loop.
    pub wall: f64,
    /// Wall-clock time of one bare loop divided by the time of the other.
    pub identical_wall: f64,
    /// CPU time of the client divided by the time of the bare loop.
    pub cpu: f64,
    /// CPU time of one bare loop divided by the time of the other.
    pub identical_cpu: f64,
    /// Wall-clock time of the bare loop in seconds, for orientation.
    pub bare: f64,
}

/// The client and two identical bare loops, each with its own HTTP client and buffers.
pub type Trio<'a> = [Box<dyn FnMut() -> Timing + 'a>; 3];

/// The number of trios. On some CPUs, the addresses of the buffers of a trio change its times by a
/// few percent, and these addresses stay the same until the next trio.
const TRIOS: usize = 10;

/// Runs the client and the two bare loops in turn, `pairs` times. The order changes from round to
/// round.
pub fn compare<'a>(pairs: usize, make: impl Fn() -> Trio<'a>) -> Ratios {
    let mut rounds = Vec::with_capacity(pairs);
    let rounds_of_trio = pairs.div_ceil(TRIOS);
    for layout in 0..pairs.div_ceil(rounds_of_trio) {
        // A block of an odd size shifts the later allocations.
        std::mem::forget(vec![0_u8; 16 * (layout * 37 % 256)]);
        let mut trio = make();
        // Warms up connections, caches and the allocator.
        for run in &mut trio {
            run();
        }
        for round in 0..rounds_of_trio.min(pairs - layout * rounds_of_trio) {
            let mut timings = [None; 3];
            for turn in 0..3 {
                // Alternates between both directions, so that each of the three follows each of the
                // others.
                let which =
                    if round % 2 == 0 { (round + turn) % 3 } else { (round + 3 - turn) % 3 };
                timings[which] = Some(trio[which]());
            }
            if let [Some(ours), Some(one), Some(two)] = timings {
                rounds.push((ours, one, two));
            }
        }
    }
    let of = |what: fn(&(Timing, Timing, Timing)) -> f64| median(rounds.iter().map(what).collect());
    Ratios {
        wall: of(|(ours, one, two)| 2.0 * ours.wall / (one.wall + two.wall)),
        identical_wall: of(|(_, one, two)| one.wall / two.wall),
        cpu: of(|(ours, one, two)| 2.0 * ours.cpu / (one.cpu + two.cpu)),
        identical_cpu: of(|(_, one, two)| one.cpu / two.cpu),
        bare: of(|(_, one, _)| one.wall),
    }
}

/// Returns the median.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
