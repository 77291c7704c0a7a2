//! What is odd about an upload form.

use crate::form::Form;
use crate::hub::{Call, Hub};
use crate::picture::Picture;

/// Notes what is odd about a file now that it is whole.
pub(crate) fn look_at_picture(_call: &Call, _hub: &Hub, _form: &Form, _picture: &Picture) {}
