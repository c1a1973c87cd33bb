use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// The client at an address in a network of its own.
fn client(n: u8) -> ClientKey {
    ClientKey::of([10, n, 0, 1].into())
}

/// A client at this IPv6 address.
fn ipv6(address: &str) -> ClientKey {
    ClientKey::of(address.parse().expect("an address"))
}

/// A scheduler in which a run is its number.
type Numbers = Scheduler<u32>;

fn bounds(slots: usize, client_slots: usize) -> Bounds {
    Bounds {
        slots,
        reserve: 0,
        queue: 10_000,
        queue_bytes: u64::MAX,
        parked: 10_000,
        client_slots,
        client_queue: 10_000,
        client_parked: 10_000,
    }
}

fn add(scheduler: &mut Numbers, client: ClientKey, run: u32) -> Added {
    scheduler.add(client, 1, run).expect("a turn")
}

/// Asks as [`super::super::permit`] does; the position if it has to wait.
fn ask(scheduler: &mut Numbers, n: u8, run: u32) -> Option<u32> {
    Some(add(scheduler, client(n), run).position).filter(|position| *position > 0)
}

fn positions(scheduler: &Numbers) -> HashMap<u32, u32> {
    let mut all = HashMap::new();
    scheduler.positions(|run, position| {
        assert!(all.insert(*run, position).is_none(), "each is told once");
    });
    all
}

fn number(scheduler: &Numbers, key: RunKey) -> u32 {
    *scheduler.get(key).expect("it is known")
}

/// Runs in the order in which they start when there is one slot and each ends at once.
fn order(scheduler: &mut Numbers, first: RunKey) -> Vec<u32> {
    let mut runs = Vec::new();
    let mut last = first;
    loop {
        scheduler.remove(last);
        let Some(key) = scheduler.next() else { return runs };
        runs.push(number(scheduler, key));
        last = key;
    }
}

#[test]
fn who_has_one_run_waits_for_one_of_each_other() {
    let mut scheduler = Numbers::new(bounds(1, 1));
    let first = add(&mut scheduler, client(0), 0).key;
    for run in 0..50 {
        assert_eq!(ask(&mut scheduler, 1, 100 + run), Some(run + 1));
    }
    assert_eq!(ask(&mut scheduler, 2, 200), Some(2));
    assert_eq!(ask(&mut scheduler, 2, 201), Some(4));
    assert_eq!(ask(&mut scheduler, 3, 300), Some(3));
    assert_eq!(positions(&scheduler)[&101], 4, "those behind are told that they wait longer");
    assert_eq!(order(&mut scheduler, first)[..7], [100, 200, 300, 101, 201, 102, 103]);
}

#[test]
fn a_network_has_one_share_however_many_clients() {
    let mut scheduler = Numbers::new(bounds(1, 1));
    let first = add(&mut scheduler, client(0), 0).key;
    for (run, address) in (100..).zip([
        "2001:db8:1::1",
        "2001:db8:1:1::1",
        "2001:db8:1:2::1",
        "2001:db8:1:ff00::1",
        "2001:db8:1:ff01::1",
    ]) {
        add(&mut scheduler, ipv6(address), run);
    }
    for run in 200..203 {
        add(&mut scheduler, ipv6("2001:db8:2::1"), run);
    }
    // One /48 and the other take turns, and in the first one its two /56.
    assert_eq!(order(&mut scheduler, first), [100, 200, 103, 201, 101, 202, 104, 102]);
}

#[test]
fn a_free_slot_goes_to_who_has_the_fewest() {
    let mut scheduler = Numbers::new(bounds(4, 4));
    let mut keys: Vec<_> = (0..4).map(|run| add(&mut scheduler, client(1), run).key).collect();
    for run in 4..8 {
        ask(&mut scheduler, 1, run);
    }
    ask(&mut scheduler, 2, 20);
    ask(&mut scheduler, 2, 21);
    for expected in [20, 21, 4] {
        scheduler.remove(keys.pop().expect("one runs"));
        let next = scheduler.next().expect("one waits");
        assert_eq!(number(&scheduler, next), expected);
    }
}

