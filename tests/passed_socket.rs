//! A listening socket that somebody else holds and passes on, as systemd does.

use std::io::Read;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::support::{get, post};

/// `mayfly serve` with these listening sockets from descriptor 3 on, and what systemd says of them.
fn start(folder: &tempfile::TempDir, sockets: &[&TcpListener]) -> Child {
    let from: Vec<RawFd> = sockets.iter().map(|socket| socket.as_raw_fd()).collect();
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            r#"LISTEN_PID=$$ exec "$0" serve --listen=127.0.0.1:1 --log=warn"#,
            env!("CARGO_BIN_EXE_mayfly"),
        ])
        .env_clear()
        .env("LISTEN_FDS", sockets.len().to_string())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: Between fork and exec only system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            for (to, from) in (3..).zip(&from) {
                // Out of the way of the numbers to fill, then there; dup2 takes close-on-exec off.
                let away = libc::fcntl(*from, libc::F_DUPFD, 100 + to);
                if away < 0 || libc::dup2(away, to) < 0 || libc::close(away) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    command.spawn().expect("sh starts")
}

#[actix_web::test]
async fn a_passed_socket_is_served_and_outlives_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    for _ in 0..2 {
        // Who connects before the server is there waits, and is not refused.
        let early = actix_web::rt::spawn(async move { get(address, "/healthz", &[]).await.status });
        let mut server = start(&folder, &[&socket]);
        assert_eq!(early.await.expect("it is not cancelled"), 200);
        let ran = post(address, r#"{"source": "6 * 7"}"#).await.json();
        assert_eq!(ran["value"]["value"], 42.0);
        let pid = nix::unistd::Pid::from_raw(server.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("it runs");
        assert!(server.wait().expect("it can be waited for").success());
        let mut said = String::new();
        server.stdout.take().expect("it is piped").read_to_string(&mut said).expect("text");
        assert_eq!(said, format!("Mayfly listens on http://{address}\n"));
    }
}

#[test]
fn two_passed_sockets_are_one_too_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let sockets = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).expect("a port"));
    let server = start(&folder, &[&sockets[0], &sockets[1]]);
    let output = server.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("2 sockets were passed (LISTEN_FDS); the socket unit has to name one address"),
        "{said}"
    );
}
