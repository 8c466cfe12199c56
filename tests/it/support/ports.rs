//! Where a server of a test is that starts more than once, and where none is.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

/// An address at which nothing ever listens: port 1 is that of a service that no machine has (tcpmux, RFC 1078).
pub const NOBODY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));

/// An address that nobody uses, with a port below those that the kernel gives to outgoing connections: clients that ask
/// again and again while the server is unavailable would otherwise take its port sooner or later, one even by reaching itself.
pub fn free_address() -> SocketAddr {
    let free = (0..1000).find_map(|_| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(10_000..22_000)));
        TcpListener::bind(address).ok().map(|_| address)
    });
    free.expect("a free port")
}
