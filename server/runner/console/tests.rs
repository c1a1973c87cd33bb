//! Calls of every method, as a program makes them.

use std::cell::{Cell, RefCell};

use proptest::prelude::*;

use super::*;
use crate::protocol::value::{ObjectKind, Table};
use crate::runner::inspect::tests::{eval, expression, user_frames, with_hostile_values, with_isolate};

thread_local! {
    static CONSOLE: RefCell<Option<Console>> = const { RefCell::new(None) };
    static EVENTS: RefCell<Vec<ConsoleEvent>> = const { RefCell::new(Vec::new()) };
    /// How many events went the short way, too.
    static PLAIN: Cell<usize> = const { Cell::new(0) };
}

/// The native function behind `console`'s methods: number and array of arguments.
fn console_call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue,
) {
    let method = Method::try_from(args.get(0).uint32_value(scope).unwrap()).unwrap();
    let args = arguments(scope, args.get(1).try_cast().unwrap());
    let event = CONSOLE.with_borrow_mut(|console| {
        let console = console.as_mut().unwrap();
        let plain = console.plain(scope, method, args.iter().copied(), Instant::now()).map(<[u8]>::to_vec);
        let event = console.call(scope, method, &args);
        if let Some(plain) = plain {
            PLAIN.set(PLAIN.get() + 1);
            // The short way writes what the long way does; only time passes meanwhile.
            let ConsoleEvent { at_ms, .. } = serde_json::from_slice(&plain).unwrap();
            let expected = serde_json::to_string(&ConsoleEvent { at_ms, ..event.clone().unwrap() }).unwrap();
            assert_eq!(String::from_utf8(plain).unwrap(), expected);
        }
        event
    });
    EVENTS.with_borrow_mut(|events| events.extend(event));
}

/// A realm with a `console` whose events go to [`EVENTS`].
fn with_console(message_bytes: usize, test: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>)) {
    CONSOLE.set(Some(Console::new(user_frames(), Instant::now(), message_bytes)));
    with_isolate(|scope| {
        let call = v8::Function::new(scope, console_call).unwrap();
        let key = v8::String::new(scope, "call").unwrap();
        scope.get_current_context().global(scope).set(scope, key.into(), call.into());
        let names: Vec<_> = Method::ALL.iter().map(|method| method.name()).collect();
        let build = format!(
            "globalThis.console = {{}};
            {names:?}.forEach((name, number) => {{
                const call = globalThis.call;
                console[name] = {{[name](...args) {{ call(number, args) }}}}[name];
            }});"
        );
        let code = v8::String::new(scope, &build).unwrap();
        v8::Script::compile(scope, code, None).unwrap().run(scope).unwrap();
        test(scope);
    });
}

fn events(scope: &mut v8::PinScope<'_, '_>, source: &str) -> Vec<ConsoleEvent> {
    EVENTS.take();
    eval(scope, source);
    EVENTS.take()
}

fn event(scope: &mut v8::PinScope<'_, '_>, source: &str) -> ConsoleEvent {
    let mut events = events(scope, source);
    assert_eq!(events.len(), 1, "{source}: {events:?}");
    events.remove(0)
}

