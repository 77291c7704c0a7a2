//! Times as ratios: ours and a bare loop in turn, and the bare loop once more to see what chance
//! alone does.

use std::time::Instant;

use cpu_time::ProcessTime;

/// What a run took, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock on the wall.
    pub wall: f64,
    /// Of this process's CPU time, all threads.
    pub cpu: f64,
}

impl Took {
    /// Times a run.
    pub fn by(run: impl FnOnce()) -> Self {
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        run();
        Self { wall: wall.elapsed().as_secs_f64(), cpu: cpu.elapsed().as_secs_f64() }
    }
}

/// Medians over all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Ratios {
    /// Ours over the bare loop, wall clock.
    pub wall: f64,
    /// The bare loop over itself.
    pub identical_wall: f64,
    /// Ours over the bare loop, CPU.
    pub cpu: f64,
    /// The bare loop over itself.
    pub identical_cpu: f64,
    /// The bare loop in seconds of wall clock, for orientation.
    pub bare: f64,
}

/// Ours and two loops that are the same, each with a client and buffers of its own.
pub type Trio<'a> = [Box<dyn FnMut() -> Took + 'a>; 3];

/// How many rounds a trio makes before the next one takes its place: where its buffers happen to
/// lie makes a difference of some percent on some CPUs, and is the same for all its life.
const ROUNDS: usize = 10;

/// Runs ours and the two bare loops in turn, `pairs` times, each time beginning with another of the
/// three.
pub fn compare<'a>(pairs: usize, make: impl Fn() -> Trio<'a>) -> Ratios {
    let mut rounds = Vec::with_capacity(pairs);
    for layout in 0..pairs.div_ceil(ROUNDS) {
        // Blocks of odd sizes in between move what is allocated after them.
        std::mem::forget(vec![0_u8; 16 * (layout * 37 % 256)]);
        let mut trio = make();
        // Connections, caches, the allocator's habits.
        for run in &mut trio {
            run();
        }
        for round in 0..ROUNDS.min(pairs - layout * ROUNDS) {
            let mut took = [None; 3];
            for turn in 0..3 {
                // Forwards and backwards, so that each follows each of the others.
                let which =
                    if round % 2 == 0 { (round + turn) % 3 } else { (round + 3 - turn) % 3 };
                took[which] = Some(trio[which]());
            }
            if let [Some(ours), Some(one), Some(two)] = took {
                rounds.push((ours, one, two));
            }
        }
    }
    let of = |what: fn(&(Took, Took, Took)) -> f64| median(rounds.iter().map(what).collect());
    Ratios {
        wall: of(|(ours, one, two)| 2.0 * ours.wall / (one.wall + two.wall)),
        identical_wall: of(|(_, one, two)| one.wall / two.wall),
        cpu: of(|(ours, one, two)| 2.0 * ours.cpu / (one.cpu + two.cpu)),
        identical_cpu: of(|(_, one, two)| one.cpu / two.cpu),
        bare: of(|(_, one, _)| one.wall),
    }
}

/// The middle one.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
