use crate::model::opaque::opaque;

/// A place ([P68](crate::protocol#p68)).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The line that the page shows.
    pub place: String,
    /// The address, if the server sent its XML.
    pub label: Option<String>,
    /// The name of the point of interest. Phones write `[位置]` if there is none.
    pub poi_name: Option<String>,
    /// Degrees north as the server wrote them, which [`coordinates`](Self::coordinates) reads.
    pub latitude: String,
    /// Degrees east as the server wrote them.
    pub longitude: String,
}

impl Location {
    /// Returns the latitude and the longitude in degrees, unless they are no numbers of a place on
    /// earth.
    #[must_use]
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        let degrees =
            |text: &str, most: f64| text.parse().ok().filter(|degrees: &f64| degrees.abs() <= most);
        Some((degrees(&self.latitude, 90.0)?, degrees(&self.longitude, 180.0)?))
    }
}

opaque!(Location);
