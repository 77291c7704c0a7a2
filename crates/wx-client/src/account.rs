//! Operations of a client on its login.

use wx_proto::UserName;
use wx_proto::flow::{ListContacts, ListRooms, Logout, Restore};

use crate::client::{Client, Request};
use crate::seed::seed;
use crate::transport::Transport;

impl<H: Transport> Client<H> {
    /// Restores a saved login, like the official page when it is reloaded: checks at the server
    /// (`webwxinit`) whether the login is still valid, and applies the skey and the cookies of the
    /// reply. The sync position stays the same. Other operations do not require this. If the
    /// session has no sync position, [`messages`](Self::messages) calls `webwxinit` itself.
    /// The [saved login of another client](wx_proto::SavedLogin) has to be restored before it is
    /// used or saved.
    ///
    /// # Errors
    /// [`Error::is_logged_out`](wx_proto::Error::is_logged_out) if the login is over. On error the
    /// session is left unchanged.
    pub fn restore<'a>(&self) -> Request<'a, Restore, H> {
        self.plain(|session, policy| Restore::new(session, seed()?, policy))
    }

    /// Lists the people that the account knows, and the rooms that are saved to its contacts,
    /// without their members. Their UserNames are valid in this login only. Their names are chosen
    /// by other people: escape them before printing. Contacts that cannot be parsed are skipped and
    /// counted. [`contacts_named`](wx_proto::contacts_named) finds contacts by name.
    ///
    /// # Errors
    /// [`Error::is_logged_out`](wx_proto::Error::is_logged_out) if the login is over.
    pub fn contacts<'a>(&self) -> Request<'a, ListContacts, H> {
        self.plain(|session, policy| ListContacts::new(session, seed()?, policy))
    }

    /// Lists the rooms with their members: those that are saved to the contacts, those of the
    /// recent conversations, and those that messages have named since the client was created. No
    /// call of the server lists all rooms, so a room that is neither saved nor used is missing.
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, Client};
    /// # fn print<H: BlockingTransport>(client: &Client<H>) -> Result<(), wx_proto::Error> {
    /// for room in &client.rooms().run()?.rooms {
    ///     let members = room.room.as_ref().map_or(0, |room| room.members.len());
    ///     println!("{:?} has {members} members", room.name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_logged_out`](wx_proto::Error::is_logged_out) if the login is over.
    pub fn rooms<'a>(&self) -> Request<'a, ListRooms, H> {
        self.plain(|session, policy| ListRooms::new(session, seed()?, policy))
    }

    /// Requests some rooms by their UserNames, with their members. A room that the server does not
    /// know is [`missing`](wx_proto::flow::ListedRooms::missing).
    ///
    /// # Errors
    /// [`Error::is_logged_out`](wx_proto::Error::is_logged_out) if the login is over.
    pub fn rooms_named<'a>(
        &self,
        names: impl IntoIterator<Item = UserName>,
    ) -> Request<'a, ListRooms, H> {
        let names: Vec<_> = names.into_iter().collect();
        self.plain(|session, policy| ListRooms::named(session, names, seed()?, policy))
    }

    /// Ends the login on the server, and removes its secrets from the session of this client and
    /// its clones. [Save](Client::session) the session, because [`Client::login_again`] requires it
    /// to log in again.
    ///
    /// # Errors
    /// If the server does not confirm that the login is over. In that case, the session is left
    /// unchanged, and this can be called again.
    pub fn logout<'a>(&self) -> Request<'a, Logout, H> {
        self.plain(|session, policy| Logout::new(session, seed()?, policy))
    }
}
