//! The circumstances, and what has to come of each.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use nix::sys::resource::Resource;
use nix::unistd::Uid;

use super::launcher::{Group, Launch, Refused, can_mount};
use crate::support::{PATIENCE, TestApp};

/// One circumstance.
pub(super) struct Case {
    /// What it is called in the table.
    pub(super) name: &'static str,
    /// Arranges it. The error says why this machine can't.
    pub(super) launch: fn(Launch) -> Result<Launch, String>,
    /// What has to come of it.
    pub(super) expected: Expected,
    /// What happens while the server runs, before more programs do.
    pub(super) during: Option<fn(&TestApp)>,
}

/// What has to come of a case.
pub(super) enum Expected {
    /// It serves.
    Serves(Serves),
    /// It ends with a sentence that has all these parts.
    Says(&'static [&'static str]),
}

/// How a server serves.
pub(super) struct Serves {
    /// What `/healthz` says that it goes without: layers, or parts of notes.
    pub(super) without: &'static [&'static str],
    /// What its log has to say.
    pub(super) log: &'static [&'static str],
}

fn serves(name: &'static str, launch: fn(Launch) -> Result<Launch, String>) -> Case {
    let expected = Expected::Serves(Serves { without: &[], log: &[] });
    Case { name, launch, expected, during: None }
}

fn says(
    name: &'static str,
    launch: fn(Launch) -> Result<Launch, String>,
    parts: &'static [&'static str],
) -> Case {
    Case { name, launch, expected: Expected::Says(parts), during: None }
}

impl Case {
    /// It has to say that it goes without these.
    fn without(mut self, what: &'static [&'static str]) -> Self {
        if let Expected::Serves(serves) = &mut self.expected {
            serves.without = what;
        }
        self
    }

    /// Its log has to say these.
    fn logs(mut self, what: &'static [&'static str]) -> Self {
        if let Expected::Serves(serves) = &mut self.expected {
            serves.log = what;
        }
        self
    }

    fn during(mut self, what: fn(&TestApp)) -> Self {
        self.during = Some(what);
        self
    }
}

fn root() -> Result<(), String> {
    if Uid::effective().is_root() { Ok(()) } else { Err("needs root".to_owned()) }
}

fn mounts() -> Result<(), String> {
    root().and_then(|()| can_mount())
}

/// Whether the processor says that it can do something.
fn processor_has(flag: &str) -> bool {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines().any(|line| line.starts_with("flags") && line.split_whitespace().any(|it| it == flag))
}

/// More clients at once than a server with low limits has room for. Each is answered: its run is done, or it is told in
/// words that there is no room.
fn crowd(app: &TestApp) {
    const CLIENTS: usize = 24;
    const REQUESTS: usize = 3;
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(app.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = r#"{"source":"let sum = 0; for (let i = 0; i < 1e5; i++) sum += i; sum"}"#;
        write!(
            stream,
            "POST /api/v1/run HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            app.address,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..REQUESTS {
                    let answer = ask().expect("an answer");
                    if answer.starts_with("HTTP/1.1 200 ") {
                        assert!(answer.contains(r#""outcome":"completed""#), "{answer}");
                        done.fetch_add(1, Relaxed);
                    } else {
                        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
                        assert!(answer.contains("connections open"), "{answer}");
                    }
                }
            });
        }
    });
    assert!(done.into_inner() > 0, "nobody's run was done");
}

/// Advice on memory of newer kernels (`linux/mman.h`).
const MADV_POPULATE_READ: i32 = 22;
const MADV_POPULATE_WRITE: i32 = 23;
const MADV_COLLAPSE: i32 = 25;

/// System calls that kernels learned one by one, from Linux 4.15 to 6.1.
const LANDLOCK: [i64; 3] =
    [libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self];
const PIDFD: [i64; 3] = [libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal, libc::SYS_pidfd_getfd];
const OTHERS: [i64; 10] = [
    libc::SYS_close_range,
    libc::SYS_clone3,
    libc::SYS_memfd_create,
    libc::SYS_statx,
    libc::SYS_openat2,
    libc::SYS_faccessat2,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_epoll_pwait2,
    libc::SYS_copy_file_range,
];

/// As a kernel of some years ago.
fn old_kernel(launch: Launch) -> Launch {
    let advice = [MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLLAPSE];
    launch
        .refuse(libc::ENOSYS, Refused::always(&[&LANDLOCK[..], &PIDFD, &OTHERS].concat()))
        .refuse(libc::EINVAL, [Refused::when(libc::SYS_madvise, 2, &advice)])
}

/// The namespaces that `unshare` and `clone` can make.
const CLONE_NEW: u64 = 0x7e02_0000;

/// The capabilities that Docker leaves a container's root, by their numbers in `linux/capability.h`.
const IN_DOCKER: [u64; 14] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31];

/// What Docker's default profile refuses a container without further capabilities, as its documentation lists it.
const NOT_IN_DOCKER: [i64; 50] = [
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_fanotify_init,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_get_mempolicy,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mbind,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_set_mempolicy,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_uselib,
    libc::SYS_userfaultfd,
    libc::SYS_ustat,
    libc::SYS_vhangup,
];