#[test]
fn texts_are_what_a_terminal_shows() {
    #[rustfmt::skip]
    let cases: &[(&str, Level, Option<Kind>, &str)] = &[
        ("console.log()", Level::Log, None, ""),
        ("console.log('hi', {a: 1})", Level::Log, None, "hi {a: 1}"),
        ("console.log('a\\nb', 'c')", Level::Log, None, "a\nb c"),
        ("console.info(1, -0, 2n, null)", Level::Info, None, "1 -0 2n null"),
        ("console.warn(undefined)", Level::Warn, None, "undefined"),
        ("console.error(new TypeError('x'))", Level::Error, None, "TypeError: x"),
        ("console.debug(Symbol('s'))", Level::Debug, None, "Symbol(s)"),
        ("console.dirxml({a: 1}, 2)", Level::Log, None, "{a: 1} 2"),
        ("console.dir({a: 1}, 2)", Level::Log, Some(Kind::Dir), "{a: 1}"),
        ("console.dir()", Level::Log, Some(Kind::Dir), ""),
        ("console.dir('%s', 1)", Level::Log, Some(Kind::Dir), "%s"),
        ("console.log('%s is %d years and %i, %f', 'Bob', 42.5, '7px', '1.5')", Level::Log, None, "Bob is 42 years and 7, 1.5"),
        ("console.log('%o|%O', {a: 1}, [1], 'rest', 2)", Level::Log, None, "{a: 1}|[1] rest 2"),
        ("console.log('%cred', 'color: red')", Level::Log, None, "red"),
        ("console.log('100%', 5)", Level::Log, None, "100% 5"),
        ("console.log('%s', {toString() { throw 1 }})", Level::Log, None, "{toString: ƒ toString()}"),
        ("console.log({}, '%s', 1)", Level::Log, None, "{} %s 1"),
        ("console.assert(true, 'no')", Level::Log, None, ""),
        ("console.assert(false)", Level::Error, Some(Kind::Assert), "Assertion failed"),
        ("console.assert()", Level::Error, Some(Kind::Assert), "Assertion failed"),
        ("console.assert(0, 'x is %d', 5)", Level::Error, Some(Kind::Assert), "Assertion failed: x is 5"),
        ("console.assert('', {a: 1})", Level::Error, Some(Kind::Assert), "Assertion failed: {a: 1}"),
        ("console.trace()", Level::Log, Some(Kind::Trace), "Trace"),
        ("console.trace('at %s', 'home')", Level::Log, Some(Kind::Trace), "Trace: at home"),
        ("console.count()", Level::Log, Some(Kind::Count), "default: 1"),
        ("console.count(undefined)", Level::Log, Some(Kind::Count), "default: 2"),
        ("console.count('default')", Level::Log, Some(Kind::Count), "default: 3"),
        ("console.count(null)", Level::Log, Some(Kind::Count), "null: 1"),
        ("console.count({toString() { throw 1 }})", Level::Log, Some(Kind::Count), "{toString: ƒ toString()}: 1"),
        ("console.countReset()", Level::Log, None, ""),
        ("console.count()", Level::Log, Some(Kind::Count), "default: 1"),
        ("console.countReset('new')", Level::Warn, Some(Kind::Count), "Count for 'new' does not exist"),
        ("console.time('t')", Level::Log, None, ""),
        ("console.time('t')", Level::Warn, Some(Kind::Time), "Timer 't' already exists"),
        ("console.timeEnd('u')", Level::Warn, Some(Kind::Time), "Timer 'u' does not exist"),
        ("console.timeLog('u', 1)", Level::Warn, Some(Kind::Time), "Timer 'u' does not exist"),
        ("console.clear()", Level::Log, Some(Kind::Clear), ""),
        ("console.table(5)", Level::Log, None, "5"),
        ("console.table()", Level::Log, None, ""),
        ("console.table([[1]])", Level::Log, Some(Kind::Table), "[Array(1)]"),
        ("console.groupEnd()", Level::Log, None, ""),
    ];
    with_console(64 << 10, |scope| {
        for (source, level, kind, text) in cases {
            let mut found = events(scope, source);
            let silent =
                text.is_empty() && kind.is_none() && !matches!(*source, "console.log()" | "console.table()");
            if silent {
                assert!(found.is_empty(), "{source}: {found:?}");
                continue;
            }
            assert_eq!(found.len(), 1, "{source}");
            let event = found.remove(0);
            assert_eq!((event.level, event.kind, event.text.as_str()), (*level, *kind, *text), "{source}");
            assert_eq!((event.line, event.column), (1, 9), "{source}");
        }
    });
}

#[test]
fn timers_tell_milliseconds() {
    with_console(64 << 10, |scope| {
        let found = events(
            scope,
            "console.time(); console.timeLog('default', 'so', {far: 1}); console.timeEnd(); console.timeEnd()",
        );
        let texts: Vec<_> = found.iter().map(|event| event.text.as_str()).collect();
        let time = |text: &str| {
            text.strip_prefix("default: ").unwrap().strip_suffix(" ms").unwrap().parse::<f64>().unwrap()
        };
        assert!(time(texts[0].strip_suffix(" so {far: 1}").unwrap()) >= 0.0);
        assert!(time(texts[1]) >= 0.0);
        assert_eq!((texts[2], found.len()), ("Timer 'default' does not exist", 3));
        assert_eq!(found[0].args.len(), 3);
    });
    assert_eq!(milliseconds(Duration::from_micros(12_345)), "12.3 ms");
}