#[test]
fn the_reserve_is_for_those_who_have_no_slot() {
    let mut scheduler = Numbers::new(Bounds { reserve: 2, ..bounds(4, 4) });
    assert_eq!((ask(&mut scheduler, 1, 1), ask(&mut scheduler, 1, 2)), (None, None));
    assert_eq!(ask(&mut scheduler, 1, 3), Some(1), "though two are free");
    assert_eq!(ask(&mut scheduler, 2, 4), None);
    assert_eq!(ask(&mut scheduler, 2, 5), Some(2));
    let third = add(&mut scheduler, client(3), 6);
    assert_eq!(third.position, 0);
    ask(&mut scheduler, 4, 7);
    assert_eq!(scheduler.counts(), [4, 3, 0]);
    scheduler.remove(third.key);
    let next = scheduler.next().expect("a slot is free");
    assert_eq!(number(&scheduler, next), 7, "who has none comes before those who have some");
    assert_eq!(scheduler.next(), None);
}

#[test]
fn a_network_does_not_take_the_reserve() {
    let mut scheduler = Numbers::new(Bounds { reserve: 16, ..bounds(32, 32) });
    for run in 0..16 {
        assert_eq!(ask(&mut scheduler, 1, run), None);
    }
    let in_one = |n: u32| ipv6(&format!("2001:db8:1:{n:x}::1"));
    let taken = (0..40).filter(|n| add(&mut scheduler, in_one(*n), 100 + n).position == 0).count();
    assert_eq!(taken, 16 / NETWORK_SHARE);
    assert_eq!(add(&mut scheduler, ipv6("2001:db8:2::1"), 200).position, 0);
}

#[test]
fn half_of_the_slots_at_most_are_the_reserve() {
    let mut scheduler = Numbers::new(Bounds { reserve: 64, ..bounds(1, 1) });
    assert_eq!(ask(&mut scheduler, 1, 1), None);
    let mut scheduler = Numbers::new(Bounds { reserve: 64, ..bounds(3, 3) });
    assert_eq!([1, 2, 3].map(|run| ask(&mut scheduler, 1, run)), [None, None, Some(1)]);
}

#[test]
fn a_full_queue_takes_the_last_of_who_has_most() {
    let mut scheduler = Numbers::new(Bounds { queue: 4, client_queue: 3, ..bounds(1, 1) });
    ask(&mut scheduler, 0, 0);
    for run in 10..13 {
        ask(&mut scheduler, 1, run);
    }
    assert_eq!(scheduler.add(client(1), 1, 13).unwrap_err(), Full::Client);
    ask(&mut scheduler, 2, 20);
    for (n, run, expected) in [(3, 30, 12), (2, 21, 11)] {
        match scheduler.add(client(n), 1, run) {
            Ok(Added { displaced, .. }) => {
                let displaced: Vec<u32> = displaced.iter().map(|key| number(&scheduler, *key)).collect();
                assert_eq!(displaced, [expected]);
            }
            // Two of one are not more than two of another.
            Err(full) => assert_eq!((n, full), (2, Full::All)),
        }
    }
    assert_eq!(scheduler.counts(), [1, 4, 0]);
    let mut waiting: Vec<u32> = positions(&scheduler).into_keys().collect();
    waiting.sort_unstable();
    assert_eq!(waiting, [10, 11, 20, 30]);
}

#[test]
fn a_network_with_most_loses_before_a_client() {
    let mut scheduler = Numbers::new(Bounds { queue: 6, ..bounds(1, 1) });
    ask(&mut scheduler, 0, 0);
    // Two of each of two clients in one network, and two of one who has it alone.
    for (run, address) in (1..).zip(["10.7.0.1", "10.7.0.1", "10.7.0.2", "10.7.0.2", "10.8.0.1", "10.8.0.1"])
    {
        add(&mut scheduler, ipv6(&format!("::ffff:{address}")), run);
    }
    let Added { displaced, .. } = add(&mut scheduler, client(9), 90);
    assert!([2, 4].contains(&number(&scheduler, displaced[0])));
}

