//! This very binary in the runner's place: started as `… runner …`, it becomes a zygote whose children make
//! one system call instead of running a program.

use std::ffi::CString;
use std::process::ExitCode;

use mayfly::runner::{Strength, main_instead};
use nix::errno::Errno;

/// Runs before the test harness starts its threads: a zygote has one.
#[used]
#[unsafe(link_section = ".init_array")]
static ENTRY: extern "C" fn() = enter;

/// As whom the binary is started, to leave the seal off.
pub(super) const UNSEALED: &str = "unsealed";

extern "C" fn enter() {
    let mut args = std::env::args();
    let name = args.next().unwrap_or_default();
    // A harness is given no such words; `cargo test runner` gives it only the first.
    if args.len() != 2 || args.next().as_deref() != Some("runner") {
        return;
    }
    let strength = if name.ends_with(UNSEALED) { Strength::Unsealed } else { Strength::Full };
    let code = main_instead(&args.collect::<Vec<_>>(), call, strength);
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// Makes the system call that `source` names, with the number behind its name as an argument. Gives `done`, or
/// the name of the error.
fn call(source: &str) -> String {
    let (name, number) = source.split_once(' ').unwrap_or((source, "0"));
    let number: i64 = number.parse().expect("a number");
    // SAFETY: every pointer passed is to something that lives through the call, or null.
    let result = unsafe { make(name, number) };
    match Errno::result(result) {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

fn text(text: &str) -> CString {
    CString::new(text).expect("no zero in it")
}

/// # Safety
/// None is to be had: that is the point. The process ends right after.
#[rustfmt::skip]
unsafe fn make(name: &str, number: i64) -> i64 {
    use libc::*;
    let null = 0i64;
    let here = AT_FDCWD as i64;
    let (root, passwd, shell, memory) = (text("/"), text("/etc/passwd"), text("/bin/sh"), text("m"));
    let (variables, new, tmpfs) = (text("/proc/self/environ"), text("/tmp/new"), text("tmpfs"));
    let (root, passwd, shell, new) = (root.as_ptr(), passwd.as_ptr(), shell.as_ptr(), new.as_ptr());
    let mut room = [0u8; 4096];
    let room = room.as_mut_ptr();
    let address = sockaddr_in {
        sin_family: AF_INET as u16,
        sin_port: (number as u16).to_be(),
        sin_addr: in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    let piece = iovec { iov_base: room.cast(), iov_len: 8 };
    let piece = &raw const piece;
    // All arguments in full width: the C function can't know theirs.
    macro_rules! sys { ($call:expr $(, $argument:expr)*) => {
        // SAFETY: `make`'s caller answers for it.
        unsafe { syscall($call $(, $argument as i64)*) }
    } }
    match name {
        "nothing" => sys!(SYS_getpid),
        // Files.
        "open" => sys!(SYS_openat, here, passwd, O_RDONLY),
        "open_old" => sys!(SYS_open, passwd, O_RDONLY),
        "open_root" => sys!(SYS_openat, here, root, O_RDONLY),
        "open_above" => sys!(SYS_openat, here, c"../../../etc/passwd".as_ptr(), O_RDONLY),
        "open_environ" => sys!(SYS_openat, here, variables.as_ptr(), O_RDONLY),
        "create" => sys!(SYS_openat, here, new, O_CREAT | O_WRONLY, 0o600),
        "mkdir" => sys!(SYS_mkdir, new, 0o700),
        "unlink" => sys!(SYS_unlink, passwd),
        "rename" => sys!(SYS_rename, passwd, new),
        "link" => sys!(SYS_link, passwd, new),
        "symlink" => sys!(SYS_symlink, passwd, new),
        "chmod" => sys!(SYS_chmod, passwd, 0o777),
        "truncate" => sys!(SYS_truncate, passwd, 0),
        "mknod" => sys!(SYS_mknod, new, S_IFCHR | 0o600, 259),
        "chdir" => sys!(SYS_chdir, c"/etc".as_ptr()),
        "stat" => sys!(SYS_newfstatat, here, passwd, room, 0),
        "getdents64" => sys!(SYS_getdents64, 0, room, 4096),
        "open_by_handle_at" => sys!(SYS_open_by_handle_at, here, room, O_RDONLY),
        "inotify_init1" => sys!(SYS_inotify_init1, 0),
        "fanotify_init" => sys!(SYS_fanotify_init, 0, 0),
        // The network.
        "socket" => sys!(SYS_socket, AF_INET, SOCK_STREAM, 0),
        "socket_udp" => sys!(SYS_socket, AF_INET, SOCK_DGRAM, 0),
        "socket_unix" => sys!(SYS_socket, AF_UNIX, SOCK_STREAM, 0),
        "socket_netlink" => sys!(SYS_socket, AF_NETLINK, SOCK_RAW, 0),
        "socketpair" => sys!(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, room),
        "connect" => {
            let socket = sys!(SYS_socket, AF_INET, SOCK_STREAM, 0);
            if socket < 0 { socket } else { sys!(SYS_connect, socket, &raw const address, size_of_val(&address)) }
        }
        "connect_own" => sys!(SYS_connect, 3, &raw const address, size_of_val(&address)),
        "bind" => sys!(SYS_bind, 3, &raw const address, size_of_val(&address)),
        "listen" => sys!(SYS_listen, 3, 1),
        "accept" => sys!(SYS_accept4, 3, null, null, 0),
        "sendmsg" => sys!(SYS_sendmsg, 3, null, 0),
        "recvmsg" => sys!(SYS_recvmsg, 3, null, 0),
        "setsockopt" => sys!(SYS_setsockopt, 3, SOL_SOCKET, SO_SNDBUF, room, 4),
        // Other programs and processes.
        "execve" => sys!(SYS_execve, shell, null, null),
        "execveat" => sys!(SYS_execveat, here, shell, null, null, 0),
        "memfd_create" => sys!(SYS_memfd_create, memory.as_ptr(), 0),
        "fork" => leave_in_child(sys!(SYS_fork)),
        "fork_by_clone" => leave_in_child(sys!(SYS_clone, SIGCHLD, null, null, null, null)),
        "clone_newuser" => leave_in_child(sys!(SYS_clone, SIGCHLD | CLONE_NEWUSER, null, null, null, null)),
        "thread" => sys!(SYS_clone, 0x3d_0f00, null, null, null, null),
        "clone3" => sys!(SYS_clone3, room, 64),
        "wait4" => sys!(SYS_wait4, -1, null, WNOHANG, null),
        "kill" => sys!(SYS_kill, number, SIGKILL),
        "kill_parent" => sys!(SYS_kill, getppid(), SIGKILL),
        "kill_all" => sys!(SYS_kill, -1, SIGKILL),
        "tgkill" => sys!(SYS_tgkill, number, number, SIGKILL),
        "tkill" => sys!(SYS_tkill, number, SIGKILL),
        "rt_sigqueueinfo" => sys!(SYS_rt_sigqueueinfo, number, SIGKILL, room),
        "pidfd_open" => sys!(SYS_pidfd_open, number, 0),
        "pidfd_getfd" => sys!(SYS_pidfd_getfd, 0, 0, 0),
        "pidfd_send_signal" => sys!(SYS_pidfd_send_signal, 0, SIGKILL, null, 0),
        "ptrace" => sys!(SYS_ptrace, PTRACE_ATTACH, number, 0, 0),
        "ptrace_me" => sys!(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0),
        "process_vm_readv" => sys!(SYS_process_vm_readv, number, piece, 1, piece, 1, 0),
        "process_vm_writev" => sys!(SYS_process_vm_writev, number, piece, 1, piece, 1, 0),
        "process_madvise" => sys!(SYS_process_madvise, 0, room, 1, 0, 0),
        "kcmp" => sys!(SYS_kcmp, number, number, 0, 0, 0),
        "prlimit" => sys!(SYS_prlimit64, number, RLIMIT_CPU, null, room),
        "setpriority" => sys!(SYS_setpriority, PRIO_PROCESS, number, 19),
        "sched_setaffinity" => sys!(SYS_sched_setaffinity, number, 8, room),
        "sched_setscheduler" => sys!(SYS_sched_setscheduler, 0, SCHED_FIFO, room),
        // What it gave up.
        "raise_files" => sys!(SYS_prlimit64, 0, RLIMIT_NOFILE, &raw const MANY, null),
        "raise_processes" => sys!(SYS_prlimit64, 0, RLIMIT_NPROC, &raw const MANY, null),
        "raise_memory" => sys!(SYS_prlimit64, 0, RLIMIT_AS, &raw const MANY, null),
        "raise_cpu" => sys!(SYS_prlimit64, 0, RLIMIT_CPU, &raw const MANY, null),
        "dumpable" => sys!(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0),
        "forget_parent" => sys!(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0),
        "seccomp" => sys!(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, null),
        "setuid" => sys!(SYS_setuid, 0),
        "setresuid" => sys!(SYS_setresuid, 0, 0, 0),
        "setgid" => sys!(SYS_setgid, 0),
        "setgroups" => sys!(SYS_setgroups, 0, null),
        "capset" => sys!(SYS_capset, &raw const ALL_CAPABILITIES, (&raw const ALL_CAPABILITIES).cast::<u32>().add(2)),
        "unshare" => sys!(SYS_unshare, CLONE_NEWUSER),
        "unshare_net" => sys!(SYS_unshare, CLONE_NEWNET),
        "setns" => sys!(SYS_setns, 0, 0),
        "chroot" => sys!(SYS_chroot, root),
        "pivot_root" => sys!(SYS_pivot_root, root, root),
        "mount" => sys!(SYS_mount, tmpfs.as_ptr(), root, tmpfs.as_ptr(), 0, null),
        "umount2" => sys!(SYS_umount2, root, 0),
        "open_tree" => sys!(SYS_open_tree, here, root, 1),
        "fsopen" => sys!(SYS_fsopen, tmpfs.as_ptr(), 0),
        "keyctl" => sys!(SYS_keyctl, 0, -3, 0, 0, 0),
        "add_key" => sys!(SYS_add_key, c"user".as_ptr(), memory.as_ptr(), room, 1, -3),
        // The kernel's wide doors.
        "io_uring_setup" => sys!(SYS_io_uring_setup, 1, room),
        "bpf" => sys!(SYS_bpf, 0, room, 64),
        "userfaultfd" => sys!(SYS_userfaultfd, 0),
        "perf_event_open" => sys!(SYS_perf_event_open, room, 0, -1, -1, 0),
        "init_module" => sys!(SYS_init_module, room, 1, root),
        "kexec_load" => sys!(SYS_kexec_load, 0, 0, null, 0),
        "reboot" => sys!(SYS_reboot, 0, 0, 0, null),
        "syslog" => sys!(SYS_syslog, 3, room, 16),
        "sethostname" => sys!(SYS_sethostname, root, 1),
        "settimeofday" => sys!(SYS_settimeofday, null, null),
        "personality" => sys!(SYS_personality, 0x4_0000),
        "modify_ldt" => sys!(SYS_modify_ldt, 0, room, 16),
        "iopl" => sys!(SYS_iopl, 3),
        "vmsplice" => sys!(SYS_vmsplice, 3, null, 0, 0),
        "splice" => sys!(SYS_splice, 3, null, 3, null, 1, 0),
        "shmget" => sys!(SYS_shmget, 1, 4096, IPC_CREAT | 0o600),
        "msgget" => sys!(SYS_msgget, 1, IPC_CREAT | 0o600),
        "semget" => sys!(SYS_semget, 1, 1, IPC_CREAT | 0o600),
        "mq_open" => sys!(SYS_mq_open, memory.as_ptr(), O_CREAT | O_RDWR, 0o600, null),
        "epoll_create1" => sys!(SYS_epoll_create1, 0),
        "eventfd2" => sys!(SYS_eventfd2, 0, 0),
        "timer_create" => sys!(SYS_timer_create, CLOCK_REALTIME, null, room),
        "timerfd_create" => sys!(SYS_timerfd_create, CLOCK_MONOTONIC, 0),
        "timerfd_settime" => sys!(SYS_timerfd_settime, 3, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, room, null),
        "pipe2" => sys!(SYS_pipe2, room, 0),
        "dup" => sys!(SYS_dup, 3),
        "fcntl" => sys!(SYS_fcntl, 3, F_SETOWN, number),
        "ioctl" => sys!(SYS_ioctl, 3, TIOCSTI, room),
        // Ways around the table of calls.
        "call_unknown" => sys!(9_999),
        "handle_sigsys" => sys!(SYS_rt_sigaction, SIGSYS, null, room, 8),
        "call_x32" => sys!(0x4000_0000 | SYS_getpid),
        "call_i386" => call_i386(),
        // What a limit says.
        "map" => sys!(SYS_mmap, null, number, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        "map_reserve" => sys!(SYS_mmap, null, number, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
        "lock" => sys!(SYS_mlock, room, 1),
        // What arguments reach. See `reach.rs`.
        "use_read" => sys!(SYS_read, 0, room, 8),
        "use_write" => sys!(SYS_write, 1, room, 8),
        "use_readv" => sys!(SYS_readv, 0, piece, 1),
        "use_writev" => sys!(SYS_writev, 1, piece, 1),
        "use_close" => sys!(SYS_close, 999),
        "use_shutdown" => sys!(SYS_shutdown, 0, SHUT_WR),
        "use_ppoll" => sys!(SYS_ppoll, null, 0, &raw const MOMENT, null, 0),
        "send_oob" => sys!(SYS_sendto, 3, room, 1, MSG_OOB | MSG_NOSIGNAL, null, 0),
        "send_zerocopy" => sys!(SYS_sendto, 3, room, 1, 0x400_0000, null, 0),
        "send_more" => sys!(SYS_sendto, 3, room, 1, MSG_MORE, null, 0),
        "send_to_address" => sys!(SYS_sendto, 3, room, 1, MSG_NOSIGNAL, &raw const address, size_of_val(&address)),
        "use_send" => sys!(SYS_sendto, 3, room, 0, MSG_NOSIGNAL, null, 0),
        "receive_oob" => sys!(SYS_recvfrom, 3, room, 1, MSG_OOB, null, null),
        "receive_errors" => sys!(SYS_recvfrom, 3, room, 1, MSG_ERRQUEUE | MSG_DONTWAIT, null, null),
        "receive_peek" => sys!(SYS_recvfrom, 3, room, 1, MSG_PEEK | MSG_DONTWAIT, null, null),
        "use_receive" => sys!(SYS_recvfrom, 3, room, 1, MSG_DONTWAIT, null, null),
        "use_brk" => sys!(SYS_brk, 0),
        "use_munmap" => sys!(SYS_munmap, page(), 4096),
        "use_mremap" => sys!(SYS_mremap, page(), 4096, 8192, MREMAP_MAYMOVE),
        "use_mprotect" => sys!(SYS_mprotect, page(), 4096, PROT_READ),
        "use_pkey_mprotect" => sys!(SYS_pkey_mprotect, page(), 4096, PROT_READ, -1),
        "map_shared" => sys!(SYS_mmap, null, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
        "map_shared_validate" => sys!(SYS_mmap, null, 4096, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0),
        "map_huge" => sys!(SYS_mmap, null, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0),
        "map_locked" => sys!(SYS_mmap, null, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0),
        "map_file" => sys!(SYS_mmap, null, 4096, PROT_READ, MAP_PRIVATE, 0, 0),
        "use_map_fixed" => sys!(SYS_mmap, page(), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
        "advise" => sys!(SYS_madvise, page(), 4096, number),
        "barrier" => sys!(SYS_membarrier, number, 0, 0),
        // The word is 0, so that nobody waits for it to be another.
        "futex" => sys!(SYS_futex, room, number, 1, null, room, 1),
        "affinity_of" => sys!(SYS_sched_getaffinity, number, 4096, room),
        "time" => sys!(SYS_clock_gettime, number, room),
        "time_of_process" => sys!(SYS_clock_gettime, cpu_clock(number, CLOCK_OF_PROCESS), room),
        "time_of_thread" => sys!(SYS_clock_gettime, cpu_clock(number, CLOCK_OF_THREAD), room),
        "resolution" => sys!(SYS_clock_getres, number, room),
        "resolution_of_process" => sys!(SYS_clock_getres, cpu_clock(number, CLOCK_OF_PROCESS), room),
        "sleep_by" => sys!(SYS_clock_nanosleep, number, 0, &raw const MOMENT, null),
        "sleep_by_process" => sys!(SYS_clock_nanosleep, cpu_clock(number, CLOCK_OF_PROCESS), 0, &raw const MOMENT, null),
        "use_nanosleep" => sys!(SYS_nanosleep, &raw const MOMENT, null),
        "use_gettimeofday" => sys!(SYS_gettimeofday, room, null),
        "random" => sys!(SYS_getrandom, room, 8, number),
        "use_getrusage" => sys!(SYS_getrusage, RUSAGE_SELF, room),
        "option" => sys!(SYS_prctl, number, room, 0, 0, 0),
        "use_name" => sys!(SYS_prctl, PR_SET_NAME, memory.as_ptr(), 0, 0, 0),
        "use_name_memory" => sys!(SYS_prctl, PR_SET_VMA, 0, page(), 4096, memory.as_ptr()),
        "use_prlimit" => sys!(SYS_prlimit64, 0, RLIMIT_CPU, null, room),
        "use_sigaction" => sys!(SYS_rt_sigaction, SIGUSR1, null, room, 8),
        "use_timer" => sys!(SYS_timerfd_settime, 0, 0, room, null),
        "use_yield" => sys!(SYS_sched_yield),
        "use_gettid" => sys!(SYS_gettid),
        "use_getuid" => sys!(SYS_getuid),
        "use_geteuid" => sys!(SYS_geteuid),
        "use_getgid" => sys!(SYS_getgid),
        "use_getegid" => sys!(SYS_getegid),
        "use_getcpu" => sys!(SYS_getcpu, room, null, null),
        "use_sigprocmask" => sys!(SYS_rt_sigprocmask, SIG_BLOCK, null, room, 8),
        "use_sigaltstack" => sys!(SYS_sigaltstack, null, room),
        "uname" => sys!(SYS_uname, room),
        "sysinfo" => sys!(SYS_sysinfo, room),
        "priority_of" => sys!(SYS_sched_getparam, number, room),
        "policy_of" => sys!(SYS_sched_getscheduler, number),
        other => panic!("no call is named {other}"),
    }
}

/// The time of other processes, as the kernel numbers such clocks: the lowest bits say which kind.
fn cpu_clock(pid: i64, kind: i64) -> i64 {
    !pid << 3 | kind
}
const CLOCK_OF_PROCESS: i64 = 2;
const CLOCK_OF_THREAD: i64 = 6;

static MOMENT: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 1 };

/// A page of its own.
fn page() -> *mut libc::c_void {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: it takes the place of nothing.
    unsafe { libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) }
}

static MANY: libc::rlimit64 = libc::rlimit64 { rlim_cur: u64::MAX, rlim_max: u64::MAX };
/// Version 3, this process; all effective, permitted, inheritable, twice.
static ALL_CAPABILITIES: [u32; 8] = [0x2008_0522, 0, !0, !0, 0, !0, !0, 0];

fn leave_in_child(result: i64) -> i64 {
    if result == 0 {
        // SAFETY: ends the child, which is not to answer in its parent's place.
        unsafe { libc::_exit(0) };
    }
    result
}

/// `setpgid` by the table of 32-bit programs, in which it has number 57. gVisor goes by the one table whatever the
/// way, and there that is `fork`.
fn call_i386() -> i64 {
    let result: i64;
    // SAFETY: the call takes no arguments.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 57i64 => result, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    result
}
