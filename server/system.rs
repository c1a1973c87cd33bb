//! What the operating system gives this process. Where that is too little, the error is a sentence for a person: what
//! is missing, and how to give it.

use std::ffi::{CStr, OsStr};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Address space that V8 reserves while it starts, in bytes, with what the program itself maps. Most of it is given
/// back. The tests in `tests/start` hold that V8 starts with so much and a run's memory.
const V8_ADDRESS_SPACE: u64 = 49 << 30;

/// Where the kernel keeps a link to the running program. It leads to the file that was started, whatever has its name
/// by now.
const OWN_FILE: &str = "/proc/self/exe";

/// Memory that a process with V8 in it writes to, beside a run's, in bytes.
const OWN_DATA: u64 = 128 << 20;

/// How to allow more processes and threads.
pub const MORE_PROCESSES: &str =
    "Raise the limit: `ulimit -u`, `TasksMax=` in systemd, or `--pids-limit` in Docker";

/// The stack of a thread that only shows that it can be started, in bytes.
const PROBE_STACK_BYTES: usize = 64 << 10;

/// Checks that V8 can start in this process, and a run then use `process_bytes` of memory.
///
/// # Errors
/// When a limit of the process on memory is lower. V8 would end the process.
pub fn memory(process_bytes: u64) -> Result<(), String> {
    let allowed = |resource| getrlimit(resource).map_or(RLIM_INFINITY, |(now, _)| now);
    enough_address_space(allowed(Resource::RLIMIT_AS), process_bytes)?;
    enough_data(allowed(Resource::RLIMIT_DATA), process_bytes)
}

fn enough_address_space(allowed: u64, process_bytes: u64) -> Result<(), String> {
    let needed = V8_ADDRESS_SPACE.saturating_add(process_bytes);
    if allowed == RLIM_INFINITY || allowed >= needed {
        return Ok(());
    }
    Err(format!(
        "a process may use {} MiB of address space here (RLIMIT_AS), and V8 reserves {} MiB as it starts. Raise the \
         limit: `ulimit -v unlimited`, or `LimitAS=infinity` in systemd. What a run may use is limited by \
         limits.process_bytes",
        allowed >> 20,
        needed >> 20
    ))
}

fn enough_data(allowed: u64, process_bytes: u64) -> Result<(), String> {
    let needed = OWN_DATA.saturating_add(process_bytes);
    if allowed == RLIM_INFINITY || allowed >= needed {
        return Ok(());
    }
    Err(format!(
        "a process may write to {} MiB of memory here (RLIMIT_DATA), and a run takes up to {} MiB. Raise the limit: \
         `ulimit -d unlimited`, or `LimitDATA=infinity` in systemd; or lower limits.process_bytes",
        allowed >> 20,
        needed >> 20
    ))
}

/// Raises the limit on open files up to `wanted`, as far as the system allows it. Gives the limit that is then in
/// force.
///
/// # Errors
/// When the system does not say.
pub fn open_files(wanted: u64) -> io::Result<u64> {
    let (now, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let raised = now.max(wanted.min(most));
    if raised > now {
        setrlimit(Resource::RLIMIT_NOFILE, raised, most)?;
    }
    Ok(raised)
}

/// Starts so many threads, besides those that this process has, to see whether it may: limits of the user, of the
/// control group and of the machine all count. Gives how many could be started, and why no more.
pub fn threads(wanted: usize) -> (usize, Option<io::Error>) {
    let (end, wait) = channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let (mut started, mut error) = (Vec::new(), None);
    while started.len() < wanted && error.is_none() {
        let wait = wait.clone();
        let life = move || drop(wait.lock().map(|wait| wait.recv()));
        match thread::Builder::new().stack_size(PROBE_STACK_BYTES).spawn(life) {
            Ok(thread) => started.push(thread),
            Err(why) => error = Some(why),
        }
    }
    let count = started.len();
    // Ends them all.
    drop(end);
    for thread in started {
        let _ = thread.join();
    }
    (count, error)
}

/// Why a process or a thread could not be started, and what to do about it.
pub fn not_started(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EAGAIN) => {
            format!("the system allows this user no more processes and threads. {MORE_PROCESSES}")
        }
        // C libraries take another call where `clone3` is unknown, and give up where it is refused.
        Some(libc::EPERM) => format!(
            "{error}. A filter of system calls refuses them: a container's profile that is older than the system in it \
             does so to `clone3`. Update Docker and libseccomp, or give the container another profile \
             (`--security-opt seccomp=…`)"
        ),
        _ => error.to_string(),
    }
}

