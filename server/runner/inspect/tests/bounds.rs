//! What is cut, and that nothing is larger or dearer than it may be.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::protocol::value::ObjectKind;

#[test]
fn what_is_cut_is_counted() {
    with_isolate(|scope| {
        let long = look_at(scope, "'é'.repeat(20000)");
        let Value::String { value, length } = long else { panic!() };
        assert_eq!((size::units(&value), length), (10_000, 20_000));
        let pair = look_at(scope, "'x'.repeat(9999) + '💧!'");
        let Value::String { value, length } = pair else { panic!() };
        assert_eq!((value.len(), value.ends_with('x'), length), (9_999, true, 10_002));
        let inner = object(look_at(scope, "({s: 'a'.repeat(5000)})"));
        let Some(Value::String { value, length }) = &property(&inner, "s").value else { panic!() };
        assert_eq!((value.len(), *length), (1_000, 5_000));

        for (source, shown, more) in [
            ("Array.from({length: 150}, (_, i) => i)", 100, 50),
            ("new Set(Array.from({length: 150}, (_, i) => i))", 100, 50),
            ("new Uint8Array(150)", 100, 50),
            ("new ArrayBuffer(150)", 100, 50),
            ("Array.from({length: 300}, (_, i) => i % 2 ? i : undefined)", 100, 200),
        ] {
            let cut = object(look_at(scope, source));
            assert_eq!((cut.items.len(), cut.more), (shown, more), "{source}");
            assert!(cut.kind == ObjectKind::ArrayBuffer || cut.text.contains('…'), "{source}: {}", cut.text);
        }
        let map = object(look_at(scope, "new Map(Array.from({length: 150}, (_, i) => [i, i]))"));
        assert_eq!((map.entries.len(), map.more), (100, 50));
        let wide =
            object(look_at(scope, "Object.fromEntries(Array.from({length: 150}, (_, i) => ['k' + i, i]))"));
        assert_eq!((wide.properties.len(), wide.more), (100, 50));

        let mut deep =
            object(look_at(scope, "let d = {n: 0}; for (let i = 1; i < 1e5; i++) d = {n: i, d}; d"));
        for _ in 0..6 {
            assert_eq!((deep.properties.len(), deep.more), (2, 0));
            deep = object(property(&deep, "d").value.clone().unwrap());
        }
        assert_eq!((deep.properties.len(), deep.more, deep.text.as_str()), (0, 2, "{…}"));
    });
}

#[test]
fn the_cost_does_not_grow_with_what_is_not_shown() {
    with_isolate(|scope| {
        for source in [
            "new Array(5e7)",
            "{ const a = []; a[1e9] = 1; a }",
            "'x'.repeat(2 ** 29 - 24)",
            "('ab'.repeat(2 ** 22) + 'é').repeat(3)",
            "new Array(1e6).fill(7)",
            "{ const a = new Array(2e6).fill(1.5); for (let i = 5; i < 1e6; i++) delete a[i]; a }",
            "new Uint8Array(3e7)",
            "{ const o = {}; for (let i = 0; i < 1e5; i++) o['k' + i] = i; o }",
            "new Map(Array.from({length: 2e5}, (_, i) => [i, i]))",
            "2n ** (2n ** 24n)",
            "new RegExp('a'.repeat(1e6))",
        ] {
            let value = eval(scope, source);
            let before = scope.get_heap_statistics().used_heap_size();
            let start = Instant::now();
            let tree = look(scope, value);
            let (took, after) = (start.elapsed(), scope.get_heap_statistics().used_heap_size());
            eprintln!("{source}: {took:?}, {} KiB", after.saturating_sub(before) >> 10);
            assert!(json_len(&tree) <= 48 << 10, "{source}");
            eval(scope, "gc()");
        }
    });
}

