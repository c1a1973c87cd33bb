//! What each allowed system call could reach beyond its process, by its arguments.
//!
//! The filter allows a call by its number, and some only with some arguments. Here is a row for every allowed call: what
//! its arguments could reach, the attacks by them, and that its proper use still works.

use std::collections::BTreeSet;

use super::{Calls, End};

/// How a call has to end.
#[derive(Clone, Copy)]
enum Ends {
    /// With its process.
    Killed,
    /// With one of these: `done` or an error's name.
    Gives(&'static [&'static str]),
}

use Ends::{Gives, Killed};

const DONE: Ends = Gives(&["done"]);
/// For calls that not every kernel has.
const DONE_OR_ABSENT: Ends = Gives(&["done", "ENOSYS", "EINVAL"]);
const REFUSED: Ends = Gives(&["EINVAL"]);

struct Row {
    call: libc::c_long,
    /// What its arguments could reach, and why what is allowed does not.
    reach: &'static str,
    attacks: &'static [(&'static str, Ends)],
    /// Its proper use. None only for what every run does at its end, or a kernel by itself.
    uses: &'static [(&'static str, Ends)],
}

const fn row(
    call: libc::c_long,
    reach: &'static str,
    attacks: &'static [(&'static str, Ends)],
    uses: &'static [(&'static str, Ends)],
) -> Row {
    Row { call, reach, attacks, uses }
}

const OPEN_FILES: &str =
    "Descriptors. A process has its socket, an eventfd, a timerfd and /dev/null, and can't get others.";
