//! The server's end of a zygote: starts it, asks it for children, hears how they ended.

use std::collections::HashMap;
use std::io::{self, IoSlice, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, recv, sendmsg, socketpair,
};
use tokio::process::Command;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::ladder::Plan;
use super::process::{BoxFuture, End, Life, Process, ProcessError};
use super::wire::Wire;
use super::words::Words;
use super::{ConfinementPolicy, ForkMode, SandboxSettings};
use crate::protocol::frame;
use crate::protocol::runner::{
    EXIT_NO_THREAD, Layer, LayerState, READY, ZygoteEvent, ZygoteRequest, ZygoteSpec,
};
use crate::system;
use crate::tuning::{Step, StepReport};

/// The longest packet from a zygote.
const PACKET_BYTES: usize = 64 << 10;
/// How long a zygote may take to see to the end of a child that it was told to kill, or to end itself. One
/// that takes longer is stuck.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How long a zygote that has hung up may take to be gone.
const LEAVES_WITHIN: Duration = Duration::from_millis(200);

/// A running zygote. When the last who may fork from it lets go of it, it is told to leave with its last
/// child.
pub struct Zygote {
    line: Arc<Line>,
    next_id: AtomicU64,
    /// A fork failed.
    failed: AtomicBool,
    born: Instant,
    /// The rung of the ladder that it was started on.
    pub rung: u64,
    /// How its children come to be.
    pub fork: ForkMode,
    /// Every layer of the confinement, and whether it is there.
    pub confinement: Vec<Layer>,
    /// What else it could not set up, in words.
    pub notes: Vec<String>,
    /// What runs the programs.
    pub engine: String,
    /// Every step that its children take to be faster.
    pub tuning: Vec<StepReport>,
}

/// Why a zygote did not become ready.
pub struct LaunchFailure {
    /// The step that it failed at, if it was one.
    pub step: Option<Step>,
    /// Why, in words.
    pub error: ProcessError,
}

impl From<ProcessError> for LaunchFailure {
    fn from(error: ProcessError) -> Self {
        Self { step: None, error }
    }
}

/// Why a child did not become ready.
pub enum ChildFailure {
    /// It died before: how, and the rung of the ladder that it was made on.
    Died(End, u64),
    /// Something else.
    Other(ProcessError),
}

/// What a zygote's children need of it for as long as they live.
struct Line {
    control: Wire<OwnedFd>,
    children: Mutex<HashMap<u64, oneshot::Sender<End>>>,
    /// The last child that could not be forked, and why.
    unforked: Mutex<Option<(u64, String)>>,
    dead: AtomicBool,
    /// It is stuck and has to go.
    condemned: Notify,
}

