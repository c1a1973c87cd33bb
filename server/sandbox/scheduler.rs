//! Which run has a slot when, and which runs may wait. No locks, no tasks, no clock; [`super::permit`] has those.
//!
//! Each run is in one [`Phase`]. A slot lets its run compute. A run that has a question open gives up its slot and is
//! *parked*: it keeps its process, within a bound of its own, and gets a slot back after the answer.
//!
//! **Shares.** Clients are the leaves of a tree: all, then networks ([`ClientKey::networks`]), then clients. A free slot
//! goes, at each level, to the child that has the fewest slots; among those that have as many, to the one whose turn was
//! the longest ago. So nobody takes more than a share while others wait, at no level. Within a client, runs that were
//! answered go before new ones.
//!
//! **The reserve.** The last slots are for clients that have none, one for each, and for a network no more than
//! [`NETWORK_SHARE`] of them. So whoever comes while others keep all other slots need not wait for these to end.
//!
//! **Bounds.** When the queue is full, or too many runs are parked, whoever has the most of them loses the last: the
//! heaviest network, in it the heaviest client. A run that would make its own client the heaviest is that last one itself.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::client::{ClientKey, Network};

/// Which part of the reserve one network may hold: one in so many.
pub const NETWORK_SHARE: usize = 8;

/// How many slots, runs that wait and parked runs there may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Slots, in all.
    pub slots: usize,
    /// How many of them are for clients that have none.
    pub reserve: usize,
    /// Runs in the queue, in all.
    pub queue: usize,
    /// The bytes of those runs' programs, in all.
    pub queue_bytes: u64,
    /// Parked runs, in all.
    pub parked: usize,
    /// Slots that one client may have.
    pub client_slots: usize,
    /// Runs in the queue that one client may have.
    pub client_queue: usize,
    /// Parked runs that one client may have.
    pub client_parked: usize,
}

/// Names a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunKey(u64);

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// In the queue; it has not begun.
    Waiting,
    /// It has a slot, perhaps one of the reserve.
    Running {
        /// Whether it is.
        reserved: bool,
    },
    /// It has a question open, and no slot.
    Asking,
    /// It was answered, and waits for a slot.
    Resuming,
    /// It lost its turn in the queue, or its place among the parked runs, to another, and is to end.
    Displaced,
}

/// Why a run may not wait or be parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Its client has as many as one may.
    Client,
    /// There are as many as may be, and nobody has more of them than its client would.
    All,
}

/// Runs, and who they are of. `T` is whatever stands for a run.
#[derive(Debug)]
pub struct Scheduler<T> {
    bounds: Bounds,
    runs: HashMap<RunKey, Run<T>>,
    next_key: u64,
    nodes: HashMap<Scope, Node>,
    clients: HashMap<ClientKey, Client>,
}

#[derive(Debug)]
struct Run<T> {
    client: ClientKey,
    phase: Phase,
    /// The length of its program.
    bytes: u64,
    it: T,
}

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Scope {
    All,
    Network(Network),
    Client(ClientKey),
}

/// What all runs below a node have.
#[derive(Debug, Default)]
struct Node {
    slots: usize,
    reserved: usize,
    /// Runs in the queue.
    queued: usize,
    /// The bytes of those.
    queued_bytes: u64,
    /// Runs that wait for a slot: in the queue, or resuming.
    turns: usize,
    /// Runs that ask or resume.
    parked: usize,
    /// Its children with runs that wait for a slot, the one whose turn was the longest ago first.
    ring: VecDeque<Scope>,
    /// Its children.
    children: BTreeSet<Scope>,
}

impl Node {
    fn is_unused(&self) -> bool {
        let Self { slots, reserved: _, queued: _, queued_bytes: _, turns, parked, ring: _, children: _ } =
            self;
        slots + turns + parked == 0
    }
}

/// A client's runs that wait, and those that ask.
#[derive(Debug, Default)]
struct Client {
    queued: VecDeque<RunKey>,
    resuming: VecDeque<RunKey>,
    /// By the time of their questions.
    asking: Vec<RunKey>,
}

