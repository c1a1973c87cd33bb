//! Who a runner is to the kernel: nobody, with no rights, and no way to get any.

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, getuid, setgroups, setresgid, setresuid};

use super::{Layers, failed};

/// The user and group `nobody`, on Linux as in namespaces without a map.
const NOBODY: u32 = 65_534;

/// `SECBIT_NOROOT`, `SECBIT_NO_SETUID_FIXUP` and `SECBIT_NO_CAP_AMBIENT_RAISE`, each with its lock, and the lock
/// of `SECBIT_KEEP_CAPS`: user 0 is nobody special, for good.
const SECUREBITS: libc::c_ulong = 0b1110_1111;

/// Gives up the user and the way back to it. For a process with one thread. Capabilities stay, for the moment,
/// in a new namespace of users.
pub fn leave_user(layers: &mut Layers) {
    umask(Mode::from_bits_truncate(0o777));
    close_the_way_back();
    layers.note("user", become_nobody());
    if !layers.has("user_namespace") {
        // A privileged server leaves the other namespaces by its privilege, and this one here, as nobody. The
        // new namespace's capabilities are dropped with all others.
        let result = unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| failed("unshare", error));
        if layers.note("user_namespace", result) {
            close_the_way_back();
        }
    }
}

/// Gives up every capability and whatever could bring one back.
pub fn drop_all(layers: &mut Layers) {
    layers.note("capabilities", drop_capabilities());
    layers.note("no_new_privileges", prctl::set_no_new_privs().map_err(|error| failed("prctl", error)));
    layers.note("not_dumpable", prctl::set_dumpable(false).map_err(|error| failed("prctl", error)));
}

/// What is dropped here can't be had back by executing a file or changing the user. Only who has a capability
/// may drop these; for who has none `no_new_privileges` does the same.
fn close_the_way_back() {
    for capability in 0.. {
        // SAFETY: the call takes numbers only.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0 {
            break;
        }
    }
    // SAFETY: as above.
    unsafe { libc::prctl(libc::PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) };
}

fn become_nobody() -> Result<(), String> {
    if !getuid().is_root() {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[]).map_err(|error| failed("setgroups", error))?;
    setresgid(group, group, group).map_err(|error| failed("setresgid", error))?;
    setresuid(user, user, user).map_err(|error| failed("setresuid", error))
}

/// `struct __user_cap_header_struct` of `linux/capability.h`.
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: libc::c_int,
}

/// `struct __user_cap_data_struct`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapabilityData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`: two sets of 32.
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// Empties the sets of effective, permitted, inheritable and with them of ambient capabilities.
fn drop_capabilities() -> Result<(), String> {
    let header = CapabilityHeader { version: CAPABILITY_VERSION, pid: 0 };
    let none = [CapabilityData::default(); 2];
    // SAFETY: capset reads a header and, at this version, two records.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    Errno::result(result).map(drop).map_err(|error| failed("capset", error))
}