#[test]
fn groups_nest() {
    with_console(64 << 10, |scope| {
        let found = events(
            scope,
            "console.group('a'); console.groupCollapsed('b %s', 'c'); console.log(1); console.groupEnd(); console.log(2)
            console.groupEnd(); console.groupEnd(); console.log(3); console.group(); console.clear(); console.log(4)",
        );
        let found: Vec<_> =
            found.iter().map(|event| (event.kind, event.depth, event.text.as_str())).collect();
        assert_eq!(
            found,
            [
                (Some(Kind::Group), 0, "a"),
                (Some(Kind::GroupCollapsed), 1, "b c"),
                (None, 2, "1"),
                (Some(Kind::GroupEnd), 1, ""),
                (None, 1, "2"),
                (Some(Kind::GroupEnd), 0, ""),
                (None, 0, "3"),
                (Some(Kind::Group), 0, ""),
                (Some(Kind::Clear), 0, ""),
                (None, 0, "4"),
            ]
        );
        let deep = events(scope, "for (let i = 0; i < 1000; i++) console.group(i); console.log('x')");
        assert_eq!(deep.last().unwrap().depth, MAX_GROUPS);
        let out = events(scope, "for (let i = 0; i < 1000; i++) console.groupEnd(); console.log('x')");
        assert_eq!((out.len(), out.last().unwrap().depth), (1001, 0));
    });
}

#[test]
fn labels_are_bounded() {
    with_console(64 << 10, |scope| {
        let found =
            events(scope, "for (let i = 0; i < 1005; i++) { console.count('c' + i); console.time('t' + i) }");
        let warned = |kind| {
            found.iter().filter(|event| event.level == Level::Warn && event.kind == Some(kind)).count()
        };
        assert_eq!((warned(Kind::Count), warned(Kind::Time)), (5, 5));
        assert_eq!(event(scope, "console.count('c7')").text, "c7: 2");
        let long = event(scope, "console.countReset('c8'); console.count('x'.repeat(1e7))");
        assert_eq!(long.text, format!("{}: 1", "x".repeat(LABEL_UNITS)));
    });
}

#[test]
fn positions_and_traces_are_the_visitors() {
    with_console(64 << 10, |scope| {
        let at = event(scope, "\n\n   console.log(1)");
        assert_eq!((at.line, at.column), (3, 12));
        let inside = event(scope, "\nfunction f() {\n  [1].forEach(console.log)\n}\nf()");
        assert_eq!((inside.line, inside.column), (3, 7));
        let evaled = event(scope, "\neval('\\n\\n\\nconsole.log(1)')");
        assert_eq!((evaled.line, evaled.column), (2, 1));
        let trace = event(
            scope,
            "function outer() {\n inner() }\nfunction inner() {\n  console.trace('t') }\nouter()",
        );
        let frames: Vec<_> =
            trace.stack.unwrap().into_iter().map(|f| (f.function, f.line, f.column)).collect();
        assert_eq!(frames, [("inner".to_owned(), 4, 11), ("outer".to_owned(), 2, 2), (String::new(), 5, 1)]);
        assert_eq!((trace.line, trace.column), (4, 11));
    });
}

/// A table as rows of texts.
fn cells(table: &Table) -> Vec<Vec<String>> {
    let mut rows = vec![table.columns.clone()];
    for row in &table.rows {
        let cells = row.cells.iter().map(|cell| cell.as_ref().map_or("-".to_owned(), line));
        rows.push(std::iter::once(row.index.clone()).chain(cells).collect());
    }
    rows
}

