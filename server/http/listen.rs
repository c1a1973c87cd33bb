//! The address that the server accepts on: a socket that systemd holds, or one of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;

/// The socket that was passed to this process as systemd does it, if there is one; else one for `address`.
///
/// # Errors
/// When the address can't be listened on, or what was passed is not one listening TCP socket.
pub fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let mut passed = ListenFd::from_env();
    match passed.len() {
        0 => TcpListener::bind(address)
            .map_err(|error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}"))),
        1 => {
            passed.take_tcp_listener(0)?.ok_or_else(|| io::Error::other("the socket passed is taken already"))
        }
        more => {
            let error =
                format!("{more} sockets were passed (LISTEN_FDS); the socket unit has to name one address");
            Err(io::Error::new(io::ErrorKind::InvalidInput, error))
        }
    }
}
