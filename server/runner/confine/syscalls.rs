//! The filters of system calls. Three programs, all compiled by the zygote:
//!
//! - *Absent*: `clone3` does not exist. Its flags are in memory, where no filter can see them; libraries that
//!   know it fall back on `clone`.
//! - The *zygote's*, inherited by its children: what V8, a fork and the zygote's own work need. Anything else
//!   is refused with `EPERM`: the zygote runs no visitor's code, and a library's surprise is no reason to die.
//! - The *child's*, put on by each child before it is ready: what a warm V8 and three threads need, no more.
//!   Anything else kills the process. Of two filters the stricter answer counts, so a call that both lists
//!   hold is allowed, and one that only the child's holds is refused with `EPERM`: those in [`REFUSED`], which
//!   libraries try and do without.
//!
//! A filter lists calls by the machine's own table. Calls by another (i386, x32) are killed or have numbers
//! that no list holds.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, apply_filter_all_threads, sock_filter,
};

/// What a child's own threads do while a program runs.
const CHILD: &[c_long] = &[
    // Its socket.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_shutdown,
    libc::SYS_ppoll,
    libc::SYS_close,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_pkey_mprotect,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // Threads that wait for each other, come up and end.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    // A thread that has to wait for one of V8's locks looks up its own priority first.
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals, of which a child gets its own faults only.
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time, chance, and what it used.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    // Who and where it is.
    libc::SYS_getpid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getcpu,
    libc::SYS_uname,
    libc::SYS_sysinfo,
];

/// What libraries try on the way to something else, in a child: the time zone's file, a terminal's size, a
/// signal to oneself in `abort`. Refused with `EPERM`.
const REFUSED: &[c_long] = &[
    libc::SYS_openat,
    libc::SYS_openat2,
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
    libc::SYS_clone3,
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
    // Listed without `clone3`, which is absent: this filter has to let it through to say so.
    libc::SYS_clone3,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_dup2,
];

/// What the warden does: wait, and leave.
const WARDEN: &[c_long] =
    &[libc::SYS_wait4, libc::SYS_exit_group, libc::SYS_rt_sigreturn, libc::SYS_restart_syscall];

/// Flags with which `clone` makes a thread, as C libraries set them: these must be there …
const THREAD_FLAGS: c_long = (libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM) as c_long;
/// … and these may be. Nothing else: no namespace above all.
const THREAD_CHOICES: c_long = (libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID
    | libc::CLONE_CHILD_SETTID
    | libc::CLONE_DETACHED) as c_long;
/// The same for `fork`, with its low byte, the signal to the parent.
const FORK_FLAGS: c_long = libc::SIGCHLD as c_long;
const FORK_CHOICES: c_long = (libc::CLONE_CHILD_CLEARTID | libc::CLONE_CHILD_SETTID) as c_long;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

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
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let absent = compile(absent, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    let zygote = compile(zygote_rules()?, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)?;
    let child = compile(child_rules()?, kill(), SeccompAction::Allow)?;
    for filter in [&absent, &zygote] {
        apply_filter(filter).map_err(|error| error.to_string())?;
    }
    Ok(Filter(child))
}

/// Puts on what the warden keeps to.
pub fn restrict_warden() -> Result<(), String> {
    let filter = compile(listed(WARDEN), kill(), SeccompAction::Allow)?;
    apply_filter(&filter).map_err(|error| error.to_string())
}

/// What kills a process with all its threads. Kernels that don't know how (Linux before 4.14, gVisor) would end
/// the one thread and leave the others; there, it is SIGSYS, for which no child may have a handler.
fn kill() -> SeccompAction {
    let action = libc::SECCOMP_RET_KILL_PROCESS;
    let none: c_long = 0;
    let (seccomp, question) = (libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL as c_long);
    // SAFETY: the call reads one number.
    match unsafe { libc::syscall(seccomp, question, none, &raw const action) } {
        0 => SeccompAction::KillProcess,
        _ => SeccompAction::Trap,
    }
}

/// Compiles a filter. seccompiler takes four instructions to ask for a call, and the kernel translates them all anew for
/// every child: that was a twelfth of what a run costs. So calls that are listed whatever their arguments are asked for
/// with one instruction each, and it has the others, and the look at the machine's table.
fn compile(rules: Rules, otherwise: SeccompAction, listed: SeccompAction) -> Result<BpfProgram, String> {
    /// What seccompiler begins with: the table is loaded and compared, and another is killed.
    const LOOK_AT_TABLE: usize = 3;
    let machine = TargetArch::try_from(ARCH).map_err(|error| error.to_string())?;
    let (whole, conditional): (Rules, Rules) = rules.into_iter().partition(|(_, chain)| chain.is_empty());
    let answer = u32::from(listed.clone());
    let rest =
        SeccompFilter::new(conditional, otherwise, listed, machine).map_err(|error| error.to_string())?;
    let mut program = BpfProgram::try_from(rest).map_err(|error| error.to_string())?;
    let asked = ask_for(whole.keys().copied(), answer)?;
    program.splice(LOOK_AT_TABLE..LOOK_AT_TABLE, asked);
    Ok(program)
}

/// Instructions that give `answer` for these calls and go on behind for others.
fn ask_for(calls: impl ExactSizeIterator<Item = c_long>, answer: u32) -> Result<BpfProgram, String> {
    let statement = |code: u32, k: u32| sock_filter { code: code as u16, jt: 0, jf: 0, k };
    // The number of the call.
    let mut program = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0)];
    // A jump goes over 255 instructions at most: those for the calls that are left, and the one that goes on.
    let count = u8::try_from(calls.len()).map_err(|_| "too many system calls for one filter")?;
    for (left, call) in (0..count).rev().zip(calls) {
        let k = u32::try_from(call).map_err(|_| format!("{call} is no system call"))?;
        let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        program.push(sock_filter { code, jt: left + 1, jf: 0, k });
    }
    program.push(statement(libc::BPF_JMP | libc::BPF_JA, 1));
    program.push(statement(libc::BPF_RET | libc::BPF_K, answer));
    Ok(program)
}