impl Zygote {
    /// Starts a zygote and waits until it is ready. `news` is told when a child of its has ended, or it has itself.
    pub async fn launch(
        settings: &SandboxSettings,
        plan: &Plan,
        news: impl Fn() + Send + 'static,
    ) -> Result<Arc<Self>, LaunchFailure> {
        let failed = |what: &str, error: &dyn std::fmt::Display| ProcessError(format!("{what}: {error}"));
        let flags = SockFlag::SOCK_CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)
            .map_err(|error| failed("no socket for a zygote", &error))?;
        set_nonblocking(&ours).map_err(|error| failed("no socket for a zygote", &error))?;
        let spec = serde_json::to_string(&spec(settings, plan))
            .map_err(|error| failed("the zygote's settings can't be sent", &error))?;
        let null = system::null().map_err(|error| failed("no output for a zygote", &error))?;
        let mut process = Command::new(&settings.program)
            .arg("runner")
            .arg(spec)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(null))
            .stderr(Stdio::piped())
            // What a terminal or the kernel sends to the server's group is not for runs.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                failed(
                    &format!("{} can't be started", settings.program.display()),
                    &system::not_started(&error),
                )
            })?;
        let words = Words::of(process.stderr.take());
        let control = Wire::new(ours).map_err(|error| failed("no socket for a zygote", &error))?;
        let mut packet = vec![0; PACKET_BYTES];
        let mut trying = None;
        let started = timeout(settings.ready_timeout, ready(&control, &mut packet, &mut trying)).await;
        let Ready { warm, engine, notes, confinement, tuning } = match started {
            Ok(Ok(ready)) => ready,
            Ok(Err(Some(failure))) => return Err(failure),
            Ok(Err(None)) => {
                let error = ProcessError(match timeout(END_WITHIN, process.wait()).await {
                    Ok(Ok(status)) => words.told_at_end(status).await,
                    Ok(Err(error)) => format!("the zygote can't be waited for: {error}"),
                    // It is killed when it is dropped.
                    Err(_) => "the zygote closed its socket and goes on".to_owned(),
                });
                return Err(LaunchFailure { step: trying, error });
            }
            Err(_) => {
                let error = ProcessError(format!(
                    "the zygote was not ready within {:?} (the setting sandbox.ready_timeout)",
                    settings.ready_timeout
                ));
                return Err(LaunchFailure { step: trying, error });
            }
        };
        if settings.confinement == ConfinementPolicy::Required {
            demand_all(&confinement)?;
        }
        let line = Arc::new(Line {
            control,
            children: Mutex::default(),
            unforked: Mutex::default(),
            dead: AtomicBool::new(false),
            condemned: Notify::new(),
        });
        tokio::spawn(line.clone().listen(process, packet, words, news));
        Ok(Arc::new(Self {
            line,
            next_id: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            born: Instant::now(),
            rung: plan.rung,
            fork: if warm { ForkMode::Warm } else { ForkMode::Cold },
            confinement,
            notes,
            engine,
            tuning,
        }))
    }

    /// The layers of the confinement that could not be had, and why.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        missing(&self.confinement)
    }

    /// Whether it is gone.
    pub fn is_dead(&self) -> bool {
        self.line.dead.load(Relaxed)
    }

    /// Whether it has forked or lived long enough, or failed to fork.
    pub fn is_worn(&self, settings: &SandboxSettings) -> bool {
        self.next_id.load(Relaxed) >= settings.zygote_forks
            || self.born.elapsed() >= settings.zygote_age
            || self.failed.load(Relaxed)
    }

    /// Forks a child and waits until it is ready, which may take it `ready_timeout`.
    pub async fn child(&self, ready_timeout: Duration) -> Result<Child, ChildFailure> {
        let made = self.make(ready_timeout).await;
        if made.is_err() {
            self.failed.store(true, Relaxed);
        }
        made
    }

    async fn make(&self, ready_timeout: Duration) -> Result<Child, ChildFailure> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            ChildFailure::Other(ProcessError(format!("{what}: {error}")))
        };
        let (ours, theirs) = UnixStream::pair().map_err(|error| failed("no socket for a run", &error))?;
        ours.set_nonblocking(true).map_err(|error| failed("no socket for a run", &error))?;
        let id = self.next_id.fetch_add(1, Relaxed);
        let (sender, ended) = oneshot::channel();
        self.line.children().insert(id, sender);
        let mut life = ChildLife {
            line: self.line.clone(),
            id,
            rung: self.rung,
            ended: Some(ended),
            end: End::default(),
            killed: None,
        };
        let ready = async {
            self.line
                .ask(&ZygoteRequest::Fork { id }, Some(theirs.as_fd().as_raw_fd()))
                .await
                .map_err(|error| failed("the zygote can't be asked", &error))?;
            // The child has the only one, so that its end shows.
            drop(theirs);
            Ok(read_ready(ours).await)
        };
        match timeout(ready_timeout, ready).await {
            Ok(Ok(Ok(socket))) => Ok(Child { socket, life }),
            Ok(Ok(Err(error))) => match timeout(END_WITHIN, life.ended()).await {
                Ok(End { status: Some(EXIT_NO_THREAD), .. }) => Err(failed(
                    "a process could start no thread",
                    &system::not_started(&Errno::EAGAIN.into()),
                )),
                Ok(end) if end != End::default() => Err(ChildFailure::Died(end, self.rung)),
                _ => Err(match self.line.unforked().take_if(|(unforked, _)| *unforked == id) {
                    Some((_, why)) => failed("the zygote could not fork", &why),
                    None => failed("a process exited before it was ready", &error),
                }),
            },
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ChildFailure::Other(ProcessError(format!(
                "a process was not ready within {ready_timeout:?} (the setting sandbox.ready_timeout)"
            )))),
        }
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        self.line.tell(ZygoteRequest::Retire);
    }
}

