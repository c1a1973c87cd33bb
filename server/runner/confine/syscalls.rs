//! The filters of system calls. Both are compiled by the zygote:
//!
//! - The *zygote's*, inherited by its children: what V8, a fork and the zygote's own work need. Anything else
//!   is refused with `EPERM`: the zygote runs no visitor's code, and a library's surprise is no reason to die.
//! - The *child's*, put on by each child before it is ready: what a warm V8 and two threads need, no more.
//!   It looks at arguments, too: none may reach beyond the process. Anything else kills the process, but for the
//!   calls in [`REFUSED`], which libraries try and do without.
//!
//! Of two filters the stricter answer counts. `clone3` does not exist: its flags are in memory, where no filter can see
//! them, and libraries that know it fall back on `clone`.
//!
//! A filter lists calls by the machine's own table. Calls by another (i386, x32) are killed or have numbers
//! that no list holds.

use libc::{c_int, c_long};
use seccompiler::{BpfProgram, apply_filter, apply_filter_all_threads};

use super::filter::{
    ALLOW, Answer, Condition, Rule, at_most, compile, errno, flags, is, is_not, one_of, one_of_with_flags,
};

/// What a child's own threads do while a program runs, with any arguments: none of them reaches beyond the process.
/// `tests/confinement/reach.rs` says so of each.
const CHILD: &[c_long] = &[
    // Its socket.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_ppoll,
    libc::SYS_close,
    // Memory.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_pkey_mprotect,
    // Threads that wait for each other and end.
    libc::SYS_sched_yield,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals, of which a child gets its own faults only.
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time, what it used, which process it is, and where.
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrusage,
    libc::SYS_getpid,
    libc::SYS_getcpu,
];

/// What a child does with some arguments, and not with others.
fn child_arguments() -> Vec<Rule> {
    // The last clock that is the whole machine's or the caller's own. Those of other processes are negative numbers.
    let own_clock = || vec![vec![at_most(0, libc::CLOCK_BOOTTIME)]];
    let own_socket = || vec![vec![flags(3, 0, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT), is(5, 0)]];
    vec![
        // No data out of band, no errors of others, no pages instead of copies; no address.
        Rule::when(libc::SYS_sendto, own_socket()),
        Rule::when(libc::SYS_recvfrom, own_socket()),
        // No memory that others may share, none of the machine's pool of huge pages, none of a file.
        Rule::when(
            libc::SYS_mmap,
            vec![vec![flags(
                3,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE | libc::MAP_NORESERVE | libc::MAP_STACK,
            )]],
        ),
        // Some advice is about memory that others have: to merge equal pages (which shows what others hold), to page
        // out, to poison. A library that gets an error goes on without.
        Rule::when(
            libc::SYS_madvise,
            vec![vec![one_of(
                2,
                &[
                    libc::MADV_DONTNEED,
                    libc::MADV_FREE,
                    libc::MADV_DONTFORK,
                    libc::MADV_DONTDUMP,
                    libc::MADV_DODUMP,
                ],
            )]],
        )
        .or_else(errno(libc::EINVAL)),
        // What is not private is found by the file that is mapped there, which all children map. Locks that pass
        // priority on look up threads by number.
        Rule::when(
            libc::SYS_futex,
            vec![vec![one_of_with_flags(1, &OWN_FUTEX_CALLS, libc::FUTEX_CLOCK_REALTIME)]],
        ),
        Rule::when(libc::SYS_clock_gettime, own_clock()),
        Rule::when(libc::SYS_clock_getres, own_clock()),
        Rule::when(libc::SYS_clock_nanosleep, own_clock()),
        // No numbers from the pool that all wait for where it is empty.
        Rule::when(
            libc::SYS_getrandom,
            vec![vec![flags(2, 0, (libc::GRND_NONBLOCK | libc::GRND_INSECURE) as c_int)]],
        ),
        Rule::when(libc::SYS_prctl, names()),
        Rule::when(libc::SYS_rt_sigaction, handlers()),
        // CPU time is limited when the run begins; a limit once set can only be lowered.
        Rule::when(libc::SYS_prlimit64, vec![vec![is(0, 0), is(1, libc::RLIMIT_CPU as c_int)]]),
        // The watch's timer, which it has by then: no moment of the clock on the wall, nor what happens when that is
        // set.
        Rule::when(libc::SYS_timerfd_settime, vec![vec![is(1, 0)]]),
    ]
}

