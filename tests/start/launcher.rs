//! A server in circumstances: what is done to its process between fork and exec, so that it finds less than it is used
//! to.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use crate::support::{PATIENCE, TestApp};

/// The server that was built for the tests.
const BUILT: &str = env!("CARGO_BIN_EXE_mayfly");

/// Tells users and control groups of this process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

type Step = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// A server that is to be started.
pub(super) struct Launch {
    /// Where it works, and has its log.
    pub(super) folder: tempfile::TempDir,
    program: PathBuf,
    flags: Vec<String>,
    steps: Vec<Step>,
    /// The socket that it listens on, where it can't say which it took.
    listener: Option<TcpListener>,
    /// A file that is to be gone before it starts.
    goes: Option<PathBuf>,
    /// What is there for as long as the server.
    groups: Vec<Group>,
}

/// What came of a launch.
pub(super) enum Started {
    /// It listens, after that time.
    Serves(TestApp, Duration),
    /// It ended, with these words.
    Ended(ExitStatus, String),
    /// Neither happened; with its log.
    Hangs(String),
}

impl Launch {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            program: BUILT.into(),
            flags: ["serve", "--listen=127.0.0.1:0", "--log=info"].map(str::to_owned).into(),
            steps: Vec::new(),
            listener: None,
            goes: None,
            groups: Vec::new(),
        }
    }

    pub(super) fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    fn step(mut self, step: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.steps.push(Box::new(step));
        self
    }

    /// Lowers both limits.
    pub(super) fn limit(self, resource: Resource, most: u64) -> Self {
        self.step(move || Ok(setrlimit(resource, most, most)?))
    }

    /// As a user with no privileges and no other process, in a folder of its own.
    pub(super) fn unprivileged(self) -> Self {
        // No two have one user: they would count for each other.
        let id = 61_000 + std::process::id() % 64 * 64 + NEXT.fetch_add(1, Relaxed) % 64;
        chown(self.folder.path(), Some(id), Some(id)).expect("root may give it away");
        // A user may not see the folder that it was built in.
        let launch = if self.program == Path::new(BUILT) { self.linked() } else { self };
        launch.step(move || {
            setgroups(&[])?;
            let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
            setresgid(group, group, group)?;
            Ok(setresuid(user, user, user)?)
        })
    }

    /// With no capability but these, now or ever.
    pub(super) fn capabilities(self, kept: &'static [u64]) -> Self {
        self.step(move || {
            for capability in (0..64_u64).filter(|it| !kept.contains(it)) {
                // SAFETY: the call takes numbers. It fails for those that the kernel does not have.
                let dropped = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
                let error = io::Error::last_os_error();
                if dropped != 0 && error.raw_os_error() != Some(libc::EINVAL) {
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    /// With this error for these calls.
    pub(super) fn refuse(self, error: i32, calls: impl IntoIterator<Item = Refused>) -> Self {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        for Refused { call, only } in calls {
            rules.entry(call).or_default().extend(only);
        }
        let errno = SeccompAction::Errno(error as u32);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, errno, TargetArch::x86_64);
        let program: BpfProgram = filter.expect("a filter").try_into().expect("a program");
        self.step(move || {
            let filter = libc::sock_fprog {
                len: program.len() as u16,
                filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
            };
            let install = || {
                // SAFETY: the kernel reads the program, whose instructions are laid out as its own.
                unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) }
            };
            // Who has no privileges may install one when it can't gain any.
            if install() == 0 || nix::sys::prctl::set_no_new_privs().is_ok() && install() == 0 {
                return Ok(());
            }
            Err(io::Error::last_os_error())
        })
    }

    /// In a mount namespace of its own.
    pub(super) fn own_mounts(self) -> Self {
        self.step(own_mounts)
    }

    /// With an empty folder in the place of this one.
    pub(super) fn without_folder(self, folder: &'static CStr) -> Self {
        self.own_mounts().step(move || empty(folder))
    }

    /// With a `/proc` in which a user sees its own processes only.
    pub(super) fn hiding_processes(self) -> Self {
        self.own_mounts().step(|| {
            let (none, options) = (MsFlags::empty(), Some(c"hidepid=invisible"));
            Ok(mount(Some(c"proc"), c"/proc", Some(c"proc"), none, options)?)
        })
    }

    /// With a root that can't be written to. The server's own folder is in memory where `keeps_folder`.
    pub(super) fn read_only(self, keeps_folder: bool) -> Self {
        let folder =
            std::ffi::CString::new(self.folder.path().as_os_str().as_encoded_bytes()).expect("a path");
        self.own_mounts().step(move || {
            if keeps_folder {
                mount(Some(c"tmpfs"), folder.as_c_str(), Some(c"tmpfs"), MsFlags::empty(), None::<&CStr>)?;
                // What was its folder is under that.
                nix::unistd::chdir(folder.as_c_str())?;
            }
            let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
            Ok(mount(None::<&CStr>, c"/", None::<&CStr>, flags, None::<&CStr>)?)
        })
    }

    /// Without transparent huge pages.
    pub(super) fn without_huge_pages(self) -> Self {
        // SAFETY: the call takes numbers.
        self.step(|| match unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        })
    }

    /// On one processor.
    pub(super) fn one_processor(self) -> Self {
        self.step(|| {
            let this = Pid::from_raw(0);
            let allowed = sched_getaffinity(this)?;
            let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
            let mut one = CpuSet::new();
            one.set(first.unwrap_or(0))?;
            Ok(sched_setaffinity(this, &one)?)
        })
    }

    /// With memory laid out from below, as long ago.
    pub(super) fn old_layout(self) -> Self {
        const ADDR_COMPAT_LAYOUT: libc::c_ulong = 0x0020_0000;
        // SAFETY: the call takes a number.
        self.step(|| match unsafe { libc::personality(ADDR_COMPAT_LAYOUT) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        })
    }

    /// With a standard error that takes nothing: a full disk, or a pipe that nobody reads.
    pub(super) fn log_to(self, file: impl AsFd + Send + Sync + 'static) -> Self {
        // SAFETY: both are open; the second is replaced.
        self.step(move || match unsafe { libc::dup2(file.as_fd().as_raw_fd(), 2) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        })
    }

    /// With standard input, output and error closed.
    pub(super) fn without_standard_streams(mut self) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let socket = listener.as_raw_fd();
        self.listener = Some(listener);
        self.step(move || {
            keep_open(socket)?;
            for standard in 0..3 {
                // SAFETY: nothing here uses them. The pipe by which a failure to execute is told has a higher number.
                unsafe { libc::close(standard) };
            }
            Ok(())
        })
    }

    /// From a file of its own.
    fn linked(mut self) -> Self {
        let (from, to) = (self.program.clone(), self.folder.path().join("mayfly"));
        std::fs::hard_link(&from, &to).or_else(|_| std::fs::copy(&from, &to).map(drop)).expect("a copy");
        self.program = to;
        self
    }

    /// From a file of its own, that the test deletes.
    pub(super) fn own_file(self) -> Self {
        self.linked()
    }

    /// From a file that is deleted already: it is executed by its descriptor.
    pub(super) fn deleted_file(self) -> Self {
        let mut launch = self.linked();
        let file = std::fs::File::open(&launch.program).expect("it is there");
        let descriptor = file.as_raw_fd();
        launch.goes = Some(launch.program.clone());
        launch.program = format!("/proc/self/fd/{descriptor}").into();
        launch.step(move || keep_open(file.as_raw_fd()))
    }

    /// From a file that its user may execute and not read: the kernel then keeps what it says of the process's memory
    /// to root.
    pub(super) fn unreadable_file(mut self) -> Self {
        let to = self.folder.path().join("mayfly");
        std::fs::copy(&self.program, &to).expect("a copy");
        std::fs::set_permissions(&to, PermissionsExt::from_mode(0o711)).expect("it is ours");
        self.program = to;
        self
    }

    /// In a control group with this bound.
    pub(super) fn group(mut self, group: Group) -> Self {
        let procs = std::fs::OpenOptions::new().write(true).open(group.0.join("cgroup.procs"));
        let procs = procs.expect("it is ours");
        self.groups.push(group);
        self.step(move || (&procs).write_all(b"0"))
    }

    /// Starts it and waits until it listens or has ended.
    pub(super) fn start(self) -> (Started, Vec<Group>) {
        let Self { folder, program, flags, steps, listener, goes, groups } = self;
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let mut command = Command::new(program);
        command.args(flags).env_clear().current_dir(folder.path()).stdin(Stdio::null());
        command.env("MAYFLY_RATE_LIMIT", "off").stdout(Stdio::piped()).stderr(log);
        if let Some(listener) = &listener {
            command.env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", listener.as_raw_fd().to_string());
        }
        // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
        unsafe { command.pre_exec(move || steps.iter().try_for_each(|step| step())) };
        if let Some(goes) = goes {
            std::fs::remove_file(goes).expect("it is there");
        }
        let begun = Instant::now();
        let mut process = command.spawn().expect("the circumstances can be had, and mayfly starts");
        let address = match listener {
            Some(listener) => {
                let address = listener.local_addr().expect("an address");
                // So that nobody waits in the queue of a server that has ended.
                drop(listener);
                answering(address)
            }
            None => listening(&mut process),
        };
        let took = begun.elapsed();
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let started = match address {
            Some(address) => Started::Serves(TestApp::adopt(address, process, folder), took),
            None => match ended(&mut process) {
                Some(status) => Started::Ended(status, log()),
                None => {
                    let _ = process.kill();
                    let _ = process.wait();
                    Started::Hangs(log())
                }
            },
        };
        (started, groups)
    }
}

