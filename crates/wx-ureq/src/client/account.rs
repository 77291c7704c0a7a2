//! What a client does with its login as a whole.

use wx_client::seed;
use wx_proto::flow::{ListContacts, Logout, Restore};
use wx_proto::{Contact, Error};

use super::Client;
use crate::{Watch, drive};

impl Client {
    /// Takes up a login that was saved, as the page does when it is loaded again: asks the server
    /// (webwxinit) whether it is good still, and takes in the skey and the cookies of the answer.
    /// Its place among the messages stays where it is. Nothing else needs this:
    /// [`Client::messages`] of a session without a place does it by itself.
    ///
    /// # Errors
    /// [`Error::advice`] is to log in again if the login is over. The session is as it was then.
    pub fn restore(&self) -> Result<(), Error> {
        self.restore_with(Watch::new())
    }

    /// As [`Client::restore`], watched.
    ///
    /// # Errors
    /// The same.
    pub fn restore_with(&self, mut watch: Watch<'_>) -> Result<(), Error> {
        let mut flow = Restore::new(&self.session(), seed()?, self.policy())?;
        drive(&self.http, &self.session, &mut (), &mut flow, &mut watch)
    }

    /// Lists the people and rooms that the account knows. Their UserNames are good for this login
    /// only, and their names are what strangers chose: do not print them raw. Contacts that cannot
    /// be read are left out; [`ListContacts`] counts them.
    ///
    /// # Errors
    /// [`Error::advice`] is to log in again if the login is over.
    pub fn contacts(&self) -> Result<Vec<Contact>, Error> {
        self.contacts_with(Watch::new())
    }

    /// As [`Client::contacts`], watched.
    ///
    /// # Errors
    /// The same.
    pub fn contacts_with(&self, mut watch: Watch<'_>) -> Result<Vec<Contact>, Error> {
        let mut flow = ListContacts::new(&self.session(), seed()?, self.policy())?;
        let listed = drive(&self.http, &self.session, &mut (), &mut flow, &mut watch)?;
        // What it still held would be copied.
        drop(flow);
        Ok(listed.contacts.into())
    }

    /// Ends the login on the server. After that the session of this client and its clones holds no
    /// secret of that login any more: [save](Client::session) it, and [`Client::push_builder`] can
    /// log in again with it.
    ///
    /// # Errors
    /// The server did not say that the login is over, and the session is as it was: call this
    /// again.
    pub fn logout(&self) -> Result<(), Error> {
        self.logout_with(Watch::new())
    }

    /// As [`Client::logout`], watched.
    ///
    /// # Errors
    /// The same.
    pub fn logout_with(&self, mut watch: Watch<'_>) -> Result<(), Error> {
        let mut flow = Logout::new(&self.session(), seed()?, self.policy())?;
        drive(&self.http, &self.session, &mut (), &mut flow, &mut watch)
    }
}