#[test]
fn long_programs_make_room_for_short_ones() {
    let mut scheduler = Numbers::new(Bounds { queue_bytes: 100, ..bounds(1, 1) });
    ask(&mut scheduler, 0, 0);
    scheduler.add(client(1), 1_000, 1).expect("alone, it may be as long as it is");
    let Added { displaced, .. } = scheduler.add(client(2), 40, 2).expect("it is shorter");
    assert_eq!(displaced.len(), 1);
    scheduler.add(client(2), 40, 3).expect("room");
    assert_eq!(scheduler.add(client(3), 101, 4).unwrap_err(), Full::All);
    // What it displaced in vain waits as before.
    assert_eq!(positions(&scheduler), HashMap::from([(2, 1), (3, 2)]));
}

#[test]
fn a_run_that_asks_yields_and_comes_back_before_new_ones() {
    let mut scheduler = Numbers::new(bounds(1, 1));
    let asks = add(&mut scheduler, client(1), 1).key;
    ask(&mut scheduler, 1, 2);
    ask(&mut scheduler, 1, 3);
    ask(&mut scheduler, 2, 20);
    assert_eq!(scheduler.park(asks), Ok(None));
    assert_eq!(scheduler.phase(asks), Some(Phase::Asking));
    let second = scheduler.next().expect("a slot is free");
    assert_eq!((number(&scheduler, second), scheduler.counts()), (2, [1, 2, 1]));
    assert_eq!(scheduler.resume(asks), Some(Phase::Resuming));
    // Before the new one of its own client, and not before another client's turn.
    assert_eq!(positions(&scheduler), HashMap::from([(20, 1), (3, 3)]));
    assert_eq!(order(&mut scheduler, second), [20, 1, 3]);
}

#[test]
fn a_run_may_ask_again_while_it_waits_for_its_slot() {
    let mut scheduler = Numbers::new(bounds(1, 1));
    let asks = add(&mut scheduler, client(1), 1).key;
    scheduler.park(asks).expect("room");
    let other = add(&mut scheduler, client(2), 2).key;
    assert_eq!(scheduler.resume(asks), Some(Phase::Resuming));
    assert_eq!(scheduler.park(asks), Ok(None));
    assert_eq!((scheduler.phase(asks), scheduler.counts()), (Some(Phase::Asking), [1, 0, 1]));
    scheduler.remove(other);
    assert_eq!(scheduler.next(), None, "it waits for its answer again");
    assert!(matches!(scheduler.resume(asks), Some(Phase::Running { .. })));
}

#[test]
fn too_many_questions_displace_the_last_of_who_has_most() {
    let mut scheduler = Numbers::new(Bounds { parked: 4, client_parked: 3, ..bounds(100, 100) });
    let mut park = |n: u8, run: u32| {
        let key = add(&mut scheduler, client(n), run).key;
        let parked = scheduler.park(key);
        parked.map(|displaced| displaced.map(|key| number(&scheduler, key)))
    };
    for run in 10..13 {
        assert_eq!(park(1, run), Ok(None));
    }
    assert_eq!(park(1, 13), Err(Full::Client));
    assert_eq!(park(2, 20), Ok(None));
    assert_eq!(park(3, 30), Ok(Some(12)));
    assert_eq!(park(4, 40), Ok(Some(11)));
    // All have one: the oldest goes, but not for one who has one already.
    assert_eq!(park(4, 41), Err(Full::All));
    assert_eq!(park(5, 50), Ok(Some(10)));
    assert_eq!(park(6, 60), Ok(Some(20)));
    assert_eq!(scheduler.counts()[2], 4);
}

#[derive(Clone, Debug)]
enum Act {
    Add(usize, u64),
    Park(usize),
    Resume(usize),
    Remove(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0usize..8, 0u64..50).prop_map(|(client, bytes)| Act::Add(client, bytes)),
        2 => any::<usize>().prop_map(Act::Park),
        2 => any::<usize>().prop_map(Act::Resume),
        3 => any::<usize>().prop_map(Act::Remove),
    ];
    prop::collection::vec(act, 0..200)
}

