//! The table's rows.

use std::fmt::Write;

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured.
    pub what: String,
    /// What came out.
    pub figure: f64,
    /// What it must not be above, or below if it is said so; `None` is for orientation.
    pub limit: Option<Limit>,
    /// What a count was when it was last looked at: more is to be noticed at once.
    pub was: Option<f64>,
    /// Decimals to print.
    pub decimals: usize,
    /// Behind the figure: a unit.
    pub unit: &'static str,
    /// The ratio of two identical loops, for a ratio of times.
    pub identical: Option<f64>,
}

/// A bound.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// At most this.
    Most(f64),
    /// At least this.
    Least(f64),
}

impl Row {
    /// A count, without spread.
    #[must_use]
    pub fn count(
        what: impl Into<String>,
        figure: f64,
        decimals: usize,
        unit: &'static str,
    ) -> Self {
        Self { what: what.into(), figure, limit: None, was: None, decimals, unit, identical: None }
    }

    /// With an upper bound.
    #[must_use]
    pub fn at_most(mut self, limit: f64) -> Self {
        self.limit = Some(Limit::Most(limit));
        self
    }

    /// With what it was.
    #[must_use]
    pub fn was(mut self, figure: f64) -> Self {
        self.was = Some(figure);
        self
    }

    /// Whether it is more than a tenth above what it was: so much a compiler or a libc may do.
    #[must_use]
    pub fn has_risen(&self) -> bool {
        self.was.is_some_and(|was| self.figure > was * 1.1)
    }

    /// With a lower bound.
    #[must_use]
    pub fn at_least(mut self, limit: f64) -> Self {
        self.limit = Some(Limit::Least(limit));
        self
    }

    /// Whether the figure is within its limit, the spread of two identical loops granted.
    #[must_use]
    pub fn holds(&self) -> bool {
        let spread = self.identical.map_or(0.0, |identical| (identical - 1.0).abs());
        match self.limit {
            None => true,
            Some(Limit::Most(limit)) => self.figure - spread <= limit,
            Some(Limit::Least(limit)) => self.figure + spread >= limit,
        }
    }
}

/// The rows as Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text =
        "| Figure | Measured | Identical loops | Must reach | |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
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
            Some(_) if row.holds() => "holds",
            Some(_) => "**falls short**",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.decimals$}{unit} | {identical} | {limit} | {holds} |",
            row.what, row.figure
        );
    }
    text
}
