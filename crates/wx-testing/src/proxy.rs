//! The proxy, for CONNECT and SOCKS 5. Every host name leads to the TLS front, so nothing leaves
//! the machine.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::tunnel::{SOCKS, TunnelEnds};
use crate::tunnel_fault::{self, TunnelFault};

/// The maximum length of a request head.
const LONGEST_HEAD: usize = 16 * 1024;

/// The requests that the proxy has received.
#[derive(Debug, Default)]
pub(crate) struct RequestedTunnels(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    hosts: BTreeSet<String>,
    refused: BTreeSet<String>,
    over_socks: usize,
    tunnels: usize,
    fault: Option<(TunnelFault, usize)>,
}

impl RequestedTunnels {
    /// Returns the requested hosts in alphabetical order.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.log(|log| log.hosts.iter().cloned().collect())
    }

    /// Returns the requests other than tunnels to port 443. Paths are left out, because they may
    /// contain credentials.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.log(|log| log.refused.iter().cloned().collect())
    }

    /// Returns the number of tunnels that were requested over SOCKS 5.
    pub(crate) fn over_socks(&self) -> usize {
        self.log(|log| log.over_socks)
    }

    /// Returns the number of tunnels that were requested.
    pub(crate) fn tunnels(&self) -> usize {
        self.log(|log| log.tunnels)
    }

    /// Makes the next `tunnels` tunnels fail.
    pub(crate) fn fail_next(&self, fault: TunnelFault, tunnels: usize) {
        self.log(|log| log.fault = Some((fault, tunnels)));
    }

    /// Records a tunnel to `host`. Returns its fault, if it is to fail.
    fn request(&self, host: &str) -> Option<TunnelFault> {
        self.log(|log| {
            log.hosts.insert(host.to_ascii_lowercase());
            log.tunnels += 1;
            let (fault, left) = log.fault.as_mut().filter(|(_, left)| *left > 0)?;
            *left -= 1;
            Some(*fault)
        })
    }

    fn log<T>(&self, with: impl FnOnce(&mut Log) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Accepts connections until the runtime is shut down.
pub(crate) async fn serve(
    listener: TcpListener,
    ends: TunnelEnds,
    requested: Arc<RequestedTunnels>,
) {
    let ends = Arc::new(ends);
    while let Ok((stream, _)) = listener.accept().await {
        let (ends, requested) = (Arc::clone(&ends), Arc::clone(&requested));
        tokio::spawn(async move { drop(tunnel(stream, &ends, &requested).await) });
    }
}

async fn tunnel(
    mut client: TcpStream,
    ends: &TunnelEnds,
    requested: &RequestedTunnels,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut first = [0];
    if client.peek(&mut first).await? == 1 && first == [SOCKS] {
        return socks(client, ends, requested).await;
    }
    let head = read_head(&mut client).await?;
    let mut words = head.split_ascii_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let Some(host) = target.strip_suffix(":443").filter(|_| method == "CONNECT") else {
        requested.log(|log| log.refused.insert(format!("{method} {}", origin(target))));
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    };
    connect_tunnel(client, host, ends, requested, b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
}

async fn connect_tunnel(
    mut client: TcpStream,
    host: &str,
    ends: &TunnelEnds,
    requested: &RequestedTunnels,
    agreed: &[u8],
) -> io::Result<()> {
    if let Some(fault) = requested.request(host) {
        return tunnel_fault::run(fault, client, agreed, ends).await;
    }
    let mut front = TcpStream::connect(ends.front).await?;
    front.set_nodelay(true)?;
    client.write_all(agreed).await?;
    copy_bidirectional(&mut client, &mut front).await?;
    Ok(())
}

/// Serves RFC 1928 without authentication, and RFC 1929 with any user and password. Addresses are
/// recorded like host names.
async fn socks(
    mut client: TcpStream,
    ends: &TunnelEnds,
    requested: &RequestedTunnels,
) -> io::Result<()> {
    let _version = client.read_u8().await?;
    if read_text(&mut client).await?.contains('\x02') {
        client.write_all(&[SOCKS, 2]).await?;
        let _version = client.read_u8().await?;
        let (_user, _password) = (read_text(&mut client).await?, read_text(&mut client).await?);
        client.write_all(&[1, 0]).await?;
    } else {
        client.write_all(&[SOCKS, 0]).await?;
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let host = match request {
        [SOCKS, 1, 0, 1] => Ipv4Addr::from(client.read_u32().await?).to_string(),
        [SOCKS, 1, 0, 4] => Ipv6Addr::from(client.read_u128().await?).to_string(),
        [SOCKS, 1, 0, 3] => read_text(&mut client).await?,
        _ => return client.write_all(&[SOCKS, 7, 0, 1, 0, 0, 0, 0, 0, 0]).await,
    };
    let port = client.read_u16().await?;
    if port != 443 {
        requested.log(|log| log.refused.insert(format!("SOCKS {host}:{port}")));
        return client.write_all(&[SOCKS, 2, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    }
    requested.log(|log| log.over_socks += 1);
    connect_tunnel(client, &host, ends, requested, &[SOCKS, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await
}

/// Reads a string that is preceded by its length in one byte.
async fn read_text(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the scheme and host of a URL, or the host and port of a tunnel.
fn origin(target: &str) -> &str {
    let start = target.find("://").map_or(0, |at| at + 3);
    let end = target[start..].find(['/', '?']).map_or(target.len(), |at| start + at);
    &target[..end]
}

/// Reads up to and including the blank line. The bytes after it belong to the tunnel.
async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn refusals_name_no_path() {
        assert_eq!(origin("http://wx.qq.com/a?skey=b"), "http://wx.qq.com");
        assert_eq!(origin("http://wx.qq.com?skey=b"), "http://wx.qq.com");
        assert_eq!(origin("wx.qq.com:80"), "wx.qq.com:80");
    }
}