impl Client {
    fn is_unused(&self) -> bool {
        self.queued.is_empty() && self.resuming.is_empty() && self.asking.is_empty()
    }
}

/// The nodes that a client's runs count for, all first.
fn path(client: ClientKey) -> impl DoubleEndedIterator<Item = Scope> {
    let networks = client.networks().map(Scope::Network);
    std::iter::once(Scope::All).chain(networks).chain(std::iter::once(Scope::Client(client)))
}

/// Of what there may be only so much, by what a node has of it.
type Measure = fn(&Node) -> u64;

impl<T> Scheduler<T> {
    /// No runs yet.
    pub fn new(bounds: Bounds) -> Self {
        let reserve = bounds.reserve.min(bounds.slots / 2);
        Self {
            bounds: Bounds { reserve, ..bounds },
            runs: HashMap::new(),
            next_key: 0,
            nodes: HashMap::from([(Scope::All, Node::default())]),
            clients: HashMap::new(),
        }
    }

    /// Where a run stands, if it is known.
    pub fn phase(&self, key: RunKey) -> Option<Phase> {
        self.runs.get(&key).map(|run| run.phase)
    }

    /// What stands for a run.
    pub fn get(&self, key: RunKey) -> Option<&T> {
        self.runs.get(&key).map(|run| &run.it)
    }

    /// Slots taken, runs in the queue, and parked runs.
    pub fn counts(&self) -> [usize; 3] {
        self.nodes.get(&Scope::All).map_or([0; 3], |all| [all.slots, all.queued, all.parked])
    }

    /// Whether there is a slot for this client, and whether that is one of the reserve.
    fn free_slot(&self, client: ClientKey, given_back: usize) -> Option<bool> {
        let slots = |scope| self.nodes.get(&scope).map_or(0, |node| node.slots);
        let taken = slots(Scope::All).saturating_sub(given_back);
        let theirs = slots(Scope::Client(client));
        if taken >= self.bounds.slots || theirs >= self.bounds.client_slots {
            return None;
        }
        if taken < self.bounds.slots - self.bounds.reserve {
            return Some(false);
        }
        let share = (self.bounds.reserve / NETWORK_SHARE).max(1);
        let has_room =
            |network| self.nodes.get(&Scope::Network(network)).is_none_or(|node| node.reserved < share);
        (theirs == 0 && client.networks().all(has_room)).then_some(true)
    }

