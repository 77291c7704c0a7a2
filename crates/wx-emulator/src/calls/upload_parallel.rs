//! webwxuploadmediaparallel, by which the File Transfer Helper uploads large files. Only one client
//! is known to use it.

use std::time::Instant;

use serde_json::{Value, json};

use super::upload_media::{LONGEST, check_random, check_ticket, complete};
use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::random;
use crate::model::replies::base_response;
use crate::model::ret::{MALFORMED, Ret};
use crate::state::uploads::{Chunk, FileKey, Progress};

pub(super) const UPLOAD_PARALLEL: CallSpec = CallSpec {
    name: "webwxuploadmediaparallel",
    methods: &["POST"],
    host: HostRole::File,
    login: Login::FormTicket,
    handler: Handler::Async(|call| Box::pin(upload(call))),
    refusal: Refusal::Ret(|ret| Reply::json(reply(ret, "", ""))),
    page: PageRequest {
        fixed: &[("f", &["json"])],
        check: check_random,
        ..PageRequest::script(&["f", "random"], PageBody::ParallelForm)
    },
};

async fn upload(call: &ReceivedCall<'_>) -> Outcome {
    if call.state.logins().profile != Profile::FileHelper {
        return Err(MALFORMED);
    }
    let form = call.form.as_ref().ok_or(MALFORMED)?;
    let request = form.upload_request().ok_or(MALFORMED)?;
    let text = |key: &str| request[key].as_str().unwrap_or_default();
    let number = |key: &str| request[key].as_u64().ok_or(MALFORMED);
    let (index, count, size) = (number("Chunk")?, number("Chunks")?, number("TotalLen")?);
    if size > LONGEST || index >= count {
        return Err(MALFORMED);
    }
    if size <= call.state.options.checked_above {
        call.violation("a file that is small enough for webwxuploadmedia");
    }
    let md5 = text("FileMD5").to_owned();
    let upload_id = match (index, text("UploadID")) {
        (0, _) => format!("@upload_{}", random::hex(32)),
        (_, "") => return Err(MALFORMED),
        (_, known) => known.to_owned(),
    };
    let key =
        FileKey { client_media_id: upload_id.clone(), md5, name: text("Name").to_owned(), size };
    check_ticket(call, &request, &key)?;
    let chunk = Chunk {
        key: key.clone(),
        index: index as usize,
        count: count as usize,
        bytes: form.file.as_ref().ok_or(MALFORMED)?,
        request: "",
    };
    let now = Instant::now();
    call.state.uploads().expire(now);
    let progress = call.state.uploads().add(&chunk, call.state.options.repeats, now);
    let media_id = match progress {
        Progress::Incomplete | Progress::Miscounted(_) => String::new(),
        Progress::AlreadyComplete(media_id) => media_id,
        Progress::Complete(bytes) => complete(call, form, &key, bytes).await?,
        Progress::Short => {
            call.state.uploads().forget(&key);
            call.violation("fewer bytes than announced");
            return Err(MALFORMED);
        }
        Progress::Refused(why) => {
            call.violation(why);
            return Err(MALFORMED);
        }
    };
    // Only the first reply is known to have the id.
    let shown_id = if index == 0 { upload_id.as_str() } else { "" };
    Ok(Reply::json(reply(0, shown_id, &media_id)))
}

fn reply(ret: Ret, upload_id: &str, media_id: &str) -> Value {
    json!({ "BaseResponse": base_response(ret), "UploadID": upload_id, "MediaId": media_id })
}
