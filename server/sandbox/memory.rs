//! How much memory all runs together can hold, and how much there is.

use std::path::Path;

use serde::Serialize;

/// What the runs can hold, compared with what there is for them and the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryBound {
    /// Processes that can be there at once: one for each run that is open or waits for an answer, and those that wait for a
    /// run.
    pub processes: u64,
    /// What they can hold together, in bytes.
    pub most_bytes: u64,
    /// What there is, in bytes; absent where the system does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_bytes: Option<u64>,
    /// What sets that: `machine` or `cgroup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_in: Option<&'static str>,
}

impl MemoryBound {
    /// Of `open_runs` runs, `asking` more that wait for an answer, and `warm_children` processes that wait for a run, each
    /// of at most `process_bytes`.
    pub fn new(open_runs: usize, asking: usize, warm_children: usize, process_bytes: u64) -> Self {
        Self::below(Path::new("/"), open_runs.saturating_add(asking), warm_children, process_bytes)
    }

    fn below(root: &Path, runs: usize, warm_children: usize, process_bytes: u64) -> Self {
        let processes = (runs as u64).saturating_add(warm_children as u64);
        let (machine, cgroup) = (machine_bytes(root), cgroup_bytes(root));
        let available = match (machine, cgroup) {
            (Some(machine), Some(cgroup)) if cgroup < machine => Some((cgroup, "cgroup")),
            (Some(machine), _) => Some((machine, "machine")),
            (None, cgroup) => cgroup.map(|bytes| (bytes, "cgroup")),
        };
        Self {
            processes,
            most_bytes: processes.saturating_mul(process_bytes),
            available_bytes: available.map(|(bytes, _)| bytes),
            available_in: available.map(|(_, name)| name),
        }
    }

    /// What to tell the operator, where the runs can hold more than there is.
    pub fn warning(&self, warm_children: usize, process_bytes: u64) -> Option<String> {
        let Self { processes, most_bytes, available_bytes, available_in } = *self;
        let (available, place) = (available_bytes?, available_in?);
        if most_bytes <= available {
            return None;
        }
        let mib = |bytes: u64| bytes >> 20;
        let fit = (available / process_bytes.max(1)).saturating_sub(warm_children as u64);
        let lower = if fit > 0 {
            format!(
                "Lower sandbox.open_runs and sandbox.asking to {fit} together, or limits.process_bytes to {} MiB",
                mib(available / processes.max(1))
            )
        } else {
            "Lower sandbox.warm_children and limits.process_bytes".to_owned()
        };
        Some(format!(
            "{processes} processes (sandbox.open_runs, sandbox.asking and sandbox.warm_children) of at most {} MiB each \
             (limits.process_bytes) can hold {} MiB together, and there are {} MiB (of the {place}). Most runs hold a few \
             MiB, but if enough of them hold all that they may, the kernel kills processes, those of runs first. {lower}, \
             or give the server more memory, to rule that out",
            mib(process_bytes),
            mib(most_bytes),
            mib(available),
        ))
    }
}

fn machine_bytes(root: &Path) -> Option<u64> {
    let info = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok()?.checked_mul(1024)
}

/// The least limit of this process's cgroup and those around it.
fn cgroup_bytes(root: &Path) -> Option<u64> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
        // The second version has one tree; in the first, memory has its own.
        let (tree, file) = if controllers.is_empty() {
            ("sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|it| it == "memory") {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            return None;
        };
        let tree = root.join(tree);
        // A container can see its own group as the root of the tree.
        let group = tree.join(group.trim_start_matches('/'));
        let around = group.ancestors().take_while(|folder| folder.starts_with(&tree));
        around.filter_map(|folder| std::fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()).min()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = root.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        root
    }

    fn bound(files: &[(&str, &str)]) -> MemoryBound {
        MemoryBound::below(root(files).path(), 60, 4, 256 << 20)
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:        4194304 kB\nMemFree: 1 kB\n");

    #[test]
    fn the_least_limit_around_the_process_counts() {
        let alone = bound(&[MACHINE]);
        assert_eq!((alone.processes, alone.most_bytes), (64, 16 << 30));
        assert_eq!((alone.available_bytes, alone.available_in), (Some(4 << 30), Some("machine")));
        let group = ("proc/self/cgroup", "0::/a/b\n");
        let within = |files: &[(&str, &str)]| bound(&[&[MACHINE, group], files].concat()).available_bytes;
        assert_eq!(within(&[("sys/fs/cgroup/a/b/memory.max", "max\n")]), Some(4 << 30));
        let outer = ("sys/fs/cgroup/a/memory.max", "1073741824\n");
        assert_eq!(within(&[("sys/fs/cgroup/a/b/memory.max", "2147483648\n"), outer]), Some(1 << 30));
        assert_eq!(within(&[("sys/fs/cgroup/memory.max", "536870912\n")]), Some(512 << 20), "in a container");
        assert_eq!(within(&[("sys/fs/cgroup/a/memory.max", "99999999999999\n")]), Some(4 << 30));
        let first = [
            ("proc/self/cgroup", "5:cpu:/x\n4:memory:/y\n"),
            ("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "1024\n"),
        ];
        assert_eq!(bound(&first).available_in, Some("cgroup"));
        assert_eq!(bound(&[]).available_bytes, None);
    }

    #[test]
    fn a_warning_has_the_numbers_and_what_to_change() {
        let warning = bound(&[MACHINE]).warning(4, 256 << 20).unwrap();
        for words in [
            "64 processes",
            "256 MiB each",
            "16384 MiB together",
            "4096 MiB (of the machine)",
            "sandbox.asking to 12 together",
        ] {
            assert!(warning.contains(words), "{words}: {warning}");
        }
        assert_eq!(MemoryBound::below(Path::new("/nowhere"), 60, 4, 1).warning(4, 1), None);
        assert_eq!(MemoryBound::below(root(&[MACHINE]).path(), 12, 4, 256 << 20).warning(4, 256 << 20), None);
        let tiny =
            MemoryBound::below(root(&[MACHINE]).path(), 1, 100, 256 << 20).warning(100, 256 << 20).unwrap();
        assert!(tiny.contains("Lower sandbox.warm_children"), "{tiny}");
    }
}