impl Line {
    fn children(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<End>>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unforked(&self) -> MutexGuard<'_, Option<(u64, String)>> {
        self.unforked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the zygote until it is gone.
    async fn listen(
        self: Arc<Self>,
        mut process: tokio::process::Child,
        mut packet: Vec<u8>,
        words: Words,
        news: impl Fn(),
    ) {
        loop {
            let event = tokio::select! {
                event = receive(&self.control, &mut packet) => event,
                () = self.condemned.notified() => Err(io::Error::other("it does not do what it is told")),
            };
            match event {
                Ok(Some(ZygoteEvent::Exited { id, status, signal, cpu_ms, process_bytes })) => {
                    if let Some(child) = self.children().remove(&id) {
                        // Whoever no longer cares has dropped the other end.
                        let _ = child.send(End { status, signal, cpu_ms, process_bytes });
                    }
                    // It may have been one that waits in the pool.
                    news();
                }
                Ok(Some(ZygoteEvent::ForkFailed { id, error })) => {
                    *self.unforked() = Some((id, error));
                    self.children().remove(&id);
                }
                Ok(Some(
                    ZygoteEvent::Ready { .. } | ZygoteEvent::Trying { .. } | ZygoteEvent::Failed { .. },
                )) => {}
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a zygote is given up");
                    break;
                }
            }
        }
        self.dead.store(true, Relaxed);
        news();
        // One that leaves by itself hangs up a moment before it is gone.
        if timeout(LEAVES_WITHIN, process.wait()).await.is_err() {
            let _ = process.start_kill();
        }
        match timeout(END_WITHIN, process.wait()).await {
            Ok(Ok(status)) if status.success() => tracing::debug!("a zygote has left"),
            Ok(Ok(status)) => {
                let said = words.said().await;
                tracing::warn!(%status, said, "a zygote died");
            }
            Ok(Err(error)) => tracing::warn!(%error, "a zygote can't be waited for"),
            Err(_) => tracing::error!("a zygote was killed and is still there"),
        }
        // Its children die with it; dropping the senders says so.
        self.children().clear();
    }

    /// Asks for something, when the zygote has room for it.
    async fn ask(&self, request: &ZygoteRequest, descriptor: Option<i32>) -> io::Result<()> {
        let packet = serde_json::to_vec(request)?;
        self.control.write(|control| send(control, &packet, descriptor)).await
    }

    /// Asks for something without waiting. The socket holds many packets; where it is full the zygote is
    /// behind, and a task waits for it.
    fn tell(self: &Arc<Self>, request: ZygoteRequest) {
        if self.dead.load(Relaxed) {
            return;
        }
        let Ok(packet) = serde_json::to_vec(&request) else { return };
        let sent = send(self.control.get(), &packet, None);
        if sent.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let line = self.clone();
            runtime.spawn(async move { line.ask(&request, None).await });
        }
    }
}

/// What a zygote is started with.
fn spec(settings: &SandboxSettings, plan: &Plan) -> ZygoteSpec {
    ZygoteSpec {
        heap_bytes: settings.limits.heap_bytes,
        buffer_bytes: settings.limits.buffer_bytes,
        process_bytes: settings.limits.process_bytes,
        is_cold: plan.is_cold,
        is_confined: match settings.confinement {
            ConfinementPolicy::Auto | ConfinementPolicy::Required => true,
            ConfinementPolicy::Off => false,
        },
        modules_dir: settings.modules_dir.clone(),
        tuning: plan.steps.clone(),
        fault: settings.tuning_fault.clone(),
    }
}

/// What a zygote says when it is ready.
struct Ready {
    warm: bool,
    engine: String,
    notes: Vec<String>,
    confinement: Vec<Layer>,
    tuning: Vec<StepReport>,
}

