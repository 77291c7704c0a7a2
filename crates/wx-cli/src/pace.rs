//! The pauses of a batch. After 20 to 40 images in a row, people report Ret 1205 ("too frequent").

use std::time::Duration;

/// The number of messages that are sent without a pause.
const FREE: usize = 10;
/// The pause before each further one.
const PAUSE: Duration = Duration::from_secs(3);

/// The pauses between the messages of a batch, whoever receives them.
pub(crate) struct Pace {
    /// The pause that the user has set.
    asked: Option<Duration>,
    /// The number of messages so far.
    messages: usize,
}

impl Pace {
    pub(crate) fn new(asked: Option<Duration>) -> Self {
        Self { asked, messages: 0 }
    }

    /// Returns the pause before the next message, and counts it.
    pub(crate) fn next(&mut self) -> Duration {
        let sent = self.messages;
        self.messages += 1;
        match self.asked {
            _ if sent == 0 => Duration::ZERO,
            Some(pause) => pause,
            None if sent < FREE => Duration::ZERO,
            None => PAUSE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_message_waits_unless_another_pace_is_asked_for() {
        let pauses = |asked| {
            let mut pace = Pace::new(asked);
            [(); 12].map(|()| pace.next().as_millis())
        };
        assert_eq!(pauses(None), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3000, 3000]);
        assert_eq!(pauses(Some(Duration::ZERO)), [0; 12]);
        let mut all = [400; 12];
        all[0] = 0;
        assert_eq!(pauses(Some(Duration::from_millis(400))), all);
    }
}
