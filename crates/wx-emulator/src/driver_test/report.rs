//! The findings of the driver test.

use std::fmt;

/// The result of a driver test.
///
/// `Display` prints a line for each check. For a failed check, it adds the duty, what was expected,
/// and what was observed. It prints no values of requests, because these contain credentials.
#[derive(Clone, Debug)]
#[must_use]
pub struct Report {
    checks: Vec<CheckReport>,
}

/// The result of one check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckReport {
    /// The name of the check, such as `redirects_are_not_followed`.
    pub name: &'static str,
    /// The duty of a driver that the check verifies.
    pub duty: &'static str,
    /// The finding, if the driver breaks the duty.
    pub finding: Option<Finding>,
}

/// A duty that a driver breaks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The required behaviour.
    pub expected: String,
    /// The behaviour of this driver.
    pub actual: String,
}

impl Finding {
    pub(super) fn new(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { expected: expected.into(), actual: actual.into() }
    }

    /// Adds the name of the case, which says what the server did.
    pub(super) fn with_case(self, case: &str) -> Self {
        Self { actual: format!("{} ({case})", self.actual), ..self }
    }
}

impl Report {
    pub(super) fn new(checks: Vec<CheckReport>) -> Self {
        Self { checks }
    }

    /// Returns whether the driver passed all checks.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Returns all checks that were run, in order.
    #[must_use]
    pub fn checks(&self) -> &[CheckReport] {
        &self.checks
    }

    /// Returns the checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(|check| check.finding.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} checks of the driver failed",
            self.failures().count(),
            self.checks.len()
        )?;
        self.checks.iter().try_for_each(|check| write!(f, "{check}"))
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(finding) = &self.finding else { return writeln!(f, "ok     {}", self.name) };
        writeln!(f, "FAILED {}", self.name)?;
        writeln!(f, "       duty:     {}", self.duty)?;
        writeln!(f, "       expected: {}", finding.expected)?;
        writeln!(f, "       actual:   {}", finding.actual)
    }
}
