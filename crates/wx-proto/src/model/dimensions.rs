//! The width and height of an image.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The width and height of an image in pixels. Neither is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct Dimensions {
    width: u32,
    height: u32,
}

impl Dimensions {
    /// Creates dimensions. Returns `None` if the width or the height is 0.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Option<Self> {
        if width == 0 || height == 0 { None } else { Some(Self { width, height }) }
    }

    /// Like [`Dimensions::new`], for numbers from a server.
    pub(crate) fn from_server<N: TryInto<u32>>(
        width: Option<N>,
        height: Option<N>,
    ) -> Option<Self> {
        Self::new(width?.try_into().ok()?, height?.try_into().ok()?)
    }

    /// Returns the width in pixels.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Returns the height in pixels.
    #[must_use]
    pub const fn height(self) -> u32 {
        self.height
    }
}

impl TryFrom<(u32, u32)> for Dimensions {
    type Error = &'static str;

    fn try_from((width, height): (u32, u32)) -> Result<Self, Self::Error> {
        Self::new(width, height).ok_or("an image is at least 1 pixel wide and high")
    }
}

impl From<Dimensions> for (u32, u32) {
    fn from(dimensions: Dimensions) -> Self {
        (dimensions.width, dimensions.height)
    }
}

/// Formats the dimensions like `100 × 71`.
impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.width, self.height)
    }
}