fn in_docker(launch: Launch) -> Launch {
    let new = Refused::with_bits(libc::SYS_clone, 0, CLONE_NEW);
    launch
        .refuse(libc::EPERM, Refused::always(&NOT_IN_DOCKER).chain([new]))
        .refuse(libc::ENOSYS, Refused::always(&[libc::SYS_clone3]))
}

/// Every layer that takes a namespace.
const NAMESPACES: &[&str] = &[
    "user_namespace",
    "pid_namespace",
    "network_namespace",
    "ipc_namespace",
    "uts_namespace",
    "cgroup_namespace",
    "mount_namespace",
];

/// All cases, in the order of the table.
pub(super) fn all() -> Vec<Case> {
    vec![
        if processor_has("ospke") {
            serves("as it is; the processor has protection keys", Ok)
        } else {
            serves("as it is; the processor has no protection keys", Ok)
        },
        serves("not root", |launch| root().map(|()| launch.unprivileged())),
        serves("root without capabilities", |launch| root().map(|()| launch.capabilities(&[])))
            .without(&["user"]),
        serves("Docker's default profile", |launch| {
            root().map(|()| in_docker(launch.capabilities(&IN_DOCKER)))
        })
        .without(NAMESPACES),
        serves("Docker's default profile, not root", |launch| {
            root().map(|()| in_docker(launch.unprivileged()))
        })
        .without(NAMESPACES)
        .logs(&["pid_namespace"]),
        serves("no page map (a program that its user may not read)", |launch| {
            root().map(|()| launch.unreadable_file().unprivileged())
        }),
        serves("/proc with hidepid, not root", |launch| {
            mounts().map(|()| launch.hiding_processes().unprivileged())
        }),
        serves("no transparent huge pages", |launch| Ok(launch.without_huge_pages())),
        serves("MADV_POPULATE_READ and _WRITE: EINVAL", |launch| {
            let advice = [MADV_POPULATE_READ, MADV_POPULATE_WRITE];
            Ok(launch.refuse(libc::EINVAL, [Refused::when(libc::SYS_madvise, 2, &advice)]))
        }),
        serves("MADV_POPULATE_READ and _WRITE: ENOSYS", |launch| {
            let advice = [MADV_POPULATE_READ, MADV_POPULATE_WRITE];
            Ok(launch.refuse(libc::ENOSYS, [Refused::when(libc::SYS_madvise, 2, &advice)]))
        }),
        serves("MADV_COLLAPSE: EINVAL", |launch| {
            Ok(launch.refuse(libc::EINVAL, [Refused::when(libc::SYS_madvise, 2, &[MADV_COLLAPSE])]))
        }),
        serves("MADV_DOFORK: EINVAL", |launch| {
            Ok(launch.refuse(libc::EINVAL, [Refused::when(libc::SYS_madvise, 2, &[libc::MADV_DOFORK])]))
        })
        .without(&["warm forks"]),
        serves("landlock: ENOSYS", |launch| Ok(launch.refuse(libc::ENOSYS, Refused::always(&LANDLOCK))))
            .without(&["landlock_files", "landlock_network", "landlock_scopes"])
            .logs(&["landlock_files"]),
        serves("landlock: EOPNOTSUPP (disabled)", |launch| {
            Ok(launch.refuse(libc::EOPNOTSUPP, Refused::always(&LANDLOCK)))
        })
        .without(&["landlock_files", "landlock_network", "landlock_scopes"]),
        serves("close_range: ENOSYS", |launch| {
            Ok(launch.refuse(libc::ENOSYS, Refused::always(&[libc::SYS_close_range])))
        }),
        serves("pidfd_*: ENOSYS", |launch| Ok(launch.refuse(libc::ENOSYS, Refused::always(&PIDFD)))),
        serves("clone3: ENOSYS", |launch| {
            Ok(launch.refuse(libc::ENOSYS, Refused::always(&[libc::SYS_clone3])))
        }),
        says(
            "clone3: EPERM (an old Docker)",
            |launch| Ok(launch.refuse(libc::EPERM, Refused::always(&[libc::SYS_clone3]))),
            &["can't start a thread", "clone3", "seccomp"],
        ),
        serves("memfd_create: ENOSYS", |launch| {
            Ok(launch.refuse(libc::ENOSYS, Refused::always(&[libc::SYS_memfd_create])))
        }),
        serves("seccomp: EINVAL (a kernel without it)", |launch| {
            let install = Refused::when(libc::SYS_prctl, 0, &[libc::PR_SET_SECCOMP]);
            let calls = Refused::always(&[libc::SYS_seccomp]).chain([install]);
            Ok(launch.refuse(libc::EINVAL, calls))
        })
        .without(&["seccomp"]),
        serves("an old kernel: none of the calls since Linux 4.15", |launch| Ok(old_kernel(launch)))
            .without(&["landlock_files"]),
        serves("an old kernel, not root", |launch| root().map(|()| old_kernel(launch.unprivileged())))
            .without(&["landlock_files"]),
        serves("no /proc", |launch| mounts().map(|()| launch.without_folder(c"/proc"))).without(&[
            "memory_limits",
            "oom_score",
            "warm forks",
        ]),
        serves("no /proc, not root", |launch| {
            mounts().map(|()| launch.without_folder(c"/proc").unprivileged())
        })
        .without(&["memory_limits"]),
        serves("no /dev", |launch| mounts().map(|()| launch.without_folder(c"/dev"))),
        serves("read-only root, data in memory", |launch| mounts().map(|()| launch.read_only(true))),
        says(
            "read-only root, data too",
            |launch| mounts().map(|()| launch.read_only(false)),
            &["can't make the folder var", "server.data_dir", "Read-only file system"],
        ),
        serves("a data folder of another user", |launch| {
            root()?;
            std::fs::create_dir(launch.folder.path().join("var")).map_err(|error| error.to_string())?;
            Ok(launch.unprivileged())
        })
        .without(&["nothing can be shared"])
        .logs(&["nothing can be shared"]),
        says(
            "RLIMIT_AS 4 GiB",
            |launch| Ok(launch.limit(Resource::RLIMIT_AS, 4 << 30)),
            &["4096 MiB of address space", "RLIMIT_AS", "ulimit -v"],
        ),
        says(
            "RLIMIT_AS 4 GiB, cold forks",
            |launch| Ok(launch.limit(Resource::RLIMIT_AS, 4 << 30).flag("--fork=cold")),
            &["4096 MiB of address space"],
        ),
        serves("RLIMIT_AS as much as V8 needs", |launch| {
            Ok(launch.limit(Resource::RLIMIT_AS, (49 << 30) + (256 << 20)))
        }),
        serves("RLIMIT_NOFILE 64", |launch| {
            Ok(launch.limit(Resource::RLIMIT_NOFILE, 64).flag("--workers=2"))
        })
        .without(&["may open 64 files"])
        .logs(&["ulimit -n"])
        .during(crowd),
        says(
            "RLIMIT_NOFILE 32",
            |launch| Ok(launch.limit(Resource::RLIMIT_NOFILE, 32).flag("--workers=2")),
            &["may open 32 files", "ulimit -n"],
        ),
        serves("RLIMIT_NPROC 32, not root", |launch| {
            root().map(|()| launch.limit(Resource::RLIMIT_NPROC, 32).unprivileged().flag("--workers=2"))
        })
        .without(&["more processes and threads"])
        .logs(&["ulimit -u"])
        .during(crowd),
        says(
            "RLIMIT_NPROC 8, not root",
            |launch| {
                root().map(|()| launch.limit(Resource::RLIMIT_NPROC, 8).unprivileged().flag("--workers=2"))
            },
            &["more processes and threads", "ulimit -u"],
        ),
        serves("a control group of 32 processes", |launch| {
            root()?;
            let group = Group::new("pids", &[("pids.max", "32")])?;
            Ok(launch.group(group).flag("--workers=2"))
        })
        .without(&["more processes and threads"])
        .during(crowd),
        serves("a control group of 512 MiB", |launch| {
            root()?;
            let bytes = (512_u64 << 20).to_string();
            let files = [("memory.max", bytes.as_str()), ("memory.limit_in_bytes", bytes.as_str())];
            Ok(launch.group(Group::new("memory", &files)?))
        }),
        serves("one processor", |launch| Ok(launch.one_processor())),
        serves("standard error is a full disk", |launch| {
            let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
            Ok(launch.log_to(full.map_err(|error| error.to_string())?))
        }),
        serves("nobody reads standard error", |launch| {
            let (_, unread) = std::io::pipe().map_err(|error| error.to_string())?;
            Ok(launch.log_to(unread))
        }),
        serves("RLIMIT_FSIZE 0", |launch| Ok(launch.limit(Resource::RLIMIT_FSIZE, 0))),
        says(
            "RLIMIT_DATA 100 MiB",
            |launch| Ok(launch.limit(Resource::RLIMIT_DATA, 100 << 20)),
            &["RLIMIT_DATA", "100 MiB", "ulimit -d"],
        ),
        serves("RLIMIT_STACK unlimited", |launch| {
            Ok(launch.limit(Resource::RLIMIT_STACK, nix::sys::resource::RLIM_INFINITY))
        }),
        serves("standard streams closed", |launch| Ok(launch.without_standard_streams())),
        serves("its file is deleted while it runs", |launch| Ok(launch.own_file().flag("--zygote-forks=4")))
            .during(|app| std::fs::remove_file(app.file("mayfly")).expect("it is there")),
        serves("its file is deleted before it starts", |launch| {
            Ok(launch.deleted_file().flag("--zygote-forks=4"))
        })
        .during(|_| ()),
        serves("memory laid out from below (ADDR_COMPAT_LAYOUT)", |launch| Ok(launch.old_layout())),
        // Where the processor has it and its kernel uses it, addresses above 47 bits are given to who asks for them: then
        // every case is this one.
        serves("five-level paging", |launch| {
            processor_has("la57").then_some(launch).ok_or_else(|| {
                "the processor has no la57, and nothing else gives addresses above 47 bits".to_owned()
            })
        }),
    ]
}