#[test]
fn tables_have_the_standards_cells() {
    #[rustfmt::skip]
    let cases: &[(&str, &[&[&str]])] = &[
        ("[[1, 2], [3]]", &[&["(index)", "0", "1"], &["0", "1", "2"], &["1", "3", "-"]]),
        ("[{a: 1, b: 'x'}, {b: 2, c: [1]}]", &[&["(index)", "a", "b", "c"], &["0", "1", "x", "-"], &["1", "-", "2", "[1]"]]),
        ("[{a: 1}, 5]", &[&["(index)", "a", "Values"], &["0", "1", "-"], &["1", "-", "5"]]),
        ("['x', , 'y']", &[&["(index)", "Values"], &["0", "x"], &["2", "y"]]),
        ("({r1: {a: 1}, r2: null})", &[&["(index)", "a", "Values"], &["r1", "1", "-"], &["r2", "-", "null"]]),
        ("new Map([['k', {a: 1}]])", &[&["(iteration index)", "Key", "Values"], &["0", "k", "{a: 1}"]]),
        ("new Set([1, 'b'])", &[&["(iteration index)", "Values"], &["0", "1"], &["1", "b"]]),
        ("[{a: 1, b: 2, c: 3}], ['c', 'a', 'zz']", &[&["(index)", "c", "a", "zz"], &["0", "3", "1", "-"]]),
        ("[[1, 2, 3]], [1]", &[&["(index)", "1"], &["0", "2"]]),
        ("[{a: 1}], 'a'", &[&["(index)", "a"], &["0", "1"]]),
        ("new Uint8Array([7])", &[&["(index)", "Values"], &["0", "7"]]),
        ("[{get g() { throw 1 }}]", &[&["(index)", "g"], &["0", "[Getter]"]]),
        ("[new Date(0), new Error('e')]", &[&["(index)", "Values"], &["0", "1970-01-01T00:00:00.000Z"], &["1", "Error: e"]]),
        ("[]", &[&["(index)"]]),
        ("[new Proxy({a: 1}, {get() { throw 1 }})]", &[&["(index)", "Values"], &["0", "Proxy(Object)"]]),
    ];
    with_console(64 << 10, |scope| {
        for (args, expected) in cases {
            let event = event(scope, &format!("console.table({args})"));
            assert_eq!(cells(event.table.as_ref().unwrap()), *expected, "{args}");
            assert_eq!((event.kind, event.args.len()), (Some(Kind::Table), 1), "{args}");
        }
        for args in ["1", "'text'", "null", "() => {}", "new Proxy([1], {})"] {
            let event = event(scope, &format!("console.table({args}, ['a'])"));
            assert_eq!((event.table, event.kind), (None, None), "{args}");
        }
        let large = event(
            scope,
            "console.table(Array.from({length: 150}, () => Object.fromEntries(Array.from({length: 30}, (_, i) => ['c' + i, i]))))",
        );
        let table = large.table.unwrap();
        assert_eq!(
            (table.rows.len() as u64 + table.more_rows, table.columns.len(), table.more_columns),
            (150, 21, 10)
        );
        let sparse = event(scope, "console.table(new Array(5e7))").table.unwrap();
        assert_eq!((sparse.rows.len(), sparse.more_rows), (0, 5e7 as u64 - 100));
    });
}

#[test]
fn temporal_objects_are_formatted_by_their_iso_form() {
    with_console(64 << 10, |scope| {
        if !eval(scope, "'Temporal' in globalThis").is_true() {
            return eprintln!("this V8 has no Temporal: nothing is tested");
        }
        eval(
            scope,
            "const day = Temporal.PlainDate.from('2026-11-30'), span = Temporal.Duration.from('PT90M')",
        );
        for (args, text) in [
            ("day", "Temporal.PlainDate 2026-11-30"),
            ("'%s takes %s', day, span", "2026-11-30 takes PT90M"),
            ("'%o and %O', day, span", "Temporal.PlainDate 2026-11-30 and Temporal.Duration PT90M"),
            ("'%d %i %f', day, day, day", "2026 2026 2026"),
            ("'%d', span", "NaN"),
            (
                "day, [day], { span }",
                "Temporal.PlainDate 2026-11-30 [Temporal.PlainDate 2026-11-30] {span: Temporal.Duration PT90M}",
            ),
        ] {
            assert_eq!(event(scope, &format!("console.log({args})")).text, text, "{args}");
        }
        let dir = event(scope, "console.dir(day)");
        assert_eq!(dir.text, "Temporal.PlainDate 2026-11-30");
        for (args, expected) in [
            (
                "[day, span]",
                vec![
                    vec!["(index)", "Values"],
                    vec!["0", "Temporal.PlainDate 2026-11-30"],
                    vec!["1", "Temporal.Duration PT90M"],
                ],
            ),
            (
                "[{ day, span }]",
                vec![
                    vec!["(index)", "day", "span"],
                    vec!["0", "Temporal.PlainDate 2026-11-30", "Temporal.Duration PT90M"],
                ],
            ),
            ("{ a: { day } }", vec![vec!["(index)", "day"], vec!["a", "Temporal.PlainDate 2026-11-30"]]),
        ] {
            let table = event(scope, &format!("console.table({args})")).table.unwrap();
            assert_eq!(cells(&table), expected, "{args}");
        }
    });
}

