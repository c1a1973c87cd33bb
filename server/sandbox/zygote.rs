//! The server's end of a zygote: starts it, asks it for children, hears how they ended.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, recv, sendmsg, socketpair,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::process::{BoxFuture, End, Life, Process, ProcessError};
use super::{ConfinementPolicy, ForkMode, SandboxSettings};
use crate::protocol::frame;
use crate::protocol::runner::{Layer, LayerState, READY, ZygoteEvent, ZygoteRequest};

/// The longest packet from a zygote.
const PACKET_BYTES: usize = 64 << 10;

/// A running zygote.
pub struct Zygote {
    control: AsyncFd<OwnedFd>,
    children: Mutex<HashMap<u64, oneshot::Sender<End>>>,
    next_id: AtomicU64,
    forks: AtomicU64,
    dead: AtomicBool,
    born: Instant,
    /// How its children come to be.
    pub fork: ForkMode,
    /// Every layer of the confinement, and whether it is there.
    pub confinement: Vec<Layer>,
    /// What else it could not set up, in words.
    pub notes: Vec<String>,
    /// What runs the programs.
    pub engine: String,
}

impl Zygote {
    /// Starts a zygote and waits until it is ready. `gone` is told when it has ended.
    pub async fn launch(
        settings: &SandboxSettings,
        gone: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, ProcessError> {
        let failed = |what: &str, error: &dyn std::fmt::Display| ProcessError(format!("{what}: {error}"));
        let flags = SockFlag::SOCK_CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)
            .map_err(|error| failed("no socket for a zygote", &error))?;
        set_nonblocking(&ours).map_err(|error| failed("no socket for a zygote", &error))?;
        let mut process = Command::new(&settings.program)
            .arg("runner")
            .arg(settings.limits.heap_bytes.to_string())
            .arg(settings.limits.buffer_bytes.to_string())
            .arg(settings.limits.process_bytes.to_string())
            .arg(if settings.cold { "cold" } else { "warm" })
            .arg(match settings.confinement {
                ConfinementPolicy::Auto | ConfinementPolicy::Required => "confined",
                ConfinementPolicy::Off => "unconfined",
            })
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&format!("{} can't be started", settings.program.display()), &error))?;
        // SAFETY: an `OwnedFd` is open for as long as it lives, and always names the same file.
        let control = unsafe { AsyncFd::register(ours) };
        let control = control.map_err(|error| failed("no socket for a zygote", &error))?;
        let ready = tokio::time::timeout(settings.ready_timeout, receive(&control)).await;
        let (warm, engine, notes, confinement) = match ready {
            Ok(Ok(Some(ZygoteEvent::Ready { warm, engine, notes, confinement }))) => {
                (warm, engine, notes, confinement)
            }
            Ok(_) => {
                let status = process.wait().await.map_or_else(|e| e.to_string(), |status| status.to_string());
                return Err(ProcessError(format!("the zygote ended before it was ready ({status})")));
            }
            Err(_) => return Err(ProcessError("the zygote was not ready in time".into())),
        };
        if settings.confinement == ConfinementPolicy::Required {
            demand_all(&confinement)?;
        }
        let zygote = Arc::new(Self {
            control,
            children: Mutex::default(),
            next_id: AtomicU64::new(0),
            forks: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            born: Instant::now(),
            fork: if warm { ForkMode::Warm } else { ForkMode::Cold },
            confinement,
            notes,
            engine,
        });
        tokio::spawn(zygote.clone().listen(process, gone));
        Ok(zygote)
    }

    /// The layers of the confinement that could not be had, and why.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        missing(&self.confinement)
    }

    fn children(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<End>>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the zygote until it is gone.
    async fn listen(self: Arc<Self>, mut process: Child, gone: impl FnOnce()) {
        loop {
            match receive(&self.control).await {
                Ok(Some(ZygoteEvent::Exited { id, status, signal, cpu_ms, process_bytes })) => {
                    if let Some(child) = self.children().remove(&id) {
                        // Whoever no longer cares has dropped the other end.
                        let _ = child.send(End { status, signal, cpu_ms, process_bytes });
                    }
                }
                Ok(Some(ZygoteEvent::ForkFailed { id, error })) => {
                    tracing::warn!(error, "the zygote could not fork");
                    self.children().remove(&id);
                }
                Ok(Some(ZygoteEvent::Ready { .. })) => {}
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the zygote's socket failed");
                    break;
                }
            }
        }
        self.dead.store(true, Relaxed);
        // Its children die with it; dropping the senders says so.
        self.children().clear();
        gone();
        let _ = process.start_kill();
        match process.wait().await {
            Ok(status) if status.success() => tracing::debug!("a zygote has left"),
            Ok(status) => tracing::warn!(%status, "a zygote died"),
            Err(error) => tracing::warn!(%error, "a zygote can't be waited for"),
        }
    }

    /// Whether it is gone.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Relaxed)
    }

    /// Whether it has forked or lived long enough.
    pub fn is_worn(&self, settings: &SandboxSettings) -> bool {
        self.forks.load(Relaxed) >= settings.zygote_forks || self.born.elapsed() >= settings.zygote_age
    }

    /// Asks it to fork no more and leave with its last child.
    pub async fn retire(&self) {
        let _ = self.ask(&ZygoteRequest::Retire, None).await;
    }

    /// Forks a child and waits until it is ready.
    pub async fn process(self: &Arc<Self>, settings: &SandboxSettings) -> Result<Process, ProcessError> {
        let (ours, theirs) =
            UnixStream::pair().map_err(|error| ProcessError(format!("no socket for a run: {error}")))?;
        ours.set_nonblocking(true).map_err(|error| ProcessError(error.to_string()))?;
        let id = self.next_id.fetch_add(1, Relaxed);
        let (sender, ended) = oneshot::channel();
        self.children().insert(id, sender);
        self.forks.fetch_add(1, Relaxed);
        let life = Box::new(ChildLife { zygote: self.clone(), id, ended: Some(ended), end: End::default() });
        self.ask(&ZygoteRequest::Fork { id }, Some(theirs.as_fd().as_raw_fd()))
            .await
            .map_err(|error| ProcessError(format!("the zygote can't be asked: {error}")))?;
        drop(theirs);
        let ready = tokio::time::timeout(settings.ready_timeout, read_ready(ours)).await;
        let socket = ready
            .map_err(|_| ProcessError("a child was not ready in time".into()))?
            .map_err(|error| ProcessError(format!("a child ended before it was ready: {error}")))?;
        Ok(Process { socket, life })
    }

    async fn ask(&self, request: &ZygoteRequest, descriptor: Option<i32>) -> io::Result<()> {
        let packet = serde_json::to_vec(request)?;
        self.control.async_io(Interest::WRITABLE, |control| send(control, &packet, descriptor)).await
    }
}