/// Clients of all kinds: alone, in one network, in nested ones, and with a key.
fn clients() -> Vec<ClientKey> {
    let addresses = [
        "10.1.0.1",
        "10.2.0.1",
        "10.2.0.2",
        "2001:db8:1::1",
        "2001:db8:1:1::1",
        "2001:db8:1:ff00::1",
        "2001:db8:2::1",
    ];
    let addresses = addresses.map(|it| ClientKey::of(it.parse().expect("an address")));
    addresses.into_iter().chain([ClientKey::with_key(7)]).collect()
}

/// What a scheduler should know, kept the plain way.
#[derive(Default)]
struct Model(HashMap<RunKey, (ClientKey, u64)>);

impl Model {
    fn count(&self, scheduler: &Numbers, is: impl Fn(Phase) -> bool, client: Option<ClientKey>) -> usize {
        let theirs = self.0.iter().filter(|(_, (it, _))| client.is_none_or(|client| *it == client));
        theirs.filter(|(key, _)| is(scheduler.phase(**key).expect("it is known"))).count()
    }
}

fn runs(phase: Phase) -> bool {
    matches!(phase, Phase::Running { .. })
}

fn waits(phase: Phase) -> bool {
    phase == Phase::Waiting
}

fn is_parked(phase: Phase) -> bool {
    matches!(phase, Phase::Asking | Phase::Resuming)
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    (1usize..6, 0usize..4, 0usize..8, 1usize..6, 1usize..4, 0usize..4, 1usize..4).prop_map(
        |(slots, reserve, queue, parked, client_slots, client_queue, client_parked)| Bounds {
            slots,
            reserve,
            queue,
            queue_bytes: 120,
            parked,
            client_slots,
            client_queue,
            client_parked,
        },
    )
}

/// Of each figure, what the scheduler counts and what there is.
fn check(scheduler: &Numbers, model: &Model, bounds: Bounds) -> Result<(), TestCaseError> {
    let counted = scheduler.counts();
    let there = [runs, waits, is_parked].map(|is| model.count(scheduler, is, None));
    prop_assert_eq!(counted, there);
    let Bounds { slots, queue, parked, client_slots, client_queue, client_parked, queue_bytes, .. } = bounds;
    prop_assert!(counted[0] <= slots && counted[1] <= queue && counted[2] <= parked);
    let waiting = model.0.iter().filter(|(key, _)| scheduler.phase(**key) == Some(Phase::Waiting));
    prop_assert!(counted[1] <= 1 || waiting.map(|(_, (_, bytes))| bytes).sum::<u64>() <= queue_bytes);
    for client in clients() {
        let theirs = |is: fn(Phase) -> bool| model.count(scheduler, is, Some(client));
        prop_assert!(theirs(runs) <= client_slots);
        prop_assert!(theirs(waits) <= client_queue && theirs(is_parked) <= client_parked);
        let wants = theirs(waits) + model.count(scheduler, |phase| phase == Phase::Resuming, Some(client));
        // No slot stays free while somebody may have it.
        prop_assert!(wants == 0 || scheduler.free_slot(client, 0).is_none());
    }
    let mut told: Vec<u32> = positions(scheduler).into_values().collect();
    told.sort_unstable();
    prop_assert_eq!(told.len(), counted[1]);
    prop_assert_eq!(told.iter().collect::<HashSet<_>>().len(), told.len());
    Ok(())
}