    /// Changes all nodes that a client's runs count for.
    fn count(&mut self, client: ClientKey, mut change: impl FnMut(&mut Node)) {
        let mut parent = None;
        for scope in path(client) {
            if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(&parent)) {
                parent.children.insert(scope);
            }
            change(self.nodes.entry(scope).or_default());
            parent = Some(scope);
        }
    }

    /// Forgets nodes of which nothing is left, and keeps the rings to those that wait.
    fn tidy(&mut self, client: ClientKey) {
        if self.clients.get(&client).is_some_and(Client::is_unused) {
            self.clients.remove(&client);
        }
        let mut child: Option<Scope> = None;
        for scope in path(client).rev() {
            let (unused, waits) = match child.and_then(|child| self.nodes.get(&child)) {
                Some(node) => (node.is_unused(), node.turns > 0),
                None => (false, true),
            };
            if let (Some(child), Some(node)) = (child, self.nodes.get_mut(&scope)) {
                if !waits {
                    node.ring.retain(|it| *it != child);
                }
                if unused {
                    node.children.remove(&child);
                }
            }
            if let Some(child) = child.filter(|_| unused) {
                self.nodes.remove(&child);
            }
            child = Some(scope);
        }
    }

    /// A run of `client` comes, of a program of so many bytes. `make` makes what stands for it. It has a slot if there is
    /// one (nobody who waits could have it), or else waits, and others may lose their turns for it: their phases are
    /// [`Phase::Displaced`].
    ///
    /// # Errors
    /// When it may not even wait.
    pub fn add(&mut self, client: ClientKey, bytes: u64, it: T) -> Result<Added, Full> {
        let key = RunKey(self.next_key);
        if let Some(reserved) = self.free_slot(client, 0) {
            self.next_key += 1;
            let phase = Phase::Running { reserved };
            self.runs.insert(key, Run { client, phase, bytes, it });
            self.take_slot(client, reserved);
            return Ok(Added { key, phase, position: 0, displaced: Vec::new() });
        }
        let displaced = self.make_room(client, bytes)?;
        self.next_key += 1;
        self.runs.insert(key, Run { client, phase: Phase::Waiting, bytes, it });
        self.count(client, |node| {
            node.queued += 1;
            node.queued_bytes += bytes;
        });
        self.clients.entry(client).or_default().queued.push_back(key);
        self.take_turn(client);
        Ok(Added { key, phase: Phase::Waiting, position: self.last_position(client), displaced })
    }

    /// Makes room in the queue for another run of `client`.
    fn make_room(&mut self, client: ClientKey, bytes: u64) -> Result<Vec<RunKey>, Full> {
        let queued = |it: &Client| it.queued.len();
        if self.clients.get(&client).map_or(0, queued) >= self.bounds.client_queue {
            return Err(Full::Client);
        }
        let (Bounds { queue, queue_bytes, .. }, mut displaced) = (self.bounds, Vec::new());
        loop {
            let Some(all) = self.nodes.get(&Scope::All) else { return Err(Full::All) };
            // A program that is longer than all may be can still wait alone.
            let is_too_long = all.queued > 0 && all.queued_bytes.saturating_add(bytes) > queue_bytes;
            let (measure, own): (Measure, u64) = if all.queued >= queue {
                (|node| node.queued as u64, 1)
            } else if is_too_long {
                (|node| node.queued_bytes, bytes)
            } else {
                break;
            };
            let heaviest = self.heaviest(client, measure, own).filter(|it| *it != client);
            let last = heaviest.and_then(|it| self.clients.get(&it)?.queued.back().copied());
            let Some(last) = last else {
                // Those who lost their turns so far get them back by none having been told.
                for key in displaced.into_iter().rev() {
                    self.requeue(key);
                }
                return Err(Full::All);
            };
            self.unqueue(last);
            if let Some(run) = self.runs.get_mut(&last) {
                run.phase = Phase::Displaced;
            }
            displaced.push(last);
        }
        Ok(displaced)
    }

    /// Takes a run out of the queue.
    fn unqueue(&mut self, key: RunKey) {
        let Some(&Run { client, bytes, .. }) = self.runs.get(&key) else { return };
        if let Some(theirs) = self.clients.get_mut(&client) {
            theirs.queued.retain(|it| *it != key);
        }
        self.count(client, |node| {
            node.queued -= 1;
            node.queued_bytes -= bytes;
            node.turns -= 1;
        });
        self.tidy(client);
    }

    /// Puts a run back to the end of its client's queue.
    fn requeue(&mut self, key: RunKey) {
        let Some(run) = self.runs.get_mut(&key) else { return };
        run.phase = Phase::Waiting;
        let (client, bytes) = (run.client, run.bytes);
        self.count(client, |node| {
            node.queued += 1;
            node.queued_bytes += bytes;
        });
        self.clients.entry(client).or_default().queued.push_back(key);
        self.take_turn(client);
    }

    /// One more run of `client` waits for a slot.
    fn take_turn(&mut self, client: ClientKey) {
        self.count(client, |node| node.turns += 1);
        let mut parent = Scope::All;
        for scope in path(client).skip(1) {
            if self.nodes.get(&scope).is_some_and(|node| node.turns == 1)
                && let Some(parent) = self.nodes.get_mut(&parent)
            {
                parent.ring.push_back(scope);
            }
            parent = scope;
        }
    }

    fn take_slot(&mut self, client: ClientKey, reserved: bool) {
        self.count(client, |node| {
            node.slots += 1;
            node.reserved += usize::from(reserved);
        });
    }

    fn free(&mut self, client: ClientKey, reserved: bool) {
        self.count(client, |node| {
            node.slots -= 1;
            node.reserved -= usize::from(reserved);
        });
        self.tidy(client);
    }

    /// The client with the most by this measure, where `client` has `own` more than it has: at each level the child with
    /// the most. Of those with as much, `client` is the one.
    fn heaviest(&self, client: ClientKey, measure: Measure, own: u64) -> Option<ClientKey> {
        let own_path: Vec<Scope> = path(client).collect();
        let mut at = Scope::All;
        loop {
            if let Scope::Client(client) = at {
                return Some(client);
            }
            let mut best: Option<(u64, bool, Scope)> = None;
            let children = self.nodes.get(&at).map(|node| &node.children);
            let absent = own_path.iter().filter(|it| parent_in(&own_path, **it) == Some(at));
            for child in children.into_iter().flatten().chain(absent) {
                let is_own = own_path.contains(child);
                let weight = self.nodes.get(child).map_or(0, measure) + if is_own { own } else { 0 };
                if weight > 0 && best.is_none_or(|best| (weight, is_own) > (best.0, best.1)) {
                    best = Some((weight, is_own, *child));
                }
            }
            at = best?.2;
        }
    }

    /// Gives a free slot to the run whose turn it is. To be called until there is none, whenever a slot may have come
    /// free.
    pub fn next(&mut self) -> Option<RunKey> {
        let client = self.pick(Scope::All, 0)?;
        let reserved = self.free_slot(client, 0)?;
        let theirs = self.clients.get_mut(&client)?;
        let (key, was_parked) = match theirs.resuming.pop_front() {
            Some(key) => (key, 1),
            None => (theirs.queued.pop_front()?, 0),
        };
        let run = self.runs.get_mut(&key)?;
        let bytes = run.bytes;
        run.phase = Phase::Running { reserved };
        self.count(client, |node| {
            node.turns -= 1;
            node.parked -= was_parked;
            if was_parked == 0 {
                node.queued -= 1;
                node.queued_bytes -= bytes;
            }
        });
        self.take_slot(client, reserved);
        let mut parent = Scope::All;
        for scope in path(client).skip(1) {
            if let Some(node) = self.nodes.get_mut(&parent)
                && let Some(at) = node.ring.iter().position(|it| *it == scope)
            {
                node.ring.remove(at);
                node.ring.push_back(scope);
            }
            parent = scope;
        }
        self.tidy(client);
        Some(key)
    }

    /// The client below `scope` who is the next to have a slot, if so many more were given back.
    fn pick(&self, scope: Scope, given_back: usize) -> Option<ClientKey> {
        if let Scope::Client(client) = scope {
            return self.free_slot(client, given_back).map(|_| client);
        }
        self.in_turn(scope).into_iter().find_map(|child| self.pick(child, given_back))
    }

    /// The children of a node with runs that wait, the one whose turn was the longest ago first.
    fn ring(&self, scope: Scope) -> impl Iterator<Item = Scope> {
        self.nodes.get(&scope).map(|node| &node.ring).into_iter().flatten().copied()
    }

    /// The same, the one who is next to have a slot first.
    fn in_turn(&self, scope: Scope) -> Vec<Scope> {
        let mut children: Vec<Scope> = self.ring(scope).collect();
        // Stable: those with as many slots stay in the ring's order.
        children.sort_by_key(|child| self.nodes.get(child).map_or(0, |node| node.slots));
        children
    }

    /// A run asks something: it gives up its slot, if there is room among the parked runs. Others may lose theirs for it.
    ///
    /// # Errors
    /// When there is no room. Then nothing has changed.
    pub fn park(&mut self, key: RunKey) -> Result<Option<RunKey>, Full> {
        let Some(&Run { client, phase, .. }) = self.runs.get(&key) else { return Ok(None) };
        let reserved = match phase {
            Phase::Running { reserved } => reserved,
            Phase::Resuming => {
                // It is parked still, and waits for no slot any more.
                self.unresume(key, client);
                self.set_asking(key, client);
                return Ok(None);
            }
            Phase::Waiting | Phase::Asking | Phase::Displaced => return Ok(None),
        };
        let parked = |scope| self.nodes.get(&scope).map_or(0, |node| node.parked);
        if parked(Scope::Client(client)) >= self.bounds.client_parked {
            return Err(Full::Client);
        }
        let mut displaced = None;
        if parked(Scope::All) >= self.bounds.parked {
            let last = self.last_asking(client).ok_or(Full::All)?;
            self.displace(last);
            displaced = Some(last);
        }
        self.count(client, |node| node.parked += 1);
        self.free(client, reserved);
        self.set_asking(key, client);
        Ok(displaced)
    }

    /// The run that loses its place among the parked ones to one of `client`.
    fn last_asking(&self, client: ClientKey) -> Option<RunKey> {
        let heaviest = self.heaviest(client, |node| node.parked as u64, 1)?;
        if heaviest != client {
            return self.clients.get(&heaviest)?.asking.last().copied();
        }
        if self.clients.get(&client).is_some_and(|it| !it.asking.is_empty() || !it.resuming.is_empty()) {
            return None;
        }
        // Nobody has more than one. Then it is the oldest, of the narrowest network in which there are others.
        let parked = |scope: &Scope| self.nodes.get(scope).is_some_and(|node| node.parked > 0);
        let around = path(client).rev().find(parked)?;
        let near = self.clients.iter().filter(|(it, _)| path(**it).any(|scope| scope == around));
        near.filter_map(|(_, it)| it.asking.iter().min().copied()).min()
    }

    fn displace(&mut self, key: RunKey) {
        let Some(run) = self.runs.get_mut(&key) else { return };
        run.phase = Phase::Displaced;
        let client = run.client;
        self.unask(key, client);
        self.count(client, |node| node.parked -= 1);
        self.tidy(client);
    }

    fn set_asking(&mut self, key: RunKey, client: ClientKey) {
        if let Some(run) = self.runs.get_mut(&key) {
            run.phase = Phase::Asking;
        }
        self.clients.entry(client).or_default().asking.push(key);
    }

    fn unask(&mut self, key: RunKey, client: ClientKey) {
        if let Some(theirs) = self.clients.get_mut(&client) {
            theirs.asking.retain(|it| *it != key);
        }
    }

    fn unresume(&mut self, key: RunKey, client: ClientKey) {
        if let Some(theirs) = self.clients.get_mut(&client) {
            theirs.resuming.retain(|it| *it != key);
        }
        self.count(client, |node| node.turns -= 1);
        self.tidy(client);
    }

    /// A run that asks was answered: it has a slot again, or waits for one. Where it stands now.
    pub fn resume(&mut self, key: RunKey) -> Option<Phase> {
        let &Run { client, phase, .. } = self.runs.get(&key)?;
        if phase != Phase::Asking {
            return Some(phase);
        }
        self.unask(key, client);
        let phase = match self.free_slot(client, 0) {
            Some(reserved) => {
                self.take_slot(client, reserved);
                self.count(client, |node| node.parked -= 1);
                Phase::Running { reserved }
            }
            None => {
                self.clients.entry(client).or_default().resuming.push_back(key);
                self.take_turn(client);
                Phase::Resuming
            }
        };
        self.tidy(client);
        if let Some(run) = self.runs.get_mut(&key) {
            run.phase = phase;
        }
        Some(phase)
    }

    /// A run is over, wherever it stood.
    pub fn remove(&mut self, key: RunKey) {
        let Some(&Run { client, phase, .. }) = self.runs.get(&key) else { return };
        match phase {
            Phase::Waiting => self.unqueue(key),
            Phase::Running { reserved } => self.free(client, reserved),
            Phase::Asking => {
                self.unask(key, client);
                self.count(client, |node| node.parked -= 1);
                self.tidy(client);
            }
            Phase::Resuming => {
                self.count(client, |node| node.parked -= 1);
                self.unresume(key, client);
            }
            Phase::Displaced => {}
        }
        self.runs.remove(&key);
    }

    /// Whether a run waits that could have a slot if this one gave back its own, beside the `leaving` slots that are about
    /// to be given back anyway.
    pub fn would_help(&self, key: RunKey, leaving: usize) -> bool {
        let Some(&Run { client, phase: Phase::Running { .. }, .. }) = self.runs.get(&key) else {
            return false;
        };
        let Some(all) = self.nodes.get(&Scope::All).filter(|all| all.turns > leaving) else { return false };
        let taken = all.slots.saturating_sub(1);
        let slots = |scope| self.nodes.get(&scope).map_or(0, |node| node.slots);
        self.clients.iter().any(|(it, theirs)| {
            let waits = !theirs.queued.is_empty() || !theirs.resuming.is_empty();
            let theirs = slots(Scope::Client(*it)) - usize::from(*it == client);
            let is_in_reserve = taken >= self.bounds.slots - self.bounds.reserve;
            waits && theirs < self.bounds.client_slots && (!is_in_reserve || theirs == 0)
        })
    }

    /// The position of the last run in a client's queue: as [`Scheduler::positions`] has it.
    fn last_position(&self, client: ClientKey) -> u32 {
        let own: Vec<Scope> = path(client).collect();
        let turns = |scope: &Scope| self.nodes.get(scope).map_or(0, |node| node.turns);
        let mut round = turns(&Scope::Client(client));
        for pair in own.windows(2).rev() {
            let [parent, child] = [pair[0], pair[1]];
            let (mut before, mut is_before) = (0, true);
            for other in self.ring(parent) {
                if other == child {
                    is_before = false;
                } else {
                    // One of each in each round; those after it have had one less.
                    before += turns(&other).min(if is_before { round } else { round - 1 });
                }
            }
            round += before;
        }
        u32::try_from(round).unwrap_or(u32::MAX)
    }

    /// Tells each run in the queue its position: how many runs will have a slot until it has, itself included, if nobody
    /// else comes and each slot comes free that its own client has. Who has fewer slots than others may have one sooner.
    /// Takes time in proportion to the queue.
    pub fn positions(&self, mut tell: impl FnMut(&T, u32)) {
        for (key, position) in self.order(Scope::All).into_iter().zip(1..) {
            if let Some(run) = self.runs.get(&key).filter(|run| run.phase == Phase::Waiting) {
                tell(&run.it, position);
            }
        }
    }

    /// The runs below a node that wait for a slot, in turn.
    fn order(&self, scope: Scope) -> Vec<RunKey> {
        if let Scope::Client(client) = scope {
            let theirs = self.clients.get(&client);
            return theirs.into_iter().flat_map(|it| it.resuming.iter().chain(&it.queued)).copied().collect();
        }
        let mut children: Vec<_> = self.ring(scope).map(|child| self.order(child).into_iter()).collect();
        let mut order = Vec::new();
        while !children.is_empty() {
            children.retain_mut(|child| child.next().map(|key| order.push(key)).is_some());
        }
        order
    }
}

/// The node above this one on a path.
fn parent_in(path: &[Scope], scope: Scope) -> Option<Scope> {
    path.windows(2).find(|pair| pair[1] == scope).map(|pair| pair[0])
}

/// A run that was added.
#[derive(Debug)]
pub struct Added {
    /// Names it.
    pub key: RunKey,
    /// Where it stands: [`Phase::Running`] or [`Phase::Waiting`].
    pub phase: Phase,
    /// Its position, if it waits.
    pub position: u32,
    /// Runs that have lost their turns to it.
    pub displaced: Vec<RunKey>,
}

#[cfg(test)]
mod tests;
