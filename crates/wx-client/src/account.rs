//! Operations of a client on its login.

use wx_proto::flow::{ListContacts, Logout, Restore};

use crate::client::{Client, Request};
use crate::seed::seed;
use crate::transport::Transport;

impl<H: Transport> Client<H> {
    /// Restores a saved login, as the page does when it is reloaded: asks the server (`webwxinit`)
    /// whether the login is still valid, and applies the skey and the cookies of the reply. The
    /// sync position stays the same. Nothing else requires this call: if the session has no sync
    /// position, [`messages`](Self::messages) makes this call by itself.
    ///
    /// # Errors
    /// [`Error::is_logged_out`](wx_proto::Error::is_logged_out) if the login is over. On error the
    /// session is left unchanged.
    pub fn restore<'a>(&self) -> Request<'a, Restore, H> {
        self.plain(|session, policy| Restore::new(session, seed()?, policy))
    }

    /// Lists the people and rooms that the account knows. Their UserNames are valid in this login
    /// only. Their names were chosen by strangers: escape them before printing. Contacts that
    /// cannot be read are skipped and counted.
    ///
    /// # Errors
    /// [`Error::is_logged_out`](wx_proto::Error::is_logged_out) if the login is over.
    pub fn contacts<'a>(&self) -> Request<'a, ListContacts, H> {
        self.plain(|session, policy| ListContacts::new(session, seed()?, policy))
    }

    /// Ends the login on the server. After that, the session of this client and its clones no
    /// longer holds a secret of that login. [Save](Client::session) it, because
    /// [`Client::login_again`] needs it to log in again.
    ///
    /// # Errors
    /// The server has not confirmed that the login is over. The session is left unchanged, so this
    /// can be called again.
    pub fn logout<'a>(&self) -> Request<'a, Logout, H> {
        self.plain(|session, policy| Logout::new(session, seed()?, policy))
    }
}
