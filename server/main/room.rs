//! Room for what the settings ask for, under the system's limits on open files and on processes. Where there is too
//! little, the server serves fewer connections and runs, and says so.

use mayfly::config::Config;
use mayfly::http::turned_away;
use mayfly::system;

/// Files that are open besides those of connections, runs and the store: standard streams, the log, sockets to listen
/// on, the zygotes, signals; and those of each thread that serves.
const OWN_FILES: u64 = 22;
const WORKER_FILES: u64 = 4;
/// Files of a connection to the store: a database, its journal and its index.
const STORE_FILES: u64 = 3;
/// Files of a run: its socket, the same once more where it is full, and one to fetch with.
const RUN_FILES: u64 = 3;
/// Files of a connection: its socket and a copy.
const CONNECTION_FILES: u64 = 2;
/// The least that can be served with: a connection to the store, two runs and four connections.
const LEAST_RUNS: u64 = 2;
const LEAST_CONNECTIONS: usize = 4;

/// Threads and processes besides those that serve and those of runs: the thread that accepts, two for work that blocks,
/// and two zygotes with their wardens, as one is replaced by another.
const OWN_THREADS: usize = 7;
/// Threads of a run.
const RUN_THREADS: usize = 2;
/// The most threads that are started to see whether the system allows them: a limit above that is nobody's by accident.
const TRIED_THREADS: usize = 512;

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    connections: usize,
    open_runs: usize,
    warm_children: usize,
    store_connections: u32,
}

impl Room {
    /// Finds out, and raises the limit on open files as far as the system allows it. Gives a sentence for each limit
    /// that leaves less room than the settings ask for.
    ///
    /// # Errors
    /// In a sentence, when there is not room enough to serve anybody.
    pub fn find(config: &Config) -> Result<(Self, Vec<String>), String> {
        let wanted = Self::wanted(config);
        let workers = config.server.workers;
        let mut notes = Vec::new();
        let mut room = wanted;
        match system::open_files(wanted.files(workers)) {
            Ok(allowed) => {
                if let Some(fewer) = room.within_files(allowed, workers)? {
                    room = fewer;
                    notes.push(format!(
                        "this process may open {allowed} files: there is room for {} of {} connections \
                         (server.max_connections) and {} of {} open runs (sandbox.open_runs). Raise the limit: `ulimit \
                         -n`, `LimitNOFILE=` in systemd, `--ulimit nofile=` in Docker",
                        room.connections, wanted.connections, room.open_runs, wanted.open_runs
                    ));
                }
            }
            Err(error) => tracing::warn!(%error, "the limit on open files can't be read or raised"),
        }
        let (allowed, why) = system::threads(room.threads(workers).min(TRIED_THREADS));
        if let Some(why) = why {
            if why.raw_os_error() != Some(libc::EAGAIN) {
                return Err(format!("the server can't start a thread: {}", system::not_started(&why)));
            }
            if let Some(fewer) = room.within_threads(allowed, workers)? {
                room = fewer;
                notes.push(format!(
                    "the system allows this server {allowed} more processes and threads: there is room for {} of {} \
                     open runs (sandbox.open_runs). {}",
                    room.open_runs,
                    wanted.open_runs,
                    system::MORE_PROCESSES
                ));
            }
        }
        Ok((room, notes))
    }

    fn wanted(config: &Config) -> Self {
        Self {
            connections: config.server.max_connections,
            open_runs: config.sandbox.open_runs,
            warm_children: config.sandbox.warm_children,
            store_connections: config.store.connections,
        }
    }

    /// Lowers what `config` asks for to what there is room for.
    pub fn lower(self, config: &mut Config) {
        let lower = |asked: &mut usize, most: usize| *asked = most.min(*asked);
        lower(&mut config.server.max_connections, self.connections);
        lower(&mut config.sandbox.open_runs, self.open_runs);
        lower(&mut config.sandbox.warm_children, self.warm_children);
        config.store.connections = config.store.connections.min(self.store_connections);
    }

    /// Files that are open when all that there is room for is in use.
    fn files(self, workers: usize) -> u64 {
        own_files(workers)
            + STORE_FILES * u64::from(self.store_connections)
            + RUN_FILES * (self.open_runs + self.warm_children) as u64
            + connection_files(self.connections)
    }

