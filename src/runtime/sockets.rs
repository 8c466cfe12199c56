//! Listening sockets, bound before anything else starts, so that a taken port is an error of the start and not of the traffic.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many connections the kernel keeps until they are accepted.
const BACKLOG: i32 = 4096;

/// One listening socket.
///
/// # Errors
/// The address is taken, not of this machine, or not allowed.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address)?;
    listen(&socket, address)
}

/// Several sockets that listen on one address; the kernel deals connections out to them.
///
/// # Errors
/// The address is taken, not of this machine, or not allowed.
pub fn bind_shared(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    // Shared sockets would also share with another process that is already there, so this one asks first, alone.
    let alone = bind(address)?;
    let address = alone.local_addr()?;
    drop(alone);
    (0..count.max(1))
        .map(|_| {
            let socket = socket(address)?;
            socket.set_reuse_port(true)?;
            listen(&socket, address)
        })
        .collect()
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn listen(socket: &Socket, address: SocketAddr) -> io::Result<TcpListener> {
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.try_clone()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_noticed_also_by_sockets_that_share() {
        let loopback: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let first = bind_shared(loopback, 2).expect("a free port");
        let address = first[0].local_addr().expect("its address");
        assert_eq!(first[1].local_addr().expect("its address"), address);
        assert_eq!(bind_shared(address, 2).map(|_| ()).map_err(|error| error.kind()), Err(io::ErrorKind::AddrInUse));
        assert_eq!(bind(address).map(|_| ()).map_err(|error| error.kind()), Err(io::ErrorKind::AddrInUse));
    }
}
