//! What a runner gives up: the layers between a program that broke out of V8 and the machine. The
//! section "Confinement" of `server/README.md` says what each one stops and costs.
//!
//! What a fork inherits is put on once, by the zygote, in two steps: [`Confinement::begin`] before V8 starts,
//! what that needs a process for; [`Confinement::complete`] after it, since V8 reads `/proc` as it starts.
//! The rest is put on by each child: [`ChildConfinement::begin`] right after the fork, and
//! [`ChildConfinement::seal`] before it says that it is ready. A layer that can't be had here is noted, and
//! whoever runs the server decides (the setting `sandbox.confinement`) whether that will do.

use nix::sys::prctl;
use nix::sys::signal::Signal;

use crate::limits::Limits;
use crate::protocol::runner::{Layer, LayerState};

mod filter;
mod landlock;
mod namespaces;
mod privileges;
mod resources;
mod syscalls;

pub use resources::{Held, close_from};
pub use syscalls::allowed_calls;

/// How much of the confinement is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// All of it, as far as the system allows.
    Full,
    /// All but the filters of system calls and a child's own seal, so that tests see what the others stop.
    Unsealed,
    /// None of it: limits only.
    Off,
}

/// Every layer, in the order of the documents.
const LAYERS: &[&str] = &[
    "seccomp",
    "landlock_files",
    "landlock_network",
    "landlock_scopes",
    "user",
    "capabilities",
    "no_new_privileges",
    "not_dumpable",
    "user_namespace",
    "pid_namespace",
    "network_namespace",
    "ipc_namespace",
    "uts_namespace",
    "cgroup_namespace",
    "mount_namespace",
    "empty_root",
    "resource_limits",
    "memory_limits",
    "oom_score",
];

/// What became of each layer.
struct Layers(Vec<(&'static str, Result<(), String>)>);

impl Layers {
    fn note(&mut self, layer: &'static str, result: Result<(), String>) -> bool {
        let applied = result.is_ok();
        self.0.push((layer, result));
        applied
    }

    fn has(&self, layer: &str) -> bool {
        self.0.iter().any(|(name, result)| *name == layer && result.is_ok())
    }

    /// One entry for each of [`LAYERS`].
    fn report(&self, strength: Strength) -> Vec<Layer> {
        let state = |layer: &str| {
            let failure =
                self.0.iter().find_map(|(name, result)| (*name == layer).then(|| result.clone().err()));
            match failure {
                Some(None) => LayerState::Applied,
                Some(Some(reason)) => LayerState::Missing { reason },
                None if strength == Strength::Full => {
                    LayerState::Missing { reason: "it was not tried".into() }
                }
                None => LayerState::Off,
            }
        };
        LAYERS.iter().map(|layer| Layer { layer: (*layer).to_owned(), state: state(layer) }).collect()
    }
}

/// What failed, and how, in words.
fn failed(what: &str, error: nix::Error) -> String {
    format!("{what}: {}", error.desc())
}

/// A zygote's confinement on its way.
pub struct Confinement {
    strength: Strength,
    layers: Layers,
}

impl Confinement {
    /// Before V8 starts: leaves the namespaces of the server. Where that means a namespace of processes, the
    /// caller goes on in a child, the first process in there, and the process that called waits for it.
    ///
    /// # Errors
    /// When that child can't be forked.
    pub fn begin(strength: Strength) -> Result<Self, String> {
        let mut layers = Layers(Vec::new());
        resources::one_arena();
        if strength != Strength::Off {
            layers.note("oom_score", resources::die_first());
            namespaces::leave(&mut layers)?;
        }
        Ok(Self { strength, layers })
    }

    /// When V8 has started, and before the first fork of a child that is to run something. `tried` is what a
    /// child held that was tried out, and `process_bytes` what one may hold. Gives what children put on, and
    /// what became of each layer.
    pub fn complete(
        mut self,
        process_bytes: u64,
        tried: Result<Held, String>,
    ) -> (ChildConfinement, Vec<Layer>) {
        let Self { strength, ref mut layers } = self;
        if strength == Strength::Off {
            return (ChildConfinement { strength, filter: None }, layers.report(strength));
        }
        namespaces::empty_root(layers);
        privileges::leave_user(layers);
        if !layers.has("mount_namespace") {
            namespaces::root_of_nothing(layers);
        }
        privileges::drop_all(layers);
        if layers.has("pid_namespace") {
            namespaces::die_with_the_warden();
        }
        landlock::restrict(layers);
        layers.note("resource_limits", resources::limit_zygote());
        layers.note("memory_limits", resources::limit_memory(tried, process_bytes));
        let filter = match strength {
            Strength::Full => match syscalls::restrict_zygote() {
                Ok(filter) => {
                    layers.note("seccomp", Ok(()));
                    Some(filter)
                }
                Err(reason) => {
                    layers.note("seccomp", Err(reason));
                    None
                }
            },
            Strength::Unsealed | Strength::Off => None,
        };
        (ChildConfinement { strength, filter }, layers.report(strength))
    }
}

/// What each child puts on.
pub struct ChildConfinement {
    strength: Strength,
    filter: Option<syscalls::Filter>,
}

impl ChildConfinement {
    /// None, for a child that runs no visitor's program.
    pub fn none() -> Self {
        Self { strength: Strength::Off, filter: None }
    }

    /// Right after the fork.
    pub fn begin(&self) {
        // A child that outlives its zygote is nobody's. What fails here failed in the zygote's own trial, too.
        let _ = prctl::set_pdeathsig(Signal::SIGKILL);
        resources::limit_child();
    }

    /// When the child has all the descriptors and threads that it will ever have: takes the rest away. Where
    /// the zygote could put on a filter and the child can't, that is no child to run anything.
    ///
    /// # Errors
    /// In words.
    pub fn seal(&self) -> Result<(), String> {
        if self.strength != Strength::Full {
            return Ok(());
        }
        resources::seal_child().map_err(|error| failed("limits", error))?;
        self.filter.as_ref().map_or(Ok(()), syscalls::Filter::apply)
    }
}

/// Bounds a child's run by what the kernel itself counts, a little above what the watch does: it is there
/// for when the watch is not.
pub fn run(limits: &Limits) {
    resources::limit_cpu(limits.cpu_ms);
}
