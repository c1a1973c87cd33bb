use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn client(n: u8) -> ClientKey {
    ClientKey::of([192, 0, 2, n].into())
}

/// A queue in which a run is its number.
type Numbers = Queue<u32>;

fn bounds(places: usize, client_places: usize) -> Bounds {
    Bounds { places, queue: 10_000, client_places, client_queue: 10_000 }
}

/// Asks as [`super::super::permit`] does; the position if it has to wait.
fn ask(queue: &mut Numbers, n: u8, run: u32) -> Option<u32> {
    if queue.take(client(n)) {
        return None;
    }
    Some(queue.wait(client(n), |position| (run, position)).expect("a turn").1)
}

fn positions(queue: &Numbers) -> HashMap<u32, u32> {
    let mut all = HashMap::new();
    queue.positions(|run, position| {
        assert!(all.insert(*run, position).is_none(), "each is told once");
    });
    all
}

/// Runs in the order in which they start when a client who is in nobody's way gives back one place at a time.
fn order(queue: &mut Numbers) -> Vec<u32> {
    let mut runs = Vec::new();
    let mut last = client(0);
    loop {
        queue.give_back(last);
        let Some((client, run)) = queue.next() else { return runs };
        runs.push(run);
        last = client;
    }
}

#[test]
fn who_has_one_run_waits_for_one_of_each_other() {
    let mut queue = Numbers::new(bounds(1, 1));
    assert_eq!(ask(&mut queue, 0, 0), None);
    for run in 0..50 {
        assert_eq!(ask(&mut queue, 1, 100 + run), Some(run + 1));
    }
    assert_eq!(ask(&mut queue, 2, 200), Some(2));
    assert_eq!(ask(&mut queue, 2, 201), Some(4));
    assert_eq!(ask(&mut queue, 3, 300), Some(3));
    assert_eq!(positions(&queue)[&101], 4, "those behind are told that they wait longer");
    assert_eq!(order(&mut queue)[..7], [100, 200, 300, 101, 201, 102, 103]);
}

#[test]
fn both_bounds_of_the_queue_hold() {
    let mut queue = Queue::new(Bounds { places: 1, queue: 3, client_places: 1, client_queue: 2 });
    assert!(queue.take(client(1)));
    let mut wait = |n| queue.wait(client(n), |_| ((), ())).map(|(ticket, ())| ticket);
    assert_eq!(wait(1), Ok(0));
    assert_eq!(wait(1), Ok(1));
    assert_eq!(wait(1), Err(Full::Client));
    assert_eq!(wait(2), Ok(2));
    assert_eq!(wait(2), Err(Full::Queue));
    assert!(queue.leave(client(1), 1) && !queue.leave(client(1), 1) && !queue.leave(client(9), 1));
    assert_eq!(queue.counts(), (1, 2));
}

#[test]
fn a_client_with_all_places_one_may_have_leaves_the_rest_to_others() {
    let mut queue = Numbers::new(bounds(3, 2));
    assert_eq!((ask(&mut queue, 1, 1), ask(&mut queue, 1, 2)), (None, None));
    assert_eq!(ask(&mut queue, 1, 3), Some(1), "though a place is free");
    assert!(queue.next().is_none());
    assert_eq!(ask(&mut queue, 2, 4), None);
    assert_eq!(ask(&mut queue, 2, 5), Some(2));
    queue.give_back(client(2));
    assert_eq!(queue.next(), Some((client(2), 5)), "the first in the ring may not have it");
    queue.give_back(client(1));
    assert_eq!(queue.next(), Some((client(1), 3)));
    assert_eq!(queue.counts(), (3, 0));
}

#[derive(Clone, Debug)]
enum Act {
    Ask(u8),
    GiveBack(usize),
    Leave(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0u8..6).prop_map(Act::Ask),
        2 => any::<usize>().prop_map(Act::GiveBack),
        1 => any::<usize>().prop_map(Act::Leave),
    ];
    proptest::collection::vec(act, 0..200)
}

/// What a queue should know, kept the plain way.
#[derive(Default)]
struct Model {
    running: Vec<ClientKey>,
    waiting: Vec<(ClientKey, u64, u32)>,
}

impl Model {
    fn running_of(&self, client: ClientKey) -> usize {
        self.running.iter().filter(|it| **it == client).count()
    }
}

