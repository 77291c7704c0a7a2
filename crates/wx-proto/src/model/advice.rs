use std::fmt;

/// What to do about an error. `Display` shows one sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// The login is over or incomplete.
    LoginAgain,
    /// This computer's clock is wrong.
    SetClock,
    /// The account is rate limited.
    Wait,
    /// The server has a temporary problem.
    RetryLater,
    /// The job was cancelled, or its login was replaced by another. There was no error otherwise.
    BeginAgain,
    /// The network failed.
    CheckNetwork,
    /// The account may not log in to web WeChat. The File Transfer Helper accepts more accounts.
    UseFileHelper,
    /// A proxy or firewall refuses the requests, or replies in place of the server.
    CheckProxy,
    /// The file cannot be sent, read or written.
    CheckFile,
    /// There is no text to send.
    WriteText,
    /// The server refused the recipient.
    CheckRecipient,
    /// The media does not exist, no longer exists, or belongs to another login.
    CheckMessage,
    /// There is nothing to fetch, because the sender's file is empty or was not uploaded.
    AskSender,
    /// The key was already used for another message of the outbox.
    CheckKey,
    /// A limit that the caller set was exceeded.
    RaiseLimit,
    /// The message may have been delivered: look at the phone before sending it again.
    LookAtPhone,
    /// The message cannot be revoked: delete the account's own copy on the phone.
    DeleteOnPhone,
    /// The error is unexpected: report it as a bug.
    Report,
}

impl Advice {
    /// Returns a short lower-case name, as used in the JSON of the command.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginAgain => "login_again",
            Self::SetClock => "set_clock",
            Self::Wait => "wait",
            Self::RetryLater => "retry_later",
            Self::BeginAgain => "begin_again",
            Self::CheckNetwork => "check_network",
            Self::UseFileHelper => "use_file_helper",
            Self::CheckProxy => "check_proxy",
            Self::CheckFile => "check_file",
            Self::WriteText => "write_text",
            Self::CheckRecipient => "check_recipient",
            Self::CheckMessage => "check_message",
            Self::AskSender => "ask_sender",
            Self::CheckKey => "check_key",
            Self::RaiseLimit => "raise_limit",
            Self::LookAtPhone => "look_at_phone",
            Self::DeleteOnPhone => "delete_on_phone",
            Self::Report => "report",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoginAgain => "log in again",
            Self::SetClock => "set this computer's clock and log in again",
            Self::Wait => "wait for hours rather than minutes, and send fewer messages at a time",
            Self::RetryLater => "try again later",
            Self::BeginAgain => "start it again if it is still wanted",
            Self::CheckNetwork => "check the network and try again",
            Self::CheckProxy => {
                "something between this computer and the server interferes: check the proxy and \
                 the network"
            }
            Self::UseFileHelper => {
                "the File Transfer Helper is open to more accounts: `wx login --profile filehelper`"
            }
            Self::CheckFile => "check the file",
            Self::WriteText => "write something",
            Self::CheckRecipient => "check the recipient; to send to yourself, use filehelper",
            Self::CheckMessage => {
                "the message may be too old or too new, from another login, a sticker from the \
                 store, or a file above 25 MiB; try again later"
            }
            Self::AskSender => {
                "there is probably nothing to fetch: ask the sender whether the file is empty, or \
                 to send it again"
            }
            Self::CheckKey => "use a new key, or send what this one was first used for",
            Self::RaiseLimit => "raise the limit if this is what you want",
            Self::LookAtPhone => "look at the conversation on the phone before sending it again",
            Self::DeleteOnPhone => "delete your own copy on the phone; the recipient keeps theirs",
            Self::Report => "this is unexpected; please report it with the step and the code",
        })
    }
}
