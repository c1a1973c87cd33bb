//! Namespaces: a runner sees no process, no network, no mount of the machine.

use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, chdir, chroot, getuid, pivot_root};

use super::{Layers, close_from, failed, syscalls};

/// Where the empty root is mounted for a moment: the first that is there.
const MOUNT_POINTS: [&str; 3] = ["/proc", "/tmp", "/dev"];

/// Leaves the server's namespaces. A new namespace of processes holds only what is forked from here on, so
/// the zygote becomes the first process in there, by a fork, and this process a [`warden`].
pub fn leave(layers: &mut Layers) -> Result<(), String> {
    let mut leave = |layer, flag, kind| {
        let known = if is_known(kind) { Ok(()) } else { Err("this kernel has none".to_owned()) };
        let result = known.and_then(|()| unshare(flag).map_err(|error| failed("unshare", error)));
        layers.note(layer, result)
    };
    // Who has no privileges gets them in a namespace of users, for what is in it. Who has some does that last.
    if !getuid().is_root() {
        leave("user_namespace", CloneFlags::CLONE_NEWUSER, None);
    }
    leave("mount_namespace", CloneFlags::CLONE_NEWNS, Some("mnt"));
    leave("network_namespace", CloneFlags::CLONE_NEWNET, None);
    leave("ipc_namespace", CloneFlags::CLONE_NEWIPC, None);
    leave("uts_namespace", CloneFlags::CLONE_NEWUTS, None);
    leave("cgroup_namespace", CloneFlags::CLONE_NEWCGROUP, Some("cgroup"));
    if leave("pid_namespace", CloneFlags::CLONE_NEWPID, None) {
        // SAFETY: this process has one thread.
        match unsafe { libc::fork() } {
            0 => die_with_the_warden(),
            -1 => return Err(failed("the first process of a namespace can't be forked", Errno::last())),
            zygote => warden(Pid::from_raw(zygote)),
        }
    }
    Ok(())
}

/// Whether the kernel has namespaces of a kind: gVisor takes calls for two that it does not have, and does
/// nothing. Every kernel shows those two where it shows any, and one that shows none is taken at its word.
fn is_known(kind: Option<&str>) -> bool {
    let shown = Path::new("/proc/self/ns");
    kind.is_none_or(|kind| shown.symlink_metadata().is_err() || shown.join(kind).symlink_metadata().is_ok())
}

/// Asks for SIGKILL at the warden's end. A change of credentials forgets this.
pub fn die_with_the_warden() {
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
}

/// Waits for the zygote and ends as it did: the server knows this process only. When this process is killed,
/// the kernel kills the zygote, and with the first process of their namespace all children.
fn warden(zygote: Pid) -> ! {
    // SAFETY: nothing here uses a descriptor any more. The control socket, above all, has to close when the
    // zygote is gone.
    unsafe { close_from(0) };
    let _ = prctl::set_no_new_privs();
    let _ = syscalls::restrict_warden();
    let mut status = 0;
    // SAFETY: waits for the child just made.
    while unsafe { libc::waitpid(zygote.as_raw(), &raw mut status, 0) } == -1 && Errno::last() == Errno::EINTR
    {
    }
    let status =
        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) };
    // SAFETY: ends the process.
    unsafe { libc::_exit(status) }
}

/// Changes the root for an empty folder that can't be written to, and lets go of the old one.
pub fn empty_root(layers: &mut Layers) {
    if layers.has("mount_namespace") {
        layers.note("empty_root", change_root());
    }
}

/// Where nothing can be mounted without the server's seeing it: makes the root a folder of a process that is
/// gone. Nothing is in there, nothing can be made in there, and only who has capabilities could leave it. After
/// the user namespace is made, since none is for who has changed the root in this way.
pub fn root_of_nothing(layers: &mut Layers) {
    layers.note("empty_root", leave_root());
}

fn leave_root() -> Result<(), String> {
    const FOLDER: &str = "/proc/self/fdinfo";
    let flags = libc::c_long::from(CloneFlags::CLONE_FS.bits() | libc::SIGCHLD);
    let none: libc::c_long = 0;
    // SAFETY: this process has one thread, and the new process, which has its root in common with this one, makes
    // three system calls.
    match unsafe { libc::syscall(libc::SYS_clone, flags, none, none, none, none) } {
        0 => {
            let error = chroot(FOLDER).and_then(|()| chdir("/")).err();
            // SAFETY: ends the process.
            unsafe { libc::_exit(error.map_or(0, |error| error as libc::c_int)) }
        }
        -1 => Err(failed("clone", Errno::last())),
        process => {
            let mut status = 0;
            // SAFETY: waits for the process just made.
            let waited = unsafe { libc::waitpid(process as libc::pid_t, &raw mut status, 0) };
            if waited == -1 || !libc::WIFEXITED(status) {
                return Err("the process that was to change the root was killed".into());
            }
            match libc::WEXITSTATUS(status) {
                0 => Ok(()),
                error => Err(failed("no mount namespace, and chroot", Errno::from_raw(error))),
            }
        }
    }
}

fn change_root() -> Result<(), String> {
    let none = None::<&str>;
    // So that nothing done here shows in the server's namespace.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .map_err(|error| failed("private mounts", error))?;
    let point = MOUNT_POINTS.into_iter().find(|point| Path::new(point).is_dir());
    let point = point.ok_or("there is no folder to mount the empty one on")?;
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("none"), point, Some("tmpfs"), flags, Some("size=4k,nr_inodes=1,mode=555"))
        .map_err(|error| failed("mount", error))?;
    chdir(point).map_err(|error| failed("chdir", error))?;
    // The old root is mounted over the new one for a moment, so no folder is needed for it.
    pivot_root(".", ".").map_err(|error| failed("pivot_root", error))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(|error| failed("umount", error))?;
    chdir("/").map_err(|error| failed("chdir", error))
}