fn listed(calls: &[c_long]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

fn child_rules() -> Result<Rules, String> {
    let mut rules = listed(CHILD);
    rules.extend(listed(REFUSED));
    rules.insert(libc::SYS_prctl, names()?);
    rules.insert(libc::SYS_rt_sigaction, handlers()?);
    // CPU time is limited when the run begins; a limit once set can only be lowered.
    rules.insert(libc::SYS_prlimit64, vec![rule(vec![is(0, 0)?, is(1, u64::from(libc::RLIMIT_CPU))?])?]);
    // The watch's timer, which it has by then: no moment of the clock on the wall, nor what happens when that is set.
    rules.insert(libc::SYS_timerfd_settime, vec![rule(vec![is(1, 0)?])?]);
    Ok(rules)
}

fn zygote_rules() -> Result<Rules, String> {
    let mut rules = listed(CHILD);
    rules.extend(listed(ZYGOTE));
    rules.insert(libc::SYS_rt_sigaction, handlers()?);
    let mut prctl = names()?;
    for what in [libc::PR_SET_PDEATHSIG, libc::PR_SET_NO_NEW_PRIVS] {
        prctl.push(rule(vec![is(0, what as u64)?])?);
    }
    rules.insert(libc::SYS_prctl, prctl);
    rules.insert(libc::SYS_prlimit64, vec![rule(vec![is(0, 0)?])?]);
    rules.insert(libc::SYS_timerfd_settime, vec![rule(vec![is(1, 0)?])?]);
    rules.insert(
        libc::SYS_clone,
        vec![
            rule(vec![masked(0, !THREAD_CHOICES, THREAD_FLAGS)?])?,
            rule(vec![masked(0, !FORK_CHOICES, FORK_FLAGS)?])?,
        ],
    );
    Ok(rules)
}

/// Handlers for signals, but for the one that ends who breaks the filter.
fn handlers() -> Result<Vec<SeccompRule>, String> {
    let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, libc::SIGSYS as u64);
    Ok(vec![rule(vec![other.map_err(|error| error.to_string())?])?])
}

/// Names of threads and of memory.
fn names() -> Result<Vec<SeccompRule>, String> {
    let what = [libc::PR_SET_NAME, libc::PR_SET_VMA];
    what.into_iter().map(|what| rule(vec![is(0, what as u64)?])).collect()
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, String> {
    SeccompRule::new(conditions).map_err(|error| error.to_string())
}

/// That an argument is this value.
fn is(argument: u8, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
        .map_err(|error| error.to_string())
}

/// That those bits of an argument that are in `mask` are those of `value`.
fn masked(argument: u8, mask: c_long, value: c_long) -> Result<SeccompCondition, String> {
    SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(mask as u64),
        value as u64,
    )
    .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_compiles_for_this_machine() {
        for rules in [child_rules(), zygote_rules()] {
            let program = compile(rules.unwrap(), SeccompAction::KillProcess, SeccompAction::Allow).unwrap();
            // The kernel takes 4,096 instructions.
            assert!((10..1_000).contains(&program.len()), "{}", program.len());
        }
    }

    /// What a program answers to a call without arguments, as the kernel would run it.
    fn run(program: &BpfProgram, table: u32, number: u32) -> u32 {
        let (mut a, mut at) = (0_u32, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at].clone();
            at += 1;
            let code = u32::from(code);
            match (code & 7, code & 0xf8) {
                (libc::BPF_LD, kind) if kind == libc::BPF_ABS => a = if k == 0 { number } else { table },
                (libc::BPF_JMP, kind) if kind == libc::BPF_JA => at += k as usize,
                (libc::BPF_JMP, kind) if kind == libc::BPF_JEQ => {
                    at += usize::from(if a == k { jt } else { jf });
                }
                (libc::BPF_RET, _) => return k,
                other => panic!("an instruction that no filter has: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_what_is_listed() {
        const LISTED: &[c_long] = &[0, 1, 31, 32, 63, 95, 96, 300, 435, 511];
        let listed = |calls: &[c_long]| {
            let program =
                compile(super::listed(calls), SeccompAction::KillProcess, SeccompAction::Allow).unwrap();
            let table = program[1].k;
            (program, table)
        };
        for calls in [LISTED, CHILD, &[]] {
            let (program, table) = listed(calls);
            for number in (0..2_000).chain([0x4000_0000, 0x4000_0001, u32::MAX - 31, u32::MAX]) {
                let answer = if calls.contains(&c_long::from(number)) {
                    SeccompAction::Allow
                } else {
                    SeccompAction::KillProcess
                };
                assert_eq!(run(&program, table, number), u32::from(answer), "{number}");
                assert_eq!(
                    run(&program, table ^ 1, number),
                    u32::from(SeccompAction::KillProcess),
                    "{number}"
                );
            }
        }
        let (program, _) = listed(CHILD);
        assert!(program.len() < 100, "{}", program.len());
    }

    #[test]
    fn a_call_is_in_one_list() {
        let zygote = zygote_rules().unwrap();
        for call in REFUSED {
            assert!(!CHILD.contains(call), "{call}");
            assert!(*call == libc::SYS_clone3 || !zygote.contains_key(call), "{call}");
        }
    }
}
