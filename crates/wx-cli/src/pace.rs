//! The pauses of a batch. After 20 to 40 images in a row, people report Ret 1205 ("too frequent").

use std::time::Duration;

/// The number of texts and files that are sent without a pause.
const FREE: usize = 10;
/// The pause before each further one.
const PAUSE: Duration = Duration::from_secs(3);

/// Returns the pause before the item at this index of a batch. `asked` is the pause that the
/// user has set.
pub(crate) fn pace_before(item: usize, asked: Option<Duration>) -> Duration {
    match asked {
        _ if item == 0 => Duration::ZERO,
        Some(pause) => pause,
        None if item < FREE => Duration::ZERO,
        None => PAUSE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_picture_waits_unless_another_pace_is_asked_for() {
        let pauses =
            |asked| [0, 1, 9, 10, 11, 500].map(|item| pace_before(item, asked).as_millis());
        assert_eq!(pauses(None), [0, 0, 0, 3000, 3000, 3000]);
        assert_eq!(pauses(Some(Duration::ZERO)), [0; 6]);
        assert_eq!(pauses(Some(Duration::from_millis(400))), [0, 400, 400, 400, 400, 400]);
    }
}