proptest! {
    /// Whatever is asked, given back and left: no place is lost or given twice, none stays free while
    /// somebody may have it, and positions are the order in which the runs would start.
    #[test]
    fn places_are_conserved_and_positions_are_true(
        acts in acts(), places in 1usize..5, client_places in 1usize..5, client_queue in 0usize..8,
    ) {
        let bounds = Bounds { places, queue: 12, client_places, client_queue };
        let mut queue = Numbers::new(bounds);
        let mut model = Model::default();
        for (run, act) in (0..).zip(acts) {
            match act {
                Act::Ask(n) => {
                    let client = client(n);
                    let theirs = model.waiting.iter().filter(|it| it.0 == client).count();
                    if queue.take(client) {
                        prop_assert_eq!(theirs, 0, "nobody is passed over");
                        model.running.push(client);
                    } else {
                        match queue.wait(client, |position| (run, position)) {
                            Ok((ticket, position)) => {
                                model.waiting.push((client, ticket, run));
                                prop_assert_eq!(positions(&queue)[&run], position);
                            }
                            Err(Full::Client) => prop_assert_eq!(theirs, client_queue),
                            Err(Full::Queue) => prop_assert_eq!(model.waiting.len(), 12),
                        }
                    }
                }
                Act::GiveBack(at) if !model.running.is_empty() => {
                    let client = model.running.swap_remove(at % model.running.len());
                    queue.give_back(client);
                }
                Act::Leave(at) if !model.waiting.is_empty() => {
                    let (client, ticket, _) = model.waiting.remove(at % model.waiting.len());
                    prop_assert!(queue.leave(client, ticket));
                    prop_assert!(!queue.leave(client, ticket));
                }
                Act::GiveBack(_) | Act::Leave(_) => {}
            }
            while let Some((client, run)) = queue.next() {
                let at = model.waiting.iter().position(|it| it.2 == run).expect("it waited");
                prop_assert_eq!(model.waiting.remove(at).0, client);
                prop_assert!(model.waiting.iter().all(|it| it.0 != client || it.2 > run), "its oldest");
                model.running.push(client);
            }
            prop_assert_eq!(queue.counts(), (model.running.len(), model.waiting.len()));
            prop_assert!(model.running.len() <= places);
            for (client, ..) in &model.waiting {
                let theirs = model.running_of(*client);
                prop_assert!(model.running.len() == places || theirs == client_places);
            }
            let mut all: Vec<u32> = positions(&queue).into_values().collect();
            all.sort_unstable();
            prop_assert!(all.iter().copied().eq(1..=model.waiting.len() as u32));
        }
        for client in model.running {
            queue.give_back(client);
            while queue.next().is_some() {}
        }
    }

    /// Where no client has all the places that one may have, a position is exact.
    #[test]
    fn a_position_is_the_number_of_starts_until_then(asks in proptest::collection::vec(1u8..8, 1..100)) {
        let mut queue = Numbers::new(bounds(1, 1));
        prop_assert_eq!(ask(&mut queue, 0, 0), None);
        for (run, n) in (1..).zip(&asks) {
            ask(&mut queue, *n, run);
        }
        let told = positions(&queue);
        for (start, run) in (1..).zip(order(&mut queue)) {
            prop_assert_eq!(told[&run], start);
        }
        prop_assert_eq!(queue.counts(), (0, 0));
        prop_assert!(queue.clients.is_empty() && queue.ring.is_empty(), "nothing is kept of those who left");
    }

    /// Nobody starves: a client's next run starts after at most one of each other client, whatever these
    /// have waiting, and however many come in the meantime.
    #[test]
    fn a_turn_comes_after_one_run_of_each_other(
        before in proptest::collection::vec(1u8..6, 0..100),
        meanwhile in proptest::collection::vec(1u8..6, 0..100),
    ) {
        let mut queue = Numbers::new(bounds(1, 1));
        ask(&mut queue, 0, 0);
        for (run, n) in (1..).zip(&before) {
            ask(&mut queue, *n, run);
        }
        ask(&mut queue, 9, 1_000);
        let (mut last, mut started) = (client(0), Vec::new());
        let mut meanwhile = (2_000..).zip(meanwhile);
        loop {
            for (run, n) in meanwhile.by_ref().take(3) {
                ask(&mut queue, n, run);
            }
            queue.give_back(last);
            let (client, run) = queue.next().expect("somebody waits");
            if run == 1_000 {
                break;
            }
            prop_assert!(!started.contains(&client), "twice before the one who waits");
            started.push(client);
            last = client;
        }
    }
}