#[test]
fn a_small_budget_is_kept() {
    with_isolate(|scope| {
        let sources = [
            "'\\u0001'.repeat(20000)",
            "({a: {b: {c: [1, 2, 3, 'x'.repeat(500)]}}})",
            "Array.from({length: 99}, (_, i) => ({i, s: '\"'.repeat(50)}))",
            "new Map(Array.from({length: 99}, (_, i) => [{i}, ['é'.repeat(i)]]))",
            "new Error('\\n'.repeat(9999), {cause: new Error('c')})",
            "function f() {}; Object.defineProperty(f, 'name', {value: '\\0'.repeat(999)}); [f, f, [f]]",
            "new Proxy({['\\0'.repeat(300)]: 1}, {get: 1})",
            "Object.assign(new String('\\0'.repeat(999)), {x: 1})",
            "class LongNameIndeedThatGoesOnForAVeryLongTimeUntilItIsCutSomewhereByTheInspector {}; [new LongNameIndeedThatGoesOnForAVeryLongTimeUntilItIsCutSomewhereByTheInspector]",
            "Symbol('\\0'.repeat(999))",
            "10n ** 900n",
            "[Promise.resolve(Object(9n ** 99n)), new Set([1, [2]]).values(), new ArrayBuffer(50), [,,1,,]]",
        ];
        for source in sources {
            let value = eval(scope, source);
            for bytes in (0..3_000).step_by(7).chain([10_000, 48 << 10]) {
                let mut budget = Budget::new(bytes);
                let tree = inspect(scope, value, &InspectLimits::default(), &mut budget, &user_frames());
                let (length, room) = (json_len(&tree), bytes.max(NOTHING));
                assert!(length <= room, "{source}: {length} of {room}: {tree:?}");
                assert!(length <= (bytes - budget.bytes()).max(NOTHING), "{source}: more than was charged");
            }
        }
    });
}

/// A random expression of nested values.
pub(in crate::runner) fn expression() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-z]{0,8}", "\\PC{0,40}", "[\u{0}-\u{1f}\"\\\\]{0,40}"]
        .prop_map(|text: String| serde_json::to_string(&text).unwrap());
    let text = prop_oneof![4 => text, 1 => Just("'\\u0001'.repeat(3000)".to_owned()), 1 => Just("'\\ud800'".to_owned())];
    let leaf = prop_oneof![
        any::<f64>().prop_map(|n| if n.is_finite() { format!("({n:e})") } else { "NaN".to_owned() }),
        text.clone(),
        Just("undefined".to_owned()),
        Just("(-(3n ** 500n))".to_owned()),
        Just("new Date(NaN)".to_owned()),
        Just("new Uint8Array(90)".to_owned()),
        Just("/[a-z]+/gi".to_owned()),
        Just("new Error('\\n\\t' + 'e'.repeat(900))".to_owned()),
        Just("new Array(7)".to_owned()),
        Just("Symbol('\\u0002'.repeat(90))".to_owned()),
        Just("shared".to_owned()),
        Just("(class Some { static x = 1 })".to_owned()),
    ];
    leaf.prop_recursive(5, 200, 12, move |inner| {
        let key = text.clone();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner.clone()), 0..12).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("[{key}]: {value}")).collect();
                format!("({{{}}})", members.join(","))
            }),
            prop::collection::vec((inner.clone(), inner.clone()), 0..6).prop_map(|entries| {
                let entries: Vec<_> = entries.iter().map(|(key, value)| format!("[{key},{value}]")).collect();
                format!("new Map([{}])", entries.join(","))
            }),
            inner.clone().prop_map(|value| format!("new Set([{value}, 1])")),
            inner.clone().prop_map(|value| format!("Promise.resolve({value})")),
            inner.clone().prop_map(|value| format!("new Proxy([{value}], {{h: {value}}})")),
            inner.clone().prop_map(|value| format!("new Error('m', {{cause: {value}}})")),
            inner.prop_map(|value| format!("Array(200).fill({value})")),
        ]
    })
}

#[test]
fn a_tree_is_never_larger_than_its_budget() {
    with_isolate(|scope| {
        eval(scope, "globalThis.shared = {shared: [1]}; shared.self = shared; 0");
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 300,
            failure_persistence: None,
            ..Default::default()
        });
        let scope = std::cell::RefCell::new(scope);
        runner
            .run(&(expression(), 64usize..64 << 10), |(source, bytes)| {
                let scope = &mut **scope.borrow_mut();
                v8::scope!(let scope, scope);
                let value = eval(scope, &source);
                let mut budget = Budget::new(bytes);
                let tree = inspect(scope, value, &InspectLimits::default(), &mut budget, &user_frames());
                // What stands for a value of which nothing fits costs nothing.
                let charged = (bytes - budget.bytes()).max(NOTHING);
                prop_assert!(json_len(&tree) <= charged, "{}", json_len(&tree));
                Ok(())
            })
            .unwrap();
    });
}
