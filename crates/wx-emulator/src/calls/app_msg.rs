//! The XML by which the official page sends an uploaded file.

use crate::model::replies::escape;

/// Returns whether `text` is the page's XML of an upload, to the byte.
pub(super) fn is_official(text: &str, name: &str, len: usize, media_id: &str) -> bool {
    // The upload library appends a dot to a name that has none.
    let titles = [name, name.strip_suffix('.').unwrap_or(name)];
    titles.iter().any(|title| {
        extensions(title).iter().any(|extension| {
            // The page does not escape them. A client that does sends a message that can be read.
            text == xml(title, extension, len, media_id)
                || text == xml(&escape(title), &escape(extension), len, media_id)
        })
    })
}

/// What the page writes for a name without a dot is unknown.
fn extensions(name: &str) -> [&str; 2] {
    name.rsplit_once('.').map_or(["", "undefined"], |(_, extension)| [extension; 2])
}

fn xml(title: &str, extension: &str, len: usize, media_id: &str) -> String {
    format!(
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>{title}</title><des></des><action>\
         </action><type>6</type><content></content><url></url><lowurl></lowurl><appattach>\
         <totallen>{len}</totallen><attachid>{media_id}</attachid><fileext>{extension}</fileext>\
         </appattach><extinfo></extinfo></appmsg>"
    )
}