proptest! {
    /// Whatever comes, asks, is answered and goes, in whatever order: no slot is lost or given twice, every bound holds,
    /// and when all are gone nothing is kept.
    #[test]
    fn slots_are_conserved_and_bounds_hold(acts in acts(), bounds in any_bounds()) {
        let (mut scheduler, mut model) = (Numbers::new(bounds), Model::default());
        let clients = clients();
        for (run, act) in (0..).zip(acts) {
            let mut known: Vec<RunKey> = model.0.keys().copied().collect();
            known.sort_unstable();
            let one = |at: usize| (!known.is_empty()).then(|| known[at % known.len().max(1)]);
            match act {
                Act::Add(at, bytes) => {
                    let client = clients[at];
                    let waiting = model.count(&scheduler, waits, Some(client));
                    match scheduler.add(client, bytes, run) {
                        Ok(Added { key, phase, position, displaced }) => {
                            model.0.insert(key, (client, bytes));
                            prop_assert_eq!(phase == Phase::Waiting, position > 0);
                            prop_assert!(phase == Phase::Waiting || waiting == 0, "nobody is passed over");
                            if phase == Phase::Waiting {
                                prop_assert_eq!(positions(&scheduler)[&run], position);
                            }
                            for other in displaced {
                                prop_assert_eq!(scheduler.phase(other), Some(Phase::Displaced));
                                prop_assert!(model.0[&other].0 != client);
                            }
                        }
                        Err(Full::Client) => prop_assert_eq!(waiting, bounds.client_queue),
                        Err(Full::All) => {}
                    }
                }
                Act::Park(at) => if let Some(key) = one(at) {
                    let before = scheduler.phase(key);
                    match scheduler.park(key) {
                        Ok(Some(other)) => prop_assert_eq!(scheduler.phase(other), Some(Phase::Displaced)),
                        Ok(None) => {}
                        Err(_) => prop_assert_eq!(scheduler.phase(key), before),
                    }
                },
                Act::Resume(at) => if let Some(key) = one(at) {
                    let before = scheduler.phase(key);
                    let after = scheduler.resume(key);
                    prop_assert_eq!(scheduler.phase(key), after);
                    prop_assert!(before == Some(Phase::Asking) || before == after);
                },
                Act::Remove(at) => if let Some(key) = one(at) {
                    scheduler.remove(key);
                    model.0.remove(&key);
                },
            }
            while scheduler.next().is_some() {}
            check(&scheduler, &model, bounds)?;
        }
        for key in model.0.into_keys() {
            scheduler.remove(key);
            while scheduler.next().is_some() {}
        }
        prop_assert_eq!(scheduler.counts(), [0; 3]);
        prop_assert!(scheduler.runs.is_empty() && scheduler.clients.is_empty());
        let all = &scheduler.nodes[&Scope::All];
        prop_assert!(scheduler.nodes.len() == 1 && all.ring.is_empty() && all.children.is_empty());
        prop_assert!(all.queued_bytes == 0 && all.turns == 0 && all.reserved == 0);
    }

    /// Where one slot is all there is, a position is exact.
    #[test]
    fn a_position_is_the_number_of_starts_until_then(asks in prop::collection::vec(0usize..8, 1..100)) {
        let mut scheduler = Numbers::new(bounds(1, 1));
        let first = add(&mut scheduler, client(99), 0).key;
        for (run, at) in (1..).zip(&asks) {
            add(&mut scheduler, clients()[*at], run);
        }
        let told = positions(&scheduler);
        for (start, run) in (1..).zip(order(&mut scheduler, first)) {
            prop_assert_eq!(told[&run], start);
        }
    }

    /// Nobody starves: a client's next run starts after at most one of each other client, whatever these have waiting,
    /// however many come in the meantime, and though their runs ask and are answered.
    #[test]
    fn a_turn_comes_after_one_run_of_each_other(
        before in prop::collection::vec(1u8..6, 0..100),
        meanwhile in prop::collection::vec(1u8..6, 0..100),
        asks in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        let mut scheduler = Numbers::new(bounds(1, 1));
        let mut last = add(&mut scheduler, client(0), 0).key;
        for (run, n) in (1..).zip(&before) {
            ask(&mut scheduler, *n, run);
        }
        ask(&mut scheduler, 9, 1_000);
        let (mut started, mut meanwhile) = (Vec::new(), (2_000..).zip(meanwhile));
        let (mut asks, mut asking) = (asks.into_iter().cycle(), Vec::new());
        loop {
            for (run, n) in meanwhile.by_ref().take(3) {
                ask(&mut scheduler, n, run);
            }
            // The run either ends, or asks and is answered before the next one ends.
            if asks.next() == Some(true) {
                scheduler.park(last).expect("room");
                asking.push(last);
            } else {
                scheduler.remove(last);
            }
            let key = scheduler.next().expect("somebody waits");
            for answered in asking.drain(..) {
                scheduler.resume(answered);
            }
            if number(&scheduler, key) == 1_000 {
                break;
            }
            let client = scheduler.runs[&key].client;
            prop_assert!(!started.contains(&client), "twice before the one who waits");
            started.push(client);
            last = key;
        }
    }
}
