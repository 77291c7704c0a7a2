//! The sources of the two clients.

use std::io;

use wx_client::FileError;

use super::SPOOL;
use crate::files::Input;
use crate::problem::Problem;

pub(super) fn ureq_source(input: Input, limit: u64) -> Result<wx_ureq::Source, Problem> {
    use wx_ureq::Source;
    Ok(match input {
        Input::File(path) => Source::path(path).map_err(without_name)?,
        Input::Bytes(name, bytes) => Source::bytes(name, bytes),
        Input::Once(None) => Source::reader("", io::stdin().lock(), SPOOL, limit)?,
        Input::Once(Some(file)) => Source::reader("", file, SPOOL, limit)?,
    })
}

pub(super) async fn reqwest_source(
    input: Input,
    limit: u64,
) -> Result<wx_reqwest::Source, Problem> {
    use tokio::fs::File;
    use wx_reqwest::Source;
    Ok(match input {
        Input::File(path) => Source::path(path).await.map_err(without_name)?,
        Input::Bytes(name, bytes) => Source::bytes(name, bytes),
        Input::Once(None) => Source::reader("", tokio::io::stdin(), SPOOL, limit).await?,
        Input::Once(Some(file)) => Source::reader("", File::from_std(file), SPOOL, limit).await?,
    })
}

/// Converts an error about the file to send. The report names the file itself.
fn without_name(error: io::Error) -> Problem {
    error.downcast().map_or_else(Problem::from, |named: FileError| named.into_reason().into())
}
