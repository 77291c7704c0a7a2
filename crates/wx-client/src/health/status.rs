/// The result of one check. The order is from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthStatus {
    /// Nothing is wrong.
    Ok,
    /// The check was not made, because there is nothing to check, or because an earlier one failed.
    Skipped,
    /// It works, but may soon fail, or is not as it should be.
    Warning,
    /// It does not work.
    Failed,
}

impl HealthStatus {
    /// Returns a lower-case name, as used in the output of `wx doctor`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}
