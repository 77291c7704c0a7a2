//! What goes wrong on the way to the server, on request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;

use crate::authority::Flaw;
use crate::front;
use crate::proxy::Ends;

/// What a tunnel runs into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The proxy answers with this HTTP status.
    ProxyStatus(u16),
    /// The proxy closes the connection instead of answering.
    ProxyCloses,
    /// The connection is closed after so many bytes of what the server says.
    Cut(usize),
    /// The connection is reset after so many bytes of what the server says.
    Reset(usize),
    /// The server ends the handshake with an alert.
    Alert,
    /// The answer is not TLS.
    NotTls,
    /// The certificate has a flaw.
    Certificate(Flaw),
}

/// Serves a client to whom the proxy has agreed, or not yet if the trouble is the proxy's own.
pub(crate) async fn run(
    trouble: Trouble,
    mut client: TcpStream,
    agreed: &[u8],
    ends: &Ends,
) -> io::Result<()> {
    match trouble {
        Trouble::ProxyStatus(status) => {
            let refusal = format!("HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n");
            client.write_all(refusal.as_bytes()).await
        }
        Trouble::ProxyCloses => Ok(()),
        Trouble::Alert => answer(client, agreed, &[21, 3, 3, 0, 2, 2, 40]).await,
        Trouble::NotTls => answer(client, agreed, b"220 mail.example.com ESMTP\r\n\r\n").await,
        Trouble::Cut(len) => drop_after(len, &mut client, agreed, ends.front).await,
        Trouble::Reset(len) => {
            drop_after(len, &mut client, agreed, ends.front).await?;
            client.set_zero_linger()
        }
        Trouble::Certificate(flaw) => {
            client.write_all(agreed).await?;
            let authority = ends.authority.flawed(flaw).map_err(io::Error::other)?;
            let acceptor = front::acceptor(Arc::new(authority)).map_err(io::Error::other)?;
            front::pass(client, acceptor, ends.server).await
        }
    }
}

/// Answers the first message of the handshake. It is read first, since a connection that is closed
/// with unread bytes is reset.
async fn answer(mut client: TcpStream, agreed: &[u8], bytes: &[u8]) -> io::Result<()> {
    client.write_all(agreed).await?;
    let mut hello = vec![0; 16 * 1024];
    let _ = client.read(&mut hello).await?;
    client.write_all(bytes).await?;
    client.shutdown().await
}

/// Passes on that many bytes of the server's, and waits until it has more to say.
async fn drop_after(len: usize, client: &mut TcpStream, agreed: &[u8], front: SocketAddr) -> io::Result<()> {
    client.write_all(agreed).await?;
    let mut front = TcpStream::connect(front).await?;
    front.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_front, mut to_front) = front.split();
    let answers = async {
        let mut bytes = vec![0; len + 1];
        let mut passed = 0;
        while passed < len {
            let read = from_front.read(&mut bytes[..len - passed]).await?;
            if read == 0 {
                return Ok(());
            }
            to_client.write_all(&bytes[..read]).await?;
            passed += read;
        }
        from_front.read(&mut bytes[..1]).await.map(drop)
    };
    tokio::select! {
        ended = answers => ended,
        ended = copy(&mut from_client, &mut to_front) => ended.map(drop),
    }
}
