//! Measured figures, and their table.

use std::fmt::Write;

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// A description of the figure.
    pub what: String,
    /// The measured value.
    pub value: f64,
    /// The limit for the value. `None` if the figure is only for orientation.
    pub limit: Option<Limit>,
    /// The value at the last review. A count that has risen since then fails the check.
    pub baseline: Option<f64>,
    /// The number of decimal places in the table.
    pub decimals: usize,
    /// The unit, preceded by a space.
    pub unit: &'static str,
    /// For a ratio of times, the ratio of two identical loops.
    pub identical: Option<f64>,
}

/// The limit of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// An upper limit.
    Most(f64),
    /// A lower limit.
    Least(f64),
}

impl Figure {
    /// Creates a figure without a limit.
    #[must_use]
    pub fn count(what: impl Into<String>, value: f64, decimals: usize, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            value,
            limit: None,
            baseline: None,
            decimals,
            unit,
            identical: None,
        }
    }

    /// Sets an upper limit.
    #[must_use]
    pub fn at_most(mut self, limit: f64) -> Self {
        self.limit = Some(Limit::Most(limit));
        self
    }

    /// Sets the value at the last review.
    #[must_use]
    pub fn baseline(mut self, value: f64) -> Self {
        self.baseline = Some(value);
        self
    }

    /// Returns whether the figure is more than a tenth above its baseline. Different compilers and
    /// C libraries cause smaller differences.
    #[must_use]
    pub fn has_risen(&self) -> bool {
        self.baseline.is_some_and(|baseline| self.value > baseline * 1.1)
    }

    /// Sets a lower limit.
    #[must_use]
    pub fn at_least(mut self, limit: f64) -> Self {
        self.limit = Some(Limit::Least(limit));
        self
    }

    /// Returns whether the figure is within its limit, allowing for the spread of two identical
    /// loops.
    #[must_use]
    pub fn is_within_limit(&self) -> bool {
        let spread = self.identical.map_or(0.0, |identical| (identical - 1.0).abs());
        match self.limit {
            None => true,
            Some(Limit::Most(limit)) => self.value - spread <= limit,
            Some(Limit::Least(limit)) => self.value + spread >= limit,
        }
    }
}

/// Returns the figures as a Markdown table.
#[must_use]
pub fn table(figures: &[Figure]) -> String {
    let mut text =
        "| Figure | Measured | Identical loops | Must reach | |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in figures {
        let (decimals, unit) = (row.decimals, row.unit);
        let limit = match row.limit {
            None => String::new(),
            Some(Limit::Most(limit)) => format!("≤ {limit}{unit}"),
            Some(Limit::Least(limit)) => format!("≥ {limit}{unit}"),
        };
        let identical =
            row.identical.map(|ratio| format!("{ratio:.decimals$}")).unwrap_or_default();
        let holds = match row.limit {
            None => "",
            Some(_) if row.is_within_limit() => "holds",
            Some(_) => "**falls short**",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.decimals$}{unit} | {identical} | {limit} | {holds} |",
            row.what, row.value
        );
    }
    text
}