#[test]
fn many_arguments_are_cut_and_counted() {
    with_console(64 << 10, |scope| {
        let many = event(scope, "console.log(...Array.from({length: 250}, (_, i) => i))");
        assert_eq!(many.args.len(), 101);
        assert!(many.text.ends_with("98 99 … 150 more arguments"), "{}", many.text);
        // Listing keys is native code that nothing interrupts: a large object is not listed a hundred times.
        eval(scope, "globalThis.large = {}; for (let i = 0; i < 3e5; i++) large['k' + i] = i; 0");
        let start = Instant::now();
        let listed = event(scope, "console.log(...Array(100).fill(large))");
        eprintln!("a hundred times an object of 300,000 properties: {:?}", start.elapsed());
        let open = |arg: &Value| matches!(arg, Value::Object(object) if !object.properties.is_empty());
        assert!(listed.args.iter().filter(|arg| open(arg)).count() <= 7);
        assert!(
            listed
                .args
                .iter()
                .all(|arg| matches!(arg, Value::Object(object) if object.more > 0 || object.text == "…"))
        );
        // What comes first does not use up the room of what follows.
        let last = event(scope, "console.log(Array.from({length: 100}, () => 'x'.repeat(5000)), 'last')");
        assert_eq!(last.args.len(), 2);
        let Value::Object(first) = &last.args[0] else { panic!() };
        assert!(first.kind == ObjectKind::Array && first.more > 0);
    });
}

#[test]
fn long_texts_are_cut_and_say_so() {
    with_console(64 << 10, |scope| {
        let long = event(scope, "console.log('x'.repeat(9000))");
        assert_eq!((size::units(&long.text), long.text.ends_with('…')), (TEXT_UNITS, true));
        assert_eq!(long.args, [Value::String { value: "x".repeat(9000), length: 9000 }]);
        let wild = event(scope, "console.log('\\u0001'.repeat(9000), '%s')");
        assert!(json_len(&wild) <= 64 << 10);
    });
}

#[test]
fn hostile_arguments_run_nothing() {
    let console = RefCell::new(Console::new(user_frames(), Instant::now(), 64 << 10));
    with_hostile_values(|scope, value, source| {
        for &method in Method::ALL {
            for args in [vec![value], vec![value, value]] {
                if let Some(event) = console.borrow_mut().call(scope, method, &args) {
                    assert!(json_len(&event) <= 64 << 10, "{source}");
                }
            }
        }
        let directives = v8::String::new(scope, "%s %d %i %f %o %O %c %%").unwrap().into();
        let event = console.borrow_mut().call(
            scope,
            Method::Log,
            &[directives, value, value, value, value, value, value, value],
        );
        assert_eq!(event.unwrap().format.unwrap().consumed, 8);
    });
}

#[test]
fn an_event_is_never_larger_than_a_message() {
    for message_bytes in [MIN_MESSAGE_BYTES, 1_500, 4 << 10, 64 << 10] {
        with_console(message_bytes, |scope| {
            eval(scope, "globalThis.shared = {shared: [1]}; shared.self = shared; 0");
            let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
                cases: 150,
                failure_persistence: None,
                ..Default::default()
            });
            let scope = RefCell::new(scope);
            let calls = (0..Method::ALL.len(), prop::collection::vec(expression(), 0..4), any::<bool>());
            runner
                .run(&calls, |(method, args, formatted)| {
                    let scope = &mut **scope.borrow_mut();
                    v8::scope!(let scope, scope);
                    let format = if formatted { "'%s %c%o\\u0001%d %%', " } else { "" };
                    let source =
                        format!("console.{}({format}{})", Method::ALL[method].name(), args.join(", "));
                    for event in events(scope, &source) {
                        prop_assert!(json_len(&event) <= message_bytes, "{}", json_len(&event));
                        prop_assert!(size::units(&event.text) <= TEXT_UNITS);
                    }
                    Ok(())
                })
                .unwrap();
        });
    }
}