/// This program's own file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile {
    /// What starts the same program again. Without `/proc` this is its name.
    pub same: PathBuf,
    /// Its name, under which there may be a newer one.
    pub name: PathBuf,
}

impl OwnFile {
    /// Finds it.
    ///
    /// # Errors
    /// When the kernel does not say, or there is no file of that name.
    pub fn find() -> Result<Self, String> {
        if let Ok(name) = std::fs::read_link(OWN_FILE) {
            return Ok(Self { same: OWN_FILE.into(), name });
        }
        let name = started_as().and_then(|name| std::path::absolute(name).ok());
        match name.filter(|name| name.is_file()) {
            Some(name) => Ok(Self { same: name.clone(), name }),
            None => Err(format!(
                "the program's own file, which runs programs too, can't be found: there is no {OWN_FILE}. Mount \
                 /proc (`mount -t proc proc /proc`)"
            )),
        }
    }
}

/// The path by which this program was executed, as the kernel noted it.
fn started_as() -> Option<PathBuf> {
    // SAFETY: the call takes a number. What it gives for this one is null or the address of a text with its end, which
    // the kernel has put on the stack for as long as the process lives.
    let name = unsafe {
        let name = libc::getauxval(libc::AT_EXECFN) as *const libc::c_char;
        if name.is_null() {
            return None;
        }
        CStr::from_ptr(name)
    };
    Some(Path::new(OsStr::from_bytes(name.to_bytes())).to_owned())
}

/// `/dev/null` to read and write; where there is none, a socket that gives and takes as little.
///
/// # Errors
/// When there are no more descriptors.
pub fn null() -> io::Result<OwnedFd> {
    match OpenOptions::new().read(true).write(true).open("/dev/null") {
        Ok(null) => Ok(null.into()),
        // Its other end is closed: it reads as ended, and what is written is refused.
        Err(_) => UnixStream::pair().map(|(socket, _)| socket.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn address_space_too_small_names_limit_and_remedy() {
        assert_eq!(enough_address_space(RLIM_INFINITY, 1 << 30), Ok(()));
        assert_eq!(enough_address_space(V8_ADDRESS_SPACE + 1, 1), Ok(()));
        let error = enough_address_space(4 << 30, 256 << 20).unwrap_err();
        for part in ["4096 MiB", "RLIMIT_AS", "ulimit -v"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn data_too_small_names_limit_and_remedy() {
        assert_eq!(enough_data(RLIM_INFINITY, 1 << 30), Ok(()));
        assert_eq!(enough_data(OWN_DATA + 1, 1), Ok(()));
        let error = enough_data(100 << 20, 256 << 20).unwrap_err();
        for part in ["100 MiB", "384 MiB", "RLIMIT_DATA", "ulimit -d"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn refused_thread_blames_no_limit() {
        let words = |errno| not_started(&io::Error::from_raw_os_error(errno));
        assert!(words(libc::EAGAIN).contains("ulimit -u"));
        assert!(!words(libc::EPERM).contains("ulimit") && words(libc::EPERM).contains("clone3"));
        assert!(!words(libc::ENOMEM).contains("ulimit"));
    }

    #[test]
    fn threads_without_limit_are_all_started() {
        for wanted in [0, 8] {
            let (started, error) = threads(wanted);
            assert!(started == wanted && error.is_none(), "{error:?}");
        }
    }

    #[test]
    fn own_file_is_the_running_program() {
        let own = OwnFile::find().unwrap();
        assert_eq!(own.name, std::env::current_exe().unwrap());
        assert_eq!(own.same.canonicalize().unwrap(), own.name);
        let started_as = std::path::absolute(started_as().unwrap()).unwrap();
        assert_eq!(started_as.canonicalize().unwrap(), own.name, "without /proc it is found, too");
    }

    #[test]
    fn null_reads_as_ended() {
        let mut null = std::fs::File::from(null().unwrap());
        assert_eq!(null.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(null.write(b"gone").unwrap(), 4);
    }
}