fn missing(layers: &[Layer]) -> impl Iterator<Item = (&str, &str)> {
    layers.iter().filter_map(|layer| match &layer.state {
        LayerState::Missing { reason } => Some((layer.layer.as_str(), reason.as_str())),
        LayerState::Applied | LayerState::Off => None,
    })
}

fn demand_all(layers: &[Layer]) -> Result<(), ProcessError> {
    let missing: Vec<String> = missing(layers).map(|(layer, reason)| format!("{layer} ({reason})")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ProcessError(format!(
        "the setting sandbox.confinement is `required`, but these layers of the confinement can't be had here: \
         {}. Give the server what they need, or set it to `auto` to do without them",
        missing.join(", ")
    )))
}

fn send(control: &OwnedFd, packet: &[u8], descriptor: Option<i32>) -> io::Result<()> {
    let descriptors = descriptor.as_slice();
    let messages = [ControlMessage::ScmRights(descriptors)];
    let messages = if descriptors.is_empty() { &[][..] } else { &messages[..] };
    let flags = MsgFlags::MSG_NOSIGNAL;
    sendmsg::<UnixAddr>(control.as_raw_fd(), &[IoSlice::new(packet)], messages, flags, None)?;
    Ok(())
}

fn set_nonblocking(socket: &OwnedFd) -> nix::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let flags = OFlag::from_bits_retain(fcntl(socket, FcntlArg::F_GETFL)?);
    fcntl(socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(|_| ())
}

/// The next packet; `None` when the zygote is gone.
async fn receive(control: &AsyncFd<OwnedFd>) -> io::Result<Option<ZygoteEvent>> {
    let mut packet = vec![0; PACKET_BYTES];
    let length = control
        .async_io(Interest::READABLE, |control| {
            match recv(control.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Ok(length) => Ok(length),
                Err(Errno::ECONNRESET) => Ok(0),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
    if length == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&packet[..length])?))
}

/// Waits for a child's `READY`. The socket comes back in its plain form: the run may go on in the runtime of
/// another thread.
async fn read_ready(socket: UnixStream) -> io::Result<UnixStream> {
    use tokio::io::AsyncReadExt;
    let mut socket = tokio::net::UnixStream::from_std(socket)?;
    let mut bytes = [0; frame::HEADER];
    socket.read_exact(&mut bytes).await?;
    if bytes != frame::header(READY, 0) {
        return Err(io::Error::other("it did not say that it is ready"));
    }
    socket.into_std()
}

/// The life of a child of a zygote.
struct ChildLife {
    zygote: Arc<Zygote>,
    id: u64,
    ended: Option<oneshot::Receiver<End>>,
    end: End,
}

impl Life for ChildLife {
    fn kill(&mut self) {
        if self.ended.is_none() || self.zygote.is_dead() {
            return;
        }
        // The socket holds many packets; where it is full the zygote is stuck, and a task waits for it.
        let Ok(packet) = serde_json::to_vec(&ZygoteRequest::Kill { id: self.id }) else { return };
        if send(self.zygote.control.get_ref(), &packet, None).is_err() {
            let (zygote, id) = (self.zygote.clone(), self.id);
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { zygote.ask(&ZygoteRequest::Kill { id }, None).await });
            }
        }
    }

    fn ended(&mut self) -> BoxFuture<'_, End> {
        Box::pin(async {
            if let Some(ended) = &mut self.ended {
                // An error means that the zygote died, and so did the child, with nobody to say how.
                self.end = ended.await.unwrap_or_default();
                self.ended = None;
            }
            self.end
        })
    }
}

impl Drop for ChildLife {
    fn drop(&mut self) {
        self.kill();
    }
}
