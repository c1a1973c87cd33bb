//! Landlock: no file, no TCP, nobody outside to signal. It needs no privileges, and what it takes away is
//! gone for the descriptors of folders that are still open, too.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated,
    RulesetError, RulesetStatus, Scope,
};

use super::Layers;

/// Restricts this process, and all that it forks, to no files, no TCP ports, and no signals or abstract
/// sockets out of its domain. Kernels learned these one after another, so each is a layer of its own.
pub fn restrict(layers: &mut Layers) {
    layers.note(
        "landlock_files",
        apply(|rules| {
            // What the kernel does not know yet, it can't refuse; what V1 knows, it must.
            rules
                .set_compatibility(CompatLevel::HardRequirement)
                .handle_access(AccessFs::from_all(ABI::V1))?
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(AccessFs::from_all(ABI::V5))
        }),
    );
    layers.note(
        "landlock_network",
        apply(|rules| {
            rules.set_compatibility(CompatLevel::HardRequirement).handle_access(AccessNet::from_all(ABI::V4))
        }),
    );
    layers.note(
        "landlock_scopes",
        apply(|rules| rules.set_compatibility(CompatLevel::HardRequirement).scope(Scope::from_all(ABI::V6))),
    );
}

/// `LANDLOCK_CREATE_RULESET_VERSION` of `linux/landlock.h`: asks which version the kernel has.
const VERSION: libc::c_long = 1;

fn apply(rules: impl FnOnce(Ruleset) -> Result<Ruleset, RulesetError>) -> Result<(), String> {
    let none: libc::c_long = 0;
    // SAFETY: with this flag the call takes no ruleset.
    if unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, none, VERSION) } < 1 {
        return Err("this kernel has no landlock".into());
    }
    let restricted =
        rules(Ruleset::default()).and_then(Ruleset::create).and_then(RulesetCreated::restrict_self);
    match restricted {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => Ok(()),
        Ok(_) => Err("this kernel's landlock does not enforce it".into()),
        Err(error) => Err(format!("this kernel's landlock lacks it: {error}")),
    }
}
