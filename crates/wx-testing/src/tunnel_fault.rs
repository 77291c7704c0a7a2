//! Faults of the tunnels through the proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::authority::Flaw;
use crate::front;
use crate::tunnel::{SOCKS, TunnelEnds};

/// A fault of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelFault {
    /// The proxy replies with this HTTP status.
    ProxyStatus(u16),
    /// The proxy closes the connection without a reply.
    ProxyCloses,
    /// The proxy never replies.
    ProxySilent,
    /// The reply of the proxy arrives byte by byte, and is never complete.
    ProxyTrickles,
    /// The head of the proxy's reply is endless, and arrives at full speed.
    ProxyFloods,
    /// The server's part of the handshake arrives byte by byte, and is never complete.
    HandshakeTrickles,
    /// The connection is closed after this number of bytes from the server.
    Cut(usize),
    /// The connection is reset after this number of bytes from the server.
    Reset(usize),
    /// The server aborts the handshake with an alert.
    Alert,
    /// The reply is not TLS.
    NotTls,
    /// The certificate has a flaw.
    Certificate(Flaw),
}

/// Serves a client. If the proxy is to fail, it has not replied to the client yet.
pub(crate) async fn run(
    fault: TunnelFault,
    mut client: TcpStream,
    agreed: &[u8],
    ends: &TunnelEnds,
) -> io::Result<()> {
    match fault {
        TunnelFault::ProxyStatus(status) => {
            let refusal = format!("HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n");
            client.write_all(refusal.as_bytes()).await
        }
        TunnelFault::ProxyCloses => Ok(()),
        TunnelFault::ProxySilent => {
            sleep(TIMEOUT).await;
            Ok(())
        }
        TunnelFault::ProxyTrickles => {
            // A SOCKS proxy may name the address that it has connected to, in at most 255 bytes.
            let start = if agreed.starts_with(&[SOCKS]) { SOCKS_NAME } else { ENDLESS_HEAD };
            client.write_all(start).await?;
            trickle(client).await
        }
        TunnelFault::ProxyFloods => {
            client.write_all(ENDLESS_HEAD).await?;
            loop {
                client.write_all(&[b'x'; 4096]).await?;
            }
        }
        TunnelFault::HandshakeTrickles => {
            read_hello(&mut client, agreed).await?;
            // The header of a record of 16 KiB.
            client.write_all(&[22, 3, 3, 64, 0]).await?;
            trickle(client).await
        }
        TunnelFault::Alert => answer(client, agreed, &[21, 3, 3, 0, 2, 2, 40]).await,
        TunnelFault::NotTls => answer(client, agreed, b"220 mail.example.com ESMTP\r\n\r\n").await,
        TunnelFault::Cut(len) => drop_after(len, &mut client, agreed, ends.front).await,
        TunnelFault::Reset(len) => {
            drop_after(len, &mut client, agreed, ends.front).await?;
            client.set_zero_linger()
        }
        TunnelFault::Certificate(flaw) => {
            client.write_all(agreed).await?;
            let authority = ends.authority.flawed(flaw).map_err(io::Error::other)?;
            let acceptor = front::acceptor(Arc::new(authority)).map_err(io::Error::other)?;
            front::pass(client, acceptor, ends.server).await
        }
    }
}

const SOCKS_NAME: &[u8] = &[SOCKS, 0, 0, 3, 255];
const ENDLESS_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nx: ";

/// Even an endless reply ends after this time, so that a client without limits fails its test.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends one byte from time to time.
async fn trickle(mut client: TcpStream) -> io::Result<()> {
    for _ in 0..200 {
        sleep(TIMEOUT / 200).await;
        client.write_all(b"x").await?;
    }
    Ok(())
}

/// Answers the first message of the handshake. The message is read first, because closing a
/// connection with unread bytes resets it.
async fn answer(mut client: TcpStream, agreed: &[u8], bytes: &[u8]) -> io::Result<()> {
    read_hello(&mut client, agreed).await?;
    client.write_all(bytes).await?;
    client.shutdown().await
}

/// Accepts the tunnel, and waits for the client's first bytes.
async fn read_hello(client: &mut TcpStream, agreed: &[u8]) -> io::Result<()> {
    client.write_all(agreed).await?;
    client.read(&mut [0; 16 * 1024]).await.map(drop)
}

/// Forwards this number of bytes from the server, and waits until the server sends more.
async fn drop_after(
    len: usize,
    client: &mut TcpStream,
    agreed: &[u8],
    front: SocketAddr,
) -> io::Result<()> {
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