/// Waits for the line that says where a server listens.
fn listening(process: &mut Child) -> Option<SocketAddr> {
    let mut stdout = process.stdout.take().expect("it is piped");
    let (begun, mut line) = (Instant::now(), Vec::new());
    while !line.ends_with(b"\n") {
        let left = PATIENCE.checked_sub(begun.elapsed())?;
        let mut polled = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        poll(&mut polled, PollTimeout::try_from(left).ok()?).ok()?;
        polled[0].any().filter(|any| *any)?;
        let mut byte = [0];
        if stdout.read(&mut byte).ok()? == 0 {
            return None;
        }
        line.extend(byte);
    }
    let line = String::from_utf8(line).ok()?;
    line.trim_end().strip_prefix("Mayfly listens on http://")?.parse().ok()
}

/// Waits until a server answers at this address.
fn answering(address: SocketAddr) -> Option<SocketAddr> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    (answer == *b"HTTP/1.1 200").then_some(address)
}

fn ended(process: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = process.try_wait().expect("it can be waited for") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

/// Lets a descriptor stay open when another program is executed.
fn keep_open(descriptor: RawFd) -> io::Result<()> {
    // SAFETY: it is open.
    let descriptor = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
    Ok(fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty())).map(drop)?)
}

fn own_mounts() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let (none, flags) = (None::<&CStr>, MsFlags::MS_REC | MsFlags::MS_PRIVATE);
    Ok(mount(none, c"/", none, flags, none)?)
}