/// What may be done with a futex: wait and wake, both private.
const OWN_FUTEX_CALLS: [c_int; 4] = [
    libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
    libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
    libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
    libc::FUTEX_WAKE_BITSET | libc::FUTEX_PRIVATE_FLAG,
];

/// What libraries try on the way to something else, in a child: the time zone's file, a terminal's size, a
/// signal to oneself in `abort`, the machine's name, memory and load, a thread's priority and processors. Refused with
/// `EPERM`.
const REFUSED: &[c_long] = &[
    libc::SYS_openat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_getcwd,
    libc::SYS_lseek,
    libc::SYS_ioctl,
    libc::SYS_tgkill,
    libc::SYS_tkill,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    // Some of its commands interrupt the processors of other processes.
    libc::SYS_membarrier,
    // These take the number of any thread, and tell whether it is there. A thread that has to wait for one of V8's locks
    // looks up its own priority; the C library remembers it from `note_priority`.
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
];

/// What the zygote does besides: it hears the server, starts V8 (in a cold fork, a child does), reaps and
/// kills, and prepares its children.
const ZYGOTE: &[c_long] = &[
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_shutdown,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_mmap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_recvmsg,
    libc::SYS_eventfd2,
    libc::SYS_timerfd_create,
    libc::SYS_sched_setscheduler,
    libc::SYS_wait4,
    libc::SYS_kill,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_close_range,
    libc::SYS_pipe2,
    libc::SYS_seccomp,
    libc::SYS_getppid,
    libc::SYS_pkey_alloc,
    libc::SYS_pkey_free,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_dup2,
];

/// What the warden does: wait, and leave.
const WARDEN: &[c_long] =
    &[libc::SYS_wait4, libc::SYS_exit_group, libc::SYS_rt_sigreturn, libc::SYS_restart_syscall];

/// Flags with which `clone` makes a thread, as C libraries set them: these must be there …
const THREAD_FLAGS: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM;
/// … and these may be. Nothing else: no namespace above all.
const THREAD_CHOICES: c_int = libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID
    | libc::CLONE_CHILD_SETTID
    | libc::CLONE_DETACHED;
/// The same for `fork`, with its low byte, the signal to the parent.
const FORK_FLAGS: c_int = libc::SIGCHLD;
const FORK_CHOICES: c_int = libc::CLONE_CHILD_CLEARTID | libc::CLONE_CHILD_SETTID;

/// The answer to calls by another table of calls.
const FOREIGN: Answer = libc::SECCOMP_RET_KILL_PROCESS;

/// The child's filter, compiled.
pub struct Filter(BpfProgram);

impl Filter {
    /// Puts it on all threads of this process, for good.
    pub fn apply(&self) -> Result<(), String> {
        apply_filter_all_threads(&self.0).map_err(|error| error.to_string())
    }
}

/// Puts on what the zygote keeps to and its children inherit. Gives what they put on themselves.
pub fn restrict_zygote() -> Result<Filter, String> {
    // Compiled first: an error leaves this process as it was.
    let zygote = compile(&zygote_rules(), errno(libc::EPERM), FOREIGN)?;
    let child = compile(&child_rules(), kill(), FOREIGN)?;
    note_priority();
    apply_filter(&zygote).map_err(|error| error.to_string())?;
    Ok(Filter(child))
}

/// Has the C library look up this thread's priority. It asks the kernel once, and forks and their threads inherit what it
/// knows.
fn note_priority() {
    let mut policy = 0;
    // SAFETY: the call fills what it is given; zeroes are a value of that.
    unsafe {
        let mut priority: libc::sched_param = std::mem::zeroed();
        libc::pthread_getschedparam(libc::pthread_self(), &raw mut policy, &raw mut priority);
    }
}

/// Puts on what the warden keeps to.
pub fn restrict_warden() -> Result<(), String> {
    let filter = compile(&always(WARDEN, ALLOW), kill(), FOREIGN)?;
    apply_filter(&filter).map_err(|error| error.to_string())
}

/// The numbers of all calls that a child may make, with some arguments at least.
pub fn allowed_calls() -> Vec<c_long> {
    child_rules().into_iter().filter(|rule| rule.answer == ALLOW).map(|rule| rule.call).collect()
}