/// Waits for a zygote to become ready, and keeps the step that it tries in `trying`. The error has no failure in it when the
/// zygote closed its socket, or sent something else.
async fn ready(
    control: &Wire<OwnedFd>,
    packet: &mut [u8],
    trying: &mut Option<Step>,
) -> Result<Ready, Option<LaunchFailure>> {
    loop {
        match receive(control, packet).await {
            Ok(Some(ZygoteEvent::Trying { step })) => *trying = step,
            Ok(Some(ZygoteEvent::Ready { warm, engine, notes, confinement, tuning })) => {
                return Ok(Ready { warm, engine, notes, confinement, tuning });
            }
            Ok(Some(ZygoteEvent::Failed { step, error })) => {
                return Err(Some(LaunchFailure { step, error: ProcessError(error) }));
            }
            _ => return Err(None),
        }
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

/// The next packet, by way of a buffer for it; `None` when the zygote is gone.
async fn receive(control: &Wire<OwnedFd>, packet: &mut [u8]) -> io::Result<Option<ZygoteEvent>> {
    let length = control
        .read(|control| match recv(control.as_raw_fd(), packet, MsgFlags::empty()) {
            Ok(length) => Ok(length),
            Err(Errno::ECONNRESET) => Ok(0),
            Err(error) => Err(error.into()),
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
    let wire = Wire::new(socket)?;
    // A frame as short as this comes as a whole.
    let mut bytes = [0; frame::HEADER];
    let length = wire.read(|mut socket| socket.read(&mut bytes)).await?;
    if bytes[..length] != frame::header(READY, 0) {
        return Err(io::Error::other("it did not say that it is ready"));
    }
    Ok(wire.into_inner())
}

/// A child that is ready for a run.
pub struct Child {
    socket: UnixStream,
    life: ChildLife,
}

impl Child {
    /// Whether it has ended already.
    pub fn is_over(&mut self) -> bool {
        self.life.is_over()
    }

    /// How it exited, once it has; all fields are empty when its zygote died with it.
    pub fn exit(&self) -> End {
        self.life.end
    }

    /// The rung of the ladder that it was made on.
    pub fn rung(&self) -> u64 {
        self.life.rung
    }
}

impl From<Child> for Process {
    fn from(Child { socket, life }: Child) -> Self {
        Self { socket, life: Box::new(life) }
    }
}

/// The life of a child of a zygote.
struct ChildLife {
    line: Arc<Line>,
    id: u64,
    rung: u64,
    /// Tells how it ended; `None` once that is known.
    ended: Option<oneshot::Receiver<End>>,
    end: End,
    killed: Option<tokio::time::Instant>,
}

impl ChildLife {
    fn is_over(&mut self) -> bool {
        if let Some(ended) = &mut self.ended {
            match ended.try_recv() {
                Ok(end) => self.end = end,
                Err(oneshot::error::TryRecvError::Closed) => {}
                // A child outlives its zygote by a moment only.
                Err(oneshot::error::TryRecvError::Empty) => return self.line.dead.load(Relaxed),
            }
            self.ended = None;
        }
        true
    }
}

impl Life for ChildLife {
    fn rung(&self) -> u64 {
        self.rung
    }

    fn kill(&mut self) {
        if self.ended.is_some() {
            self.killed.get_or_insert_with(tokio::time::Instant::now);
            self.line.tell(ZygoteRequest::Kill { id: self.id });
        }
    }

    fn ended(&mut self) -> BoxFuture<'_, End> {
        Box::pin(async {
            let Some(ended) = &mut self.ended else { return self.end };
            let end = match self.killed {
                None => ended.await,
                Some(killed) => match tokio::time::timeout_at(killed + END_WITHIN, &mut *ended).await {
                    Ok(end) => end,
                    // The zygote is stuck. With it goes all that it will not kill.
                    Err(_) => {
                        self.line.condemned.notify_one();
                        ended.await
                    }
                },
            };
            // An error means that the zygote died, and so did the child, with nobody to say how.
            self.end = end.unwrap_or_default();
            self.ended = None;
            self.end
        })
    }
}

impl Drop for ChildLife {
    fn drop(&mut self) {
        self.kill();
        // Nobody is left to be told of its end.
        self.line.children().remove(&self.id);
    }
}
