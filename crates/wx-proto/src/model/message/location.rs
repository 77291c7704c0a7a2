use crate::model::opaque::opaque;

/// A location ([P68](crate::protocol#p68)).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The line that the page shows.
    pub place: String,
    /// The address, if the server sent its XML.
    pub label: Option<String>,
    /// The name of the point of interest. Phones write `[位置]` if there is none.
    pub poi_name: Option<String>,
    /// The latitude in degrees north, as text. [`coordinates`](Self::coordinates) parses it.
    pub latitude: String,
    /// The longitude in degrees east, as text.
    pub longitude: String,
}

impl Location {
    /// Returns the latitude and the longitude in degrees, if both are valid.
    #[must_use]
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        let degrees =
            |text: &str, max: f64| text.parse().ok().filter(|degrees: &f64| degrees.abs() <= max);
        Some((degrees(&self.latitude, 90.0)?, degrees(&self.longitude, 180.0)?))
    }
}

opaque!(Location);