fn empty(folder: &CStr) -> io::Result<()> {
    Ok(mount(Some(c"tmpfs"), folder, Some(c"tmpfs"), MsFlags::MS_RDONLY, None::<&CStr>)?)
}

/// Whether mounts can be had, which takes privileges. The error says why not.
pub(super) fn can_mount() -> Result<(), String> {
    let mut nothing = Command::new("/bin/true");
    // SAFETY: as above.
    unsafe { nothing.pre_exec(own_mounts) };
    nothing.status().map(drop).map_err(|error| format!("mount namespaces can't be had here: {error}"))
}

/// A system call that fails: always, or where this is so of its arguments.
pub(super) struct Refused {
    call: i64,
    only: Vec<SeccompRule>,
}

impl Refused {
    pub(super) fn always(calls: &[i64]) -> impl Iterator<Item = Self> {
        calls.iter().map(|call| Self { call: *call, only: Vec::new() })
    }

    /// When that argument is one of these.
    pub(super) fn when(call: i64, argument: u8, values: &[i32]) -> Self {
        let only = values.iter().map(|value| rule(argument, SeccompCmpOp::Eq, *value as u64)).collect();
        Self { call, only }
    }

    /// When that argument has one of these bits.
    pub(super) fn with_bits(call: i64, argument: u8, bits: u64) -> Self {
        let bits = (0..64).map(|bit| bits & 1 << bit).filter(|bit| *bit != 0);
        Self { call, only: bits.map(|bit| rule(argument, SeccompCmpOp::MaskedEq(bit), bit)).collect() }
    }
}

fn rule(argument: u8, is: SeccompCmpOp, value: u64) -> SeccompRule {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value);
    SeccompRule::new(vec![condition.expect("a condition")]).expect("a rule")
}

/// A control group of the test's own. It is removed when the last process has left it.
pub(super) struct Group(PathBuf);

impl Group {
    /// One with this bound, for the controller of this name. The error says why there is none.
    pub(super) fn new(controller: &str, bounds: &[(&str, &str)]) -> Result<Self, String> {
        let root = Path::new("/sys/fs/cgroup");
        let own_hierarchy = root.join(controller);
        let parent = if own_hierarchy.is_dir() { own_hierarchy } else { root.to_owned() };
        let name = format!("mayfly-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let group = Self(parent.join(name));
        let made = std::fs::create_dir(&group.0).map(|()| group);
        let group = made.map_err(|error| format!("no control group can be made here: {error}"))?;
        // The two versions of control groups have files of different names.
        let set = bounds.iter().any(|(file, value)| std::fs::write(group.0.join(file), value).is_ok());
        set.then_some(group).ok_or_else(|| format!("control groups have no {controller} controller here"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let begun = Instant::now();
        while std::fs::remove_dir(&self.0).is_err() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