/// What kills a process with all its threads. Kernels that don't know how (Linux before 4.14, gVisor) would end
/// the one thread and leave the others; there, it is SIGSYS, for which no child may have a handler.
fn kill() -> Answer {
    let action = libc::SECCOMP_RET_KILL_PROCESS;
    let none: c_long = 0;
    let (seccomp, question) = (libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL as c_long);
    // SAFETY: the call reads one number.
    match unsafe { libc::syscall(seccomp, question, none, &raw const action) } {
        0 => libc::SECCOMP_RET_KILL_PROCESS,
        _ => libc::SECCOMP_RET_TRAP,
    }
}

fn always(calls: &[c_long], answer: Answer) -> Vec<Rule> {
    calls.iter().map(|&call| Rule::always(call, answer)).collect()
}

fn child_rules() -> Vec<Rule> {
    let mut rules = always(CHILD, ALLOW);
    rules.extend(always(REFUSED, errno(libc::EPERM)));
    rules.extend(child_arguments());
    rules
}

fn zygote_rules() -> Vec<Rule> {
    let mut rules = always(CHILD, ALLOW);
    rules.extend(always(ZYGOTE, ALLOW));
    rules.push(Rule::always(libc::SYS_clone3, errno(libc::ENOSYS)));
    rules.push(Rule::when(libc::SYS_rt_sigaction, handlers()));
    let mut prctl = names();
    prctl.push(vec![one_of(0, &[libc::PR_SET_PDEATHSIG, libc::PR_SET_NO_NEW_PRIVS])]);
    rules.push(Rule::when(libc::SYS_prctl, prctl));
    rules.push(Rule::when(libc::SYS_prlimit64, vec![vec![is(0, 0)]]));
    rules.push(Rule::when(libc::SYS_timerfd_settime, vec![vec![is(1, 0)]]));
    let clone = [(THREAD_FLAGS, THREAD_CHOICES), (FORK_FLAGS, FORK_CHOICES)];
    let clone = clone.map(|(required, optional)| vec![flags(0, required, optional)]);
    rules.push(Rule::when(libc::SYS_clone, clone.into()));
    rules
}

/// Handlers for signals, but for the one that ends who breaks the filter.
fn handlers() -> Vec<Vec<Condition>> {
    vec![vec![is_not(0, libc::SIGSYS)]]
}

/// Names of threads and of memory. A name is all that there is to set of memory.
fn names() -> Vec<Vec<Condition>> {
    vec![vec![one_of(0, &[libc::PR_SET_NAME, libc::PR_SET_VMA])]]
}

#[cfg(test)]
mod tests {
    use super::super::filter::tests::{Call, run};
    use super::*;

    /// The table of calls that a program takes for the machine's own.
    fn table(program: &BpfProgram) -> u32 {
        program[1].k
    }

    #[test]
    fn filters_are_short_and_quick() {
        for (name, rules) in [("child", child_rules()), ("zygote", zygote_rules())] {
            let program = compile(&rules, kill(), FOREIGN).unwrap();
            let steps = |number| {
                let call = Call { number, arguments: [0; 6] };
                run(&program, table(&program), &call).1
            };
            let most = (0..600).map(steps).max().unwrap();
            println!(
                "{name}: {} calls, {} instructions, at most {most} for one call",
                rules.len(),
                program.len()
            );
            assert!(program.len() < 130, "{name}: {}", program.len());
            assert!(most < 30, "{name}: {most}");
        }
    }

    #[test]
    fn listed_calls_are_answered_whatever_their_arguments() {
        let program = compile(&child_rules(), kill(), FOREIGN).unwrap();
        for (calls, answer) in [(CHILD, ALLOW), (REFUSED, errno(libc::EPERM))] {
            for &call in calls {
                for argument in [0, 1, u64::MAX] {
                    let call = Call { number: u32::try_from(call).unwrap(), arguments: [argument; 6] };
                    assert_eq!(run(&program, table(&program), &call).0, answer, "{call:?}");
                }
            }
        }
        let rules = child_rules();
        for number in (0..2_000).chain([0x4000_0000, 0x4000_0001, u32::MAX - 31, u32::MAX]) {
            if !rules.iter().any(|rule| rule.call == c_long::from(number)) {
                let call = Call { number, arguments: [0; 6] };
                assert_eq!(run(&program, table(&program), &call).0, kill(), "{number}");
                assert_eq!(run(&program, table(&program) ^ 1, &call).0, FOREIGN, "{number}");
            }
        }
    }

    #[test]
    fn children_may_do_no_more_than_zygotes() {
        let zygote = zygote_rules();
        for call in allowed_calls() {
            assert!(zygote.iter().any(|rule| rule.call == call && rule.answer == ALLOW), "{call}");
        }
    }
}
