//! What a client does with its login as a whole.

use wx_client::seed;
use wx_proto::flow::{ListContacts, Logout, Restore};
use wx_proto::{Contact, Error};

use super::Client;
use crate::{Watch, drive};

impl Client {
    /// Restores a saved login, as the page does when it is reloaded: asks the server (`webwxinit`)
    /// whether the login is still valid, and applies the skey and the cookies of the reply. The
    /// sync position stays the same. Nothing else requires this call: if the session has no sync
    /// position, [`messages`](Self::messages) makes it by itself.
    ///
    /// When the future is dropped, the session is as it was.
    ///
    /// # Errors
    /// [`Error::is_logged_out`] if the login is over. On error the session is left unchanged.
    pub async fn restore(&self) -> Result<(), Error> {
        self.restore_with(Watch::new()).await
    }

    /// Like [`restore`](Self::restore), with progress reporting.
    ///
    /// # Errors
    /// As for [`restore`](Self::restore).
    pub async fn restore_with(&self, mut watch: Watch<'_>) -> Result<(), Error> {
        let mut flow = Restore::new(&self.session(), seed()?, self.policy())?;
        drive(&self.http, &self.session, &mut (), &mut flow, &mut watch).await
    }

    /// Lists the people and rooms that the account knows. Their UserNames are valid in this login
    /// only. Their names were chosen by strangers: escape them before printing. Contacts that
    /// cannot be read are skipped; [`ListContacts`] counts them.
    ///
    /// When the future is dropped, nothing has changed.
    ///
    /// # Errors
    /// [`Error::is_logged_out`] if the login is over.
    pub async fn contacts(&self) -> Result<Vec<Contact>, Error> {
        self.contacts_with(Watch::new()).await
    }

    /// Like [`contacts`](Self::contacts), with progress reporting.
    ///
    /// # Errors
    /// As for [`contacts`](Self::contacts).
    pub async fn contacts_with(&self, mut watch: Watch<'_>) -> Result<Vec<Contact>, Error> {
        let mut flow = ListContacts::new(&self.session(), seed()?, self.policy())?;
        let listed = drive(&self.http, &self.session, &mut (), &mut flow, &mut watch).await?;
        // Otherwise the flow would still share the list, and it would be copied.
        drop(flow);
        Ok(listed.contacts.into())
    }

    /// Ends the login on the server. Afterwards the session of this client and its clones no longer
    /// holds a secret of that login. [Save](Client::session) it: [`Client::push_builder`] can log
    /// in again with it.
    ///
    /// When the future is dropped, the login may be over or not.
    ///
    /// # Errors
    /// The server did not say that the login is over, and the session is as it was: call this
    /// again.
    pub async fn logout(&self) -> Result<(), Error> {
        self.logout_with(Watch::new()).await
    }

    /// Like [`logout`](Self::logout), with progress reporting.
    ///
    /// # Errors
    /// As for [`logout`](Self::logout).
    pub async fn logout_with(&self, mut watch: Watch<'_>) -> Result<(), Error> {
        let mut flow = Logout::new(&self.session(), seed()?, self.policy())?;
        drive(&self.http, &self.session, &mut (), &mut flow, &mut watch).await
    }
}