    /// Less, so that `allowed` files are enough; `None` where they are.
    fn within_files(self, allowed: u64, workers: usize) -> Result<Option<Self>, String> {
        if allowed >= self.files(workers) {
            return Ok(None);
        }
        let least = own_files(workers)
            + STORE_FILES
            + RUN_FILES * (LEAST_RUNS + 1)
            + connection_files(LEAST_CONNECTIONS);
        if allowed < least {
            return Err(format!(
                "this process may open {allowed} files, and the server needs {least} with server.workers = {workers}. \
                 Raise the limit: `ulimit -n`, `LimitNOFILE=` in systemd, `--ulimit nofile=` in Docker"
            ));
        }
        // An eighth of what is left for the store, a quarter for runs, and the rest for connections.
        let left = allowed - own_files(workers);
        let share = |part: u64, each: u64, least: u64| (left / part / each).max(least);
        let store = share(8, STORE_FILES, 1).min(u64::from(self.store_connections));
        let warm = share(16, RUN_FILES, 1).min(self.warm_children as u64);
        let runs = share(4, RUN_FILES, LEAST_RUNS).min(self.open_runs as u64);
        let used = STORE_FILES * store + RUN_FILES * (runs + warm);
        let connections = most_connections(left - used);
        Ok(Some(Self {
            connections: connections.min(self.connections),
            open_runs: number(runs),
            warm_children: number(warm),
            store_connections: u32::try_from(store).unwrap_or(u32::MAX),
        }))
    }

    /// Threads and processes that there are when all that there is room for is in use.
    fn threads(self, workers: usize) -> usize {
        own_threads(workers, self.store_connections) + RUN_THREADS * (self.open_runs + self.warm_children)
    }

    /// Less, so that `allowed` threads and processes are enough; `None` where they are.
    fn within_threads(self, allowed: usize, workers: usize) -> Result<Option<Self>, String> {
        if allowed >= self.threads(workers) {
            return Ok(None);
        }
        let least = own_threads(workers, 1) + RUN_THREADS * 2;
        if allowed < least {
            return Err(format!(
                "the system allows this server {allowed} more processes and threads, and it needs {least}. {}",
                system::MORE_PROCESSES
            ));
        }
        let left = allowed - own_threads(workers, 1);
        let store = u32::try_from(left / 4).unwrap_or(u32::MAX).clamp(1, self.store_connections);
        let runs = (allowed - own_threads(workers, store)) / RUN_THREADS;
        // Each run has a child ready for the next beside it, where there is room.
        let warm = (runs / 4).clamp(1, self.warm_children.max(1));
        let open = (runs - warm).clamp(1, self.open_runs);
        Ok(Some(Self { open_runs: open, warm_children: warm, store_connections: store, ..self }))
    }
}

fn own_files(workers: usize) -> u64 {
    OWN_FILES + WORKER_FILES * workers as u64
}

/// Files of so many connections, and of those that are accepted beyond them so as to be turned away.
fn connection_files(connections: usize) -> u64 {
    CONNECTION_FILES * (connections + turned_away(connections)) as u64
}

/// How many connections fit into so many files: those turned away are as many, or sixteen, or an eighth more.
fn most_connections(files: u64) -> usize {
    let pairs = number(files / CONNECTION_FILES);
    let all = [pairs / 2, pairs.saturating_sub(16), pairs * 8 / 9];
    all.into_iter().filter(|all| connection_files(*all) <= files).max().unwrap_or(0)
}

fn own_threads(workers: usize, store_connections: u32) -> usize {
    // SQLite has a thread for each connection.
    OWN_THREADS + workers + store_connections as usize
}

fn number(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Room = Room { connections: 4_096, open_runs: 64, warm_children: 4, store_connections: 8 };

    #[test]
    fn enough_files_lower_nothing() {
        for workers in [1, 64] {
            assert_eq!(DEFAULT.within_files(DEFAULT.files(workers), workers), Ok(None));
            assert_eq!(DEFAULT.within_threads(DEFAULT.threads(workers), workers), Ok(None));
        }
    }

    #[test]
    fn fewer_files_or_threads_are_enough_for_what_is_left() {
        for workers in [1, 2, 8, 64] {
            for allowed in 0..12_000 {
                match DEFAULT.within_files(allowed, workers) {
                    Ok(Some(room)) => {
                        assert!(room.files(workers) <= allowed, "{allowed} {workers}: {room:?}");
                        assert!(room.connections >= 4 && room.open_runs >= 2 && room.store_connections >= 1);
                        assert!(room.warm_children >= 1 && room.open_runs <= 64);
                    }
                    Ok(None) => assert!(allowed >= DEFAULT.files(workers)),
                    Err(said) => assert!(said.contains(&format!("open {allowed} files")), "{said}"),
                }
            }
            for allowed in 0..300 {
                match DEFAULT.within_threads(allowed, workers) {
                    Ok(Some(room)) => {
                        assert!(room.threads(workers) <= allowed, "{allowed} {workers}: {room:?}");
                        assert!(room.open_runs >= 1 && room.warm_children >= 1);
                    }
                    Ok(None) => assert!(allowed >= DEFAULT.threads(workers)),
                    Err(said) => assert!(said.contains("ulimit -u"), "{said}"),
                }
            }
        }
    }

    #[test]
    fn sixty_four_files_serve_on_two_cores() {
        let room = DEFAULT.within_files(64, 2).unwrap().unwrap();
        assert_eq!(room, Room { connections: 5, open_runs: 2, warm_children: 1, store_connections: 1 });
    }
}