const OWN_MEMORY: &str = "Nothing: addresses are the process's own.";
const OWN_PROCESS: &str = "Nothing: it is about the caller.";
const CLOCKS: &str =
    "Clocks of other processes (negative numbers) and of devices; those that wake the machine.";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(libc::SYS_read, OPEN_FILES, &[], &[("use_read", DONE)]),
    row(libc::SYS_write, OPEN_FILES, &[], &[("use_write", DONE)]),
    row(libc::SYS_close, OPEN_FILES, &[], &[("use_close", Gives(&["EBADF"]))]),
    row(libc::SYS_ppoll, OPEN_FILES, &[], &[("use_ppoll", DONE)]),
    row(libc::SYS_sendto,
        "Flags: data out of band has its own, less tested queue in the kernel; pages sent instead of copies. An address.",
        &[("send_oob", Killed), ("send_zerocopy", Killed), ("send_more", Killed), ("send_to_address", Killed)],
        &[("use_send", DONE)]),
    row(libc::SYS_recvfrom,
        "Flags: data out of band, and a socket's queue of errors.",
        &[("receive_oob", Killed), ("receive_errors", Killed), ("receive_peek", Killed)],
        &[("use_receive", Gives(&["EAGAIN"]))]),
    row(libc::SYS_brk, OWN_MEMORY, &[], &[("use_brk", DONE)]),
    row(libc::SYS_munmap, OWN_MEMORY, &[], &[("use_munmap", DONE)]),
    row(libc::SYS_mremap, OWN_MEMORY, &[], &[("use_mremap", DONE)]),
    row(libc::SYS_mprotect, OWN_MEMORY, &[], &[("use_mprotect", DONE)]),
    row(libc::SYS_pkey_mprotect, OWN_MEMORY, &[], &[("use_pkey_mprotect", DONE_OR_ABSENT)]),
    row(libc::SYS_mmap,
        "Flags: memory that others share, the machine's pool of huge pages, memory that is never paged out, files.",
        &[("map_shared", Killed), ("map_shared_validate", Killed), ("map_huge", Killed), ("map_locked", Killed), ("map_file", Killed)],
        &[("map 4096", DONE), ("map_reserve 4096", DONE), ("use_map_fixed", DONE)]),
    row(libc::SYS_madvise,
        "Advice: to merge equal pages of all processes (how long a write takes then shows what others hold), to read or \
         drop what others use of a file, to poison memory.",
        &[("advise 3", REFUSED), ("advise 9", REFUSED), ("advise 12", REFUSED), ("advise 14", REFUSED), ("advise 20", REFUSED),
          ("advise 21", REFUSED), ("advise 22", REFUSED), ("advise 23", REFUSED), ("advise 25", REFUSED), ("advise 100", REFUSED),
          ("advise 101", REFUSED)],
        &[("advise 4", DONE), ("advise 8", DONE_OR_ABSENT), ("advise 10", DONE)]),
    row(libc::SYS_futex,
        "Operations: one that is not private is found by the file that is mapped there, which is the same in all \
         processes; locks that pass priority on look up any thread by its number.",
        &[("futex 0", Killed), ("futex 1", Killed), ("futex 2", Killed), ("futex 3", Killed), ("futex 4", Killed), ("futex 5", Killed),
          ("futex 6", Killed), ("futex 9", Killed), ("futex 10", Killed), ("futex 134", Killed), ("futex 135", Killed),
          ("futex 136", Killed), ("futex 139", Killed), ("futex 140", Killed), ("futex 141", Killed)],
        &[("futex 128", Gives(&["EAGAIN"])), ("futex 129", DONE), ("futex 137", Gives(&["EAGAIN"])), ("futex 138", DONE)]),
    row(libc::SYS_clock_gettime, CLOCKS,
        &[("time_of_process", Killed), ("time_of_thread", Killed), ("time 8", Killed), ("time 9", Killed), ("time 11", Killed),
          ("time -29", Killed), ("time -2147483648", Killed)],
        &[("time 0", DONE), ("time 1", DONE), ("time 2", DONE), ("time 3", DONE), ("time 4", DONE), ("time 7", DONE)]),
    row(libc::SYS_clock_getres, CLOCKS,
        &[("resolution_of_process", Killed), ("resolution 9", Killed)],
        &[("resolution 1", DONE)]),
    row(libc::SYS_clock_nanosleep, CLOCKS,
        &[("sleep_by_process", Killed), ("sleep_by 9", Killed)],
        &[("sleep_by 1", DONE)]),
    row(libc::SYS_nanosleep, OWN_PROCESS, &[], &[("use_nanosleep", DONE)]),
    row(libc::SYS_gettimeofday, OWN_PROCESS, &[], &[("use_gettimeofday", DONE)]),
    row(libc::SYS_getrandom,
        "Flags: numbers from the pool that all processes wait for where it is empty.",
        &[("random 2", Killed), ("random 8", Killed)],
        &[("random 0", DONE), ("random 1", DONE)]),
    row(libc::SYS_getrusage,
        "Whose: the caller's, its thread's or its children's, and it has none.",
        &[], &[("use_getrusage", DONE)]),
    row(libc::SYS_prctl,
        "Options: more than sixty; some take other processes' numbers, some undo the confinement.",
        &[("option 1", Killed), ("option 4", Killed), ("option 22", Killed), ("option 29", Killed), ("option 31", Killed),
          ("option 35", Killed), ("option 36", Killed), ("option 62", Killed), ("option 1499557217", Killed)],
        &[("use_name", DONE), ("use_name_memory", DONE_OR_ABSENT)]),
    row(libc::SYS_prlimit64,
        "Other processes, by number; and limits other than of CPU time.",
        &[("prlimit", Killed), ("raise_files", Killed), ("raise_processes", Killed), ("raise_memory", Killed), ("raise_cpu", Gives(&["EPERM"]))],
        &[("use_prlimit", DONE)]),
    row(libc::SYS_rt_sigaction,
        "Signals: a handler for the one that ends a process that breaks the filter.",
        &[("handle_sigsys", Killed)],
        &[("use_sigaction", DONE)]),
    row(libc::SYS_timerfd_settime,
        "Flags: the clock on the wall, and when somebody sets it.",
        &[("timerfd_settime", Killed)],
        &[("use_timer", Gives(&["EINVAL"]))]),
    row(libc::SYS_sched_yield, OWN_PROCESS, &[], &[("use_yield", DONE)]),
    row(libc::SYS_gettid, OWN_PROCESS, &[], &[("use_gettid", DONE)]),
    row(libc::SYS_getpid, OWN_PROCESS, &[], &[("nothing", DONE)]),
    row(libc::SYS_getcpu, OWN_PROCESS, &[], &[("use_getcpu", DONE)]),
    row(libc::SYS_rt_sigprocmask, OWN_PROCESS, &[], &[("use_sigprocmask", DONE)]),
    row(libc::SYS_sigaltstack, OWN_PROCESS, &[], &[("use_sigaltstack", DONE)]),
    row(libc::SYS_exit, OWN_PROCESS, &[], &[]),
    row(libc::SYS_exit_group, OWN_PROCESS, &[], &[]),
    row(libc::SYS_rt_sigreturn, OWN_PROCESS, &[], &[]),
    row(libc::SYS_restart_syscall, OWN_PROCESS, &[], &[]),
];

