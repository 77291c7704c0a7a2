use std::fmt;

use wx_proto::Advice;

use super::status::HealthStatus;

/// One line of a report. `Display` shows the whole line, with the columns of the other items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthItem {
    /// A lower-case name of the check, such as `proxy`.
    pub check: &'static str,
    /// The result.
    pub status: HealthStatus,
    /// What was found, and why.
    pub message: String,
    /// What to do next, in words.
    pub next: Option<String>,
    /// What to do next.
    pub advice: Option<Advice>,
}

impl HealthItem {
    /// Creates an item without advice.
    #[must_use]
    pub fn new(check: &'static str, status: HealthStatus, message: impl fmt::Display) -> Self {
        Self { check, status, message: message.to_string(), next: None, advice: None }
    }

    /// Adds advice, in the words of [`Advice`].
    #[must_use]
    pub fn advise(self, advice: Advice) -> Self {
        self.advise_in_words(advice, advice)
    }

    /// Adds advice, in other words.
    #[must_use]
    pub fn advise_in_words(self, advice: Advice, next: impl fmt::Display) -> Self {
        Self { advice: Some(advice), next: Some(next.to_string()), ..self }
    }
}

impl fmt::Display for HealthItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, check, message) = (self.status.name(), self.check, &self.message);
        write!(f, "{status:<8} {check:<12} {message}")?;
        match &self.next {
            Some(next) => write!(f, "; {next}"),
            None => Ok(()),
        }
    }
}