#[test]
fn what_programs_print_most_goes_the_short_way() {
    with_console(64 << 10, |scope| {
        // `console_call` compares what comes out.
        let mut taken = |source: &str| {
            PLAIN.set(0);
            let found = events(scope, source);
            (PLAIN.get(), found.len())
        };
        for source in [
            "console.log()",
            "console.log('line', 7)",
            "console.info(true, false, null, undefined)",
            "console.warn(0, -0, 1.5, -1e21, 1e-7, NaN, -Infinity, 2 ** 53, 2 ** 53 + 2, -(2 ** 60), 5e-324)",
            "console.error('100%')",
            "console.debug(1, '%s', 2)",
            "console.dirxml('\\\" \\\\ \\n \\r \\t \\b \\f \\v \\0 \\u0001 \\u001f \\u007f \\u0080 é ÿ')",
            "console.log('\\ud83d\\udca7 \\ud83d \\udca7 \\u2028 € ' + '\\uffff')",
            "console.log('a'.repeat(400) + 'é'.repeat(400), 'b'.repeat(200))",
        ] {
            assert_eq!(taken(source), (1, 1), "{source}");
        }
        for source in [
            "console.log('%s', 1)",
            "console.log('%', 1)",
            "console.log({})",
            "console.log(1n)",
            "console.log(Symbol())",
            "console.log('a'.repeat(1001))",
            "console.log('a'.repeat(600), 'b'.repeat(600))",
            "console.log(...Array(17).fill(0))",
            "console.dir(1)",
            "console.group('a')",
        ] {
            assert_eq!(taken(source), (0, 1), "{source}");
        }
        assert_eq!(taken("console.group(); console.log(1)"), (1, 2));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..Default::default() })]
    #[test]
    fn the_short_way_writes_what_the_long_one_does(
        texts in prop::collection::vec(any::<String>(), 0..4),
        numbers in prop::collection::vec(any::<f64>(), 0..4),
        message_bytes in prop::sample::select(vec![MIN_MESSAGE_BYTES, 1_500, 4 << 10, 64 << 10]),
    ) {
        with_console(message_bytes, |scope| {
            let texts = texts.iter().map(|text| serde_json::to_string(text).unwrap());
            let numbers = numbers.iter().map(|&number| primitive::number(number));
            let args: Vec<_> = texts.chain(numbers).collect();
            // `console_call` compares them.
            event(scope, &format!("console.log({})", args.join(", ")));
        });
    }
}

/// Prints what a call costs; asserts nothing about it, for machines differ.
#[test]
fn what_a_call_costs() {
    with_console(64 << 10, |scope| {
        for call in [
            "console.log('hi', {a: 1})",
            "console.log('hi')",
            "console.log(i)",
            "console.log('%s is %d', 'x', i)",
            "console.log({a: 1, b: [1, 2, 3], c: {d: 'text'}})",
            "console.log(hundred)",
            "console.log(error)",
            "console.log(point)",
            "console.log(points)",
            "console.log(day)",
            "console.log(forged)",
            "console.table(rows)",
            "call(0, [])",
        ] {
            let source = format!(
                "globalThis.hundred ??= Array.from({{length: 100}}, (_, i) => i); globalThis.error ??= new Error('x');
                globalThis.Point ??= class Point {{ x = 1 }};
                globalThis.point ??= new Point;
                globalThis.points ??= Array.from({{length: 100}}, () => new Point);
                globalThis.day ??= globalThis.Temporal?.PlainDate.from('2026-11-30');
                globalThis.forged ??= Array.from({{length: 100}}, () => Object.create(globalThis.Temporal?.PlainDate.prototype ?? null));
                globalThis.rows ??= Array.from({{length: 10}}, (_, i) => ({{i, n: 'name' + i}}));
                for (let i = 0; i < 1000; i++) {call}"
            );
            let start = Instant::now();
            let count = events(scope, &source).len() as u32;
            let took = start.elapsed();
            let cold = events(
                scope,
                call.strip_suffix("(i)").map_or(call, |_| "console.log(1)").replace(", i)", ", 1)").as_str(),
            );
            let start = Instant::now();
            let bytes = serde_json::to_string(&cold[0]).unwrap().len();
            eprintln!("{call}: {:?}; {bytes} bytes, serialised in {:?}", took / count, start.elapsed());
            assert_eq!(count, 1000);
        }
    });
}