/// Calls that can't be shown to work by making them here.
const UNUSED: [libc::c_long; 4] =
    [libc::SYS_exit, libc::SYS_exit_group, libc::SYS_rt_sigreturn, libc::SYS_restart_syscall];

#[test]
fn every_allowed_call_has_its_row() {
    let allowed: BTreeSet<_> = mayfly::runner::allowed_calls().into_iter().collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|row| row.call).collect();
    assert_eq!(rows.len(), ROWS.len(), "a call has two rows");
    assert_eq!(
        rows, allowed,
        "what could the arguments of a new call reach? Say so in a row, with its attacks"
    );
    for row in ROWS {
        assert!(row.reach.ends_with('.'), "{}: {}", row.call, row.reach);
        assert_eq!(row.uses.is_empty(), UNUSED.contains(&row.call), "{}", row.call);
    }
}

fn has_ended(end: &End, expected: Ends) -> bool {
    match (end, expected) {
        (End::Killed, Killed) => true,
        (End::Gave(result), Gives(results)) => results.contains(&result.as_str()),
        (End::Killed, Gives(_)) | (End::Gave(_), Killed) => false,
    }
}

/// The call as [`super::main_instead`] wants it: with this process's number where it says none.
fn spelled(name: &str) -> String {
    if name.contains(' ') { name.to_owned() } else { super::with_own_pid(name) }
}

#[actix_web::test]
async fn no_argument_reaches_beyond_its_process() {
    let calls = Calls::sealed().await;
    if !calls.has("seccomp") {
        return;
    }
    let mut wrong = Vec::new();
    for row in ROWS {
        for (name, expected) in row.attacks.iter().chain(row.uses) {
            let end = calls.call(&spelled(name)).await;
            if !has_ended(&end, *expected) {
                wrong.push(format!("{name}: {end:?} ({})", row.reach));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever the kernel may add: numbers that no table here names.
#[actix_web::test]
async fn no_unlisted_argument_is_allowed() {
    let calls = Calls::sealed().await;
    if !calls.has("seccomp") {
        return;
    }
    for option in 0..100 {
        let end = calls.call(&format!("option {option}")).await;
        // To name a thread, and no other.
        let expected = if option == 15 { End::Gave("done".into()) } else { End::Killed };
        assert_eq!(end, expected, "prctl option {option}");
    }
    for clock in (-40..0).chain(8..24) {
        assert_eq!(calls.call(&format!("time {clock}")).await, End::Killed, "clock {clock}");
    }
    for operation in 0..=300 {
        let is_own = matches!(operation & !256, 128 | 129 | 137 | 138);
        let end = calls.call(&format!("futex {operation}")).await;
        assert_eq!(end == End::Killed, !is_own, "futex operation {operation}: {end:?}");
    }
    for advice in (0..=30).chain([100, 101, 102]) {
        let end = calls.call(&format!("advise {advice}")).await;
        let is_own = matches!(advice, 4 | 8 | 10 | 16 | 17);
        assert!(is_own || end == End::Gave("EINVAL".into()), "advice {advice}: {end:?}");
    }
}
