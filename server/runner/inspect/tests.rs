//! Values of all kinds, and hostile ones: see `assert_untouched`.

use std::time::Instant;

use deno_core::v8;
use proptest::prelude::*;

use super::*;
use crate::protocol::value::{ObjectKind, ObjectValue, PromiseState, Value};

/// The name of the visitor's script in tests.
pub(in crate::runner) const SCRIPT: &str = "user.js";

pub(in crate::runner) fn user_frames() -> UserFrames {
    UserFrames::new(|name| name == SCRIPT, |line, column| (line, column))
}

/// Runs `test` in a bare isolate, set up as the runner does where that matters here.
pub(in crate::runner) fn with_isolate(test: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>)) {
    static START: std::sync::Once = std::sync::Once::new();
    START.call_once(|| {
        v8::V8::set_flags_from_string("--expose-gc --no-freeze-flags-after-init");
        v8::V8::initialize_platform(v8::new_unprotected_default_platform(1, false).make_shared());
        v8::V8::initialize();
    });
    let mut isolate = v8::Isolate::new(v8::CreateParams::default().heap_limits(0, 64 << 20));
    isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 10);
    isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
    v8::scope!(let scope, &mut isolate);
    let context = v8::Context::new(scope, Default::default());
    let scope = &mut v8::ContextScope::new(scope, context);
    test(scope);
}

/// The value of a script.
pub(in crate::runner) fn eval<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    source: &str,
) -> v8::Local<'s, v8::Value> {
    let name = v8::String::new(scope, SCRIPT).unwrap();
    let origin = v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, false, None);
    let code = v8::String::new(scope, source).unwrap();
    v8::tc_scope!(let scope, scope);
    let result = v8::Script::compile(scope, code, Some(&origin)).and_then(|script| script.run(scope));
    let thrown = scope.exception().map(|thrown| thrown.to_rust_string_lossy(scope));
    result.unwrap_or_else(|| panic!("{source}: {thrown:?}"))
}

fn look<'s>(scope: &mut v8::PinScope<'s, '_>, value: v8::Local<'s, v8::Value>) -> Value {
    inspect(scope, value, &InspectLimits::default(), &mut Budget::new(48 << 10), &user_frames())
}

fn look_at(scope: &mut v8::PinScope<'_, '_>, source: &str) -> Value {
    let value = eval(scope, source);
    look(scope, value)
}

fn object(value: Value) -> ObjectValue {
    match value {
        Value::Object(object) => *object,
        other => panic!("not an object: {other:?}"),
    }
}

fn property<'a>(object: &'a ObjectValue, key: &str) -> &'a crate::protocol::value::Property {
    object
        .properties
        .iter()
        .find(|property| property.key == key)
        .unwrap_or_else(|| panic!("{key}: {object:?}"))
}

#[test]
fn every_kind_has_its_line() {
    use ObjectKind as K;
    // The expression (in parentheses when it runs), its kind if it is an object, and its line.
    #[rustfmt::skip]
    let cases: &[(&str, Option<K>, &str)] = &[
        ("undefined", None, "undefined"),
        ("null", None, "null"),
        ("true", None, "true"),
        ("42", None, "42"),
        ("-0", None, "-0"),
        ("NaN", None, "NaN"),
        ("-Infinity", None, "-Infinity"),
        ("0.1 + 0.2", None, "0.30000000000000004"),
        ("1e21", None, "1e+21"),
        ("123456789012345680000", None, "123456789012345680000"),
        ("-1.5e-7", None, "-1.5e-7"),
        ("0.000001", None, "0.000001"),
        ("5e-324", None, "5e-324"),
        ("Number.MAX_VALUE", None, "1.7976931348623157e+308"),
        ("0n", None, "0n"),
        ("-12345678901234567890n", None, "-12345678901234567890n"),
        ("2n ** 128n", None, "340282366920938463463374607431768211456n"),
        ("Symbol()", None, "Symbol()"),
        ("Symbol('a b')", None, "Symbol(a b)"),
        ("Symbol.iterator", None, "Symbol(Symbol.iterator)"),
        ("'plain'", None, "plain"),
        ("''", None, ""),
        ("'two\\nlines'", None, "two\nlines"),
        ("'\\ud800x'", None, "\u{fffd}x"),
        ("({})", Some(K::Object), "{}"),
        ("({a: 1, b: [1, 2]})", Some(K::Object), "{a: 1, b: Array(2)}"),
        ("({a: {b: 1}, c: {}})", Some(K::Object), "{a: {…}, c: {}}"),
        ("({'a-b': 'x', 7: null, 'ü': undefined})", Some(K::Object), "{7: null, \"a-b\": \"x\", ü: undefined}"),
        ("({s: 'quote \" and \\n'})", Some(K::Object), "{s: \"quote \\\" and \\n\"}"),
        ("({[Symbol('k')]: 1})", Some(K::Object), "{Symbol(k): 1}"),
        ("({get a() {}, set b(v) {}, get c() {}, set c(v) {}})", Some(K::Object), "{a: [Getter], b: [Setter], c: [Getter/Setter]}"),
        ("Object.create(null)", Some(K::Object), "[Object: null prototype] {}"),
        ("Object.assign(Object.create(null), {a: 1})", Some(K::Object), "[Object: null prototype] {a: 1}"),
        ("class Foo { x = 1; #hidden = 2 }; new Foo", Some(K::Object), "Foo {x: 1}"),
        ("class Bar {}; ({bar: new Bar})", Some(K::Object), "{bar: Bar}"),
        ("Object.defineProperty({a: 1}, 'h', {value: 2})", Some(K::Object), "{a: 1}"),
        ("({f() {}, g: class {}})", Some(K::Object), "{f: ƒ f(), g: class g}"),
        ("[]", Some(K::Array), "[]"),
        ("[1, 'a', null]", Some(K::Array), "[1, \"a\", null]"),
        ("[[], {}, [1]]", Some(K::Array), "[Array(0), {}, Array(1)]"),
        ("[1, , 3]", Some(K::Array), "[1, empty, 3]"),
        ("[, , 3, , ]", Some(K::Array), "[empty × 2, 3, empty]"),
        ("new Array(5)", Some(K::Array), "[empty × 5]"),
        ("Object.assign([1], {x: 2})", Some(K::Array), "[1, x: 2]"),
        ("new Array(5e7)", Some(K::Array), "[empty × 50000000]"),
        ("{ const a = []; a[1e9] = 1; a }", Some(K::Array), "[empty × 1000000000, 1]"),
        ("{ const a = [1]; a[4294967294] = 2; a }", Some(K::Array), "[1, empty × 4294967293, 2]"),
        ("class List extends Array {}; List.of(1, 2)", Some(K::Array), "List(2) [1, 2]"),
        ("Object.setPrototypeOf([1], null)", Some(K::Array), "[Array: null prototype](1) [1]"),
        ("Object.defineProperty([1, 2], 0, {get() {}})", Some(K::Array), "[[Getter], 2]"),
        ("(function () { return arguments })(1, 'x')", Some(K::Arguments), "Arguments(2) [1, \"x\"]"),
        ("(function () { 'use strict'; return arguments })()", Some(K::Arguments), "Arguments(0) []"),
        ("(function () { arguments.length = 'many'; return arguments })(1)", Some(K::Arguments), "Arguments []"),
        ("(function named() {})", Some(K::Function), "ƒ named()"),
        ("(() => {})", Some(K::Function), "ƒ ()"),
        ("(async () => {})", Some(K::Function), "async ƒ ()"),
        ("(function* gen() {})", Some(K::Function), "ƒ* gen()"),
        ("(async function* both() {})", Some(K::Function), "async ƒ* both()"),
        ("Map", Some(K::Function), "ƒ Map()"),
        ("(function f() {}).bind(1)", Some(K::Function), "ƒ bound f()"),
        ("({class() {}}).class", Some(K::Function), "ƒ class()"),
        ("({class /* a */ () {}}).class", Some(K::Function), "ƒ class()"),
        ("({['computed' + 1]: () => {}}).computed1", Some(K::Function), "ƒ computed1()"),
        ("class A { static x = 1 }; A", Some(K::Class), "class A"),
        ("(class {})", Some(K::Class), "class (anonymous)"),
        ("(class/* ( */B {})", Some(K::Class), "class B"),
        ("(class { static name = 'Said' })", Some(K::Class), "class Said"),
        ("new Error('oops')", Some(K::Error), "Error: oops"),
        ("new TypeError", Some(K::Error), "TypeError"),
        ("class MyError extends Error {}; new MyError('m')", Some(K::Error), "MyError: m"),
        ("Object.assign(new Error('m'), {name: 'Named'})", Some(K::Error), "Named: m"),
        ("new Error('two\\nlines')", Some(K::Error), "Error: two lines"),
        ("new AggregateError([1], 'all')", Some(K::Error), "AggregateError: all"),
        ("Object.setPrototypeOf(new Error('x'), null)", Some(K::Error), "Error: x"),
        ("Object.create(Error.prototype)", Some(K::Object), "Error {}"),
        ("new Map([['a', 1], [{}, []]])", Some(K::Map), "Map(2) {\"a\" => 1, {} => Array(0)}"),
        ("new Map", Some(K::Map), "Map(0) {}"),
        ("new Set([1, 'b', [2]])", Some(K::Set), "Set(3) {1, \"b\", Array(1)}"),
        ("class Bag extends Set {}; new Bag([1])", Some(K::Set), "Bag(1) {1}"),
        ("new Map([[1, 2], [3, 4]]).entries()", Some(K::Iterator), "MapIterator {1 => 2, 3 => 4}"),
        ("new Map([[1, 2], [3, 4]]).values()", Some(K::Iterator), "MapIterator {2, 4}"),
        ("{ const i = new Set([1, 2]).values(); i.next(); i }", Some(K::Iterator), "SetIterator {2}"),
        ("new WeakMap([[{}, 1]])", Some(K::WeakMap), "WeakMap {}"),
        ("new WeakSet", Some(K::WeakSet), "WeakSet {}"),
        ("new WeakRef({})", Some(K::WeakRef), "WeakRef {}"),
        ("new Date(0)", Some(K::Date), "1970-01-01T00:00:00.000Z"),
        ("new Date(8.64e15)", Some(K::Date), "+275760-09-13T00:00:00.000Z"),
        ("new Date(-8.64e15)", Some(K::Date), "-271821-04-20T00:00:00.000Z"),
        ("new Date(-62198755200000)", Some(K::Date), "-000001-01-01T00:00:00.000Z"),
        ("new Date(1709210096789)", Some(K::Date), "2024-02-29T12:34:56.789Z"),
        ("new Date(NaN)", Some(K::Date), "Invalid Date"),
        ("/a\\/b/giu", Some(K::RegExp), "/a\\/b/giu"),
        ("/ü💧\\n/dmsvy", Some(K::RegExp), "/ü💧\\n/dmsvy"),
        ("new RegExp('')", Some(K::RegExp), "/(?:)/"),
        ("new Promise(() => {})", Some(K::Promise), "Promise {<pending>}"),
        ("Promise.resolve({a: 1})", Some(K::Promise), "Promise {{…}}"),
        ("{ const p = Promise.reject(1); p.catch(() => {}); p }", Some(K::Promise), "Promise {<rejected> 1}"),
        ("new Proxy({}, {})", Some(K::Proxy), "Proxy(Object)"),
        ("new Proxy([1], {})", Some(K::Proxy), "Proxy(Array)"),
        ("new Proxy(() => {}, {})", Some(K::Proxy), "Proxy(Function)"),
        ("new Proxy(new Proxy({}, {}), {})", Some(K::Proxy), "Proxy(Proxy)"),
        ("{ const r = Proxy.revocable({}, {}); r.revoke(); r.proxy }", Some(K::Proxy), "Proxy(revoked)"),
        ("new Uint8Array([1, 255])", Some(K::TypedArray), "Uint8Array(2) [1, 255]"),
        ("new Float64Array([-0, NaN, 1.5])", Some(K::TypedArray), "Float64Array(3) [-0, NaN, 1.5]"),
        ("new BigInt64Array([-1n])", Some(K::TypedArray), "BigInt64Array(1) [-1n]"),
        ("{ const t = new Uint8Array(4); structuredDetach(t); t }", Some(K::TypedArray), "Uint8Array(0) []"),
        ("new Uint8Array([1, 2, 3]).buffer", Some(K::ArrayBuffer), "ArrayBuffer(3)"),
        ("new SharedArrayBuffer(2)", Some(K::ArrayBuffer), "SharedArrayBuffer(2)"),
        ("new ArrayBuffer(1, {maxByteLength: 9})", Some(K::ArrayBuffer), "ArrayBuffer(1)"),
        ("new DataView(new ArrayBuffer(8), 2)", Some(K::DataView), "DataView(6)"),
        ("new Number(-0)", Some(K::Boxed), "Number {-0}"),
        ("new Boolean(false)", Some(K::Boxed), "Boolean {false}"),
        ("new String('hé')", Some(K::Boxed), "String {\"hé\"}"),
        ("new String('水')", Some(K::Boxed), "String {\"水\"}"),
        ("Object(-18446744073709551617n)", Some(K::Boxed), "BigInt {-18446744073709551617n}"),
        ("Object(Symbol('x'))", Some(K::Boxed), "Symbol {}"),
        ("(function* () {})()", Some(K::Generator), "Generator {}"),
        ("Math", Some(K::Object), "Math {}"),
        ("JSON", Some(K::Object), "JSON {}"),
        ("Reflect.ownKeys(globalThis).length > 9 && 1", None, "1"),
    ];
    assert!(cases.len() >= 100, "{}", cases.len());
    with_isolate(|scope| {
        eval(scope, "globalThis.structuredDetach = (t) => t.buffer.transfer()");
        let mut wrong = Vec::new();
        for (source, kind, expected) in cases {
            let value = look_at(scope, source);
            let (found, text) = match &value {
                Value::Object(object) => (Some(object.kind), object.text.clone()),
                other => (None, line(other)),
            };
            if (found, text.as_str()) != (*kind, *expected) {
                wrong.push(format!("{source}: {found:?} {text:?}, not {kind:?} {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

#[test]
fn members_are_in_the_tree() {
    with_isolate(|scope| {
        let map = object(look_at(scope, "Object.assign(new Map([['k', {a: 1}]]), {extra: 1})"));
        assert_eq!((map.length, map.entries.len(), map.class.as_deref()), (Some(1), 1, Some("Map")));
        assert_eq!(property(&map, "extra").value, Some(Value::Number { value: 1.0 }));

        let hidden = object(look_at(scope, "Object.defineProperty({}, 'h', {value: 2})"));
        assert!(property(&hidden, "h").hidden);

        let symbol = object(look_at(scope, "({[Symbol('s')]: 1, 'Symbol(s)': 2})"));
        assert_eq!(symbol.properties.iter().map(|p| p.symbol).collect::<Vec<_>>(), [false, true]);

        let null = object(look_at(scope, "Object.create(null)"));
        assert_eq!(null.class, None);

        let holes = object(look_at(scope, "[1, , , 4]"));
        assert_eq!(holes.items[1], Value::Hole { count: 2 });
        assert_eq!((holes.length, holes.properties.len()), (Some(4), 0));

        let class = object(look_at(scope, "class A { static x = 1; static m() {} }; A"));
        assert_eq!(class.properties.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["m", "x"]);

        let settled = object(look_at(scope, "Promise.resolve([1])"));
        assert_eq!(settled.state, Some(PromiseState::Fulfilled));
        assert_eq!(object(settled.value.unwrap()).items.len(), 1);

        let proxy = object(look_at(scope, "new Proxy({a: 1}, {get() {}})"));
        assert_eq!(property(&object(proxy.value.unwrap()), "a").value, Some(Value::Number { value: 1.0 }));
        assert_eq!(object(proxy.handler.unwrap()).properties.len(), 1);
        assert_eq!(proxy.class, None);

        let buffer = object(look_at(scope, "new Uint8Array([7, 8]).buffer"));
        assert_eq!(buffer.items, [Value::Number { value: 7.0 }, Value::Number { value: 8.0 }]);

        let boxed = object(look_at(scope, "Object.assign(new String('abc'), {x: 1})"));
        assert_eq!(boxed.value, Some(Value::String { value: "abc".to_owned(), length: 3 }));
        assert_eq!(boxed.properties.len(), 1);

        let arguments = object(look_at(scope, "(function (a) { a = 5; return arguments })(1, 2)"));
        assert_eq!(arguments.items[0], Value::Number { value: 5.0 });

        let minus = look_at(scope, "-0");
        assert_eq!(minus, Value::SpecialNumber { value: "-0".to_owned() });

        let big = look_at(scope, "2n ** 100000n");
        let Value::Bigint { value } = &big else { panic!("{big:?}") };
        assert!(value.starts_with("0x1000") && value.ends_with('…') && value.len() < 100, "{value}");
        let digits = look_at(scope, "10n ** 999n");
        assert_eq!(digits, Value::Bigint { value: format!("1{}", "0".repeat(999)) });
    });
}

#[test]
fn errors_say_where_they_were_made() {
    with_isolate(|scope| {
        let error = object(look_at(
            scope,
            "function make() {\n  return new Error('outer', {cause: new TypeError('inner')})\n}\nlet e = make()\ne.code = 7\ne.stack\ne",
        ));
        let told = error.error.clone().unwrap();
        assert_eq!((told.name.as_str(), told.message.as_str()), ("Error", "outer"));
        let frames: Vec<_> = told.stack.iter().map(|f| (f.function.as_str(), f.line, f.column)).collect();
        assert_eq!(frames, [("make", 2, 10), ("", 4, 9)]);
        assert_eq!(object(told.cause.unwrap()).text, "TypeError: inner");
        assert_eq!(error.properties.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["code"]);

        let all = object(look_at(scope, "new AggregateError([new Error('a'), 2], 'all')"));
        assert_eq!(object(property(&all, "errors").value.clone().unwrap()).items.len(), 2);

        // Code from eval is not in the visitor's text, whatever it calls itself; its caller is.
        let evaled = object(look_at(scope, "\neval('new Error(1)//# sourceURL=user.js')"));
        let frames: Vec<_> = evaled.error.unwrap().stack.iter().map(|f| (f.line, f.column)).collect();
        assert_eq!(frames, [(2, 1)]);
    });
}

#[test]
fn a_module_before_its_declarations_ran() {
    with_isolate(|scope| {
        let source = v8::String::new(scope, "export let a = 1; export function f() {}").unwrap();
        let name = v8::String::new(scope, "m").unwrap();
        let origin =
            v8::ScriptOrigin::new(scope, name.into(), 0, 0, false, 0, None, false, false, true, None);
        let mut source = v8::script_compiler::Source::new(source, Some(&origin));
        let module = v8::script_compiler::compile_module(scope, &mut source).unwrap();
        assert_eq!(module.instantiate_module(scope, |_, _, _, _| None), Some(true));
        let before = object(look(scope, module.get_module_namespace()));
        assert_eq!(before.kind, ObjectKind::Module);
        assert_eq!(before.text, "Module {a: <uninitialized>, f: ƒ f()}");
        assert_eq!((property(&before, "a").value.clone(), property(&before, "a").accessor), (None, None));
        assert!(module.evaluate(scope).is_some());
        let after = object(look(scope, module.get_module_namespace()));
        assert_eq!(after.text, "Module {a: 1, f: ƒ f()}");
    });
}

#[test]
fn cycles_and_shared_objects_become_references() {
    with_isolate(|scope| {
        let cycle = object(look_at(scope, "let a = {b: {}}; a.b.a = a; a"));
        assert_eq!(cycle.id, Some(1));
        let b = object(property(&cycle, "b").value.clone().unwrap());
        assert_eq!((property(&b, "a").value.clone(), b.id), (Some(Value::Ref { id: 1 }), None));

        let shared = object(look_at(scope, "let s = {x: 1}; [{}, s, s]"));
        let first = object(shared.items[1].clone());
        assert_eq!((first.id, shared.items[2].clone()), (Some(1), Value::Ref { id: 1 }));
        assert_eq!(object(shared.items[0].clone()).id, None);

        // Met first where it is collapsed, and then near the root: shown there.
        let twice = object(look_at(scope, "let t = {y: 1}; ({deep: {a: {b: {c: {d: {e: t}}}}}, near: t})"));
        assert_eq!(object(property(&twice, "near").value.clone().unwrap()).properties.len(), 1);
    });
}

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

/// Things that would run code of the program's if anything here did: each getter, trap and method adds one to
/// `touched`. `{hostile}` is where other hostile things can go.
const HOSTILE: &[&str] = &[
    "({get a() { return touch() }, set a(v) { touch() }})",
    "({get a() { for (;;) touch() }})",
    "({get constructor() { touch() }, get [Symbol.toStringTag]() { return touch() }})",
    "({toString: touch, valueOf: touch, toJSON: touch, inspect: touch, then: touch, [Symbol.toPrimitive]: touch})",
    "({[Symbol.iterator]: touch, get length() { return touch() }, get then() { return touch() }})",
    "new Proxy({}, traps)",
    "new Proxy([], traps)",
    "new Proxy(function () {}, traps)",
    "new Proxy(new Error('x'), traps)",
    "new Proxy(new Proxy({}, traps), new Proxy({}, traps))",
    "Object.create(new Proxy({}, traps))",
    "Object.setPrototypeOf([1, , 2], new Proxy([], traps))",
    "Object.setPrototypeOf(new Error('x'), new Proxy({}, traps))",
    "Object.setPrototypeOf(new Map([[1, 2]]), new Proxy({}, traps))",
    "Object.setPrototypeOf(function () {}, new Proxy({}, traps))",
    "Object.setPrototypeOf(new Date(0), new Proxy({}, traps))",
    "Object.setPrototypeOf(/x/g, new Proxy({}, traps))",
    "Object.setPrototypeOf(Promise.resolve(1), new Proxy({}, traps))",
    "Object.setPrototypeOf(new Uint8Array(2), new Proxy({}, traps))",
    "Object.setPrototypeOf(new Number(1), new Proxy({}, traps))",
    "new (class { static { Object.defineProperty(this, 'name', {get: touch}) } })",
    "class P { static get name() { return touch() } static toString() { return touch() } }; P",
    "function F() {}; F.prototype = new Proxy({}, traps); [F, new F]",
    "class E1 extends Error { get name() { return touch() } get message() { return touch() } get stack() { return touch() } get cause() { return touch() } }; new E1",
    "Object.defineProperties(new Error('x'), {name: {get: touch}, message: {get: touch}, stack: {get: touch}, cause: {get: touch}, errors: {get: touch}})",
    "Object.defineProperty(new Error('x'), 'stack', {get() { for (;;) touch() }})",
    "new Error('x', {cause: new Proxy(new Error('y'), traps)})",
    "Object.assign(new Error, {name: {toString: touch}, message: new Proxy({}, traps)})",
    "new AggregateError([new Proxy({}, traps), {get x() { return touch() }}])",
    "new Map([[new Proxy({}, traps), {get v() { return touch() }}], [{get k() { return touch() }}, 1]])",
    "new Set([new Proxy([], traps), new Proxy(() => {}, traps)])",
    "new Map([[1, new Proxy({}, traps)]]).entries()",
    "[new Proxy([], traps), Object.defineProperty([1], 0, {get: touch})]",
    "(function () { return Object.defineProperty(arguments, 'length', {get: touch}) })(1, 2)",
    "Object.assign(/x/g, {toString: touch, [Symbol.toPrimitive]: touch})",
    "Object.defineProperties(/x/g, {flags: {get: touch}, source: {get: touch}, global: {get: touch}})",
    "Object.assign(new Number(1), {valueOf: touch, [Symbol.toPrimitive]: touch})",
    "Object.assign(new String('s'), {toString: touch, [Symbol.toPrimitive]: touch})",
    "Object.assign(new Date(0), {toISOString: touch, getTime: touch, valueOf: touch, toJSON: touch})",
    "Object.defineProperties(new Uint8Array([1]), {length: {get: touch}, buffer: {get: touch}, byteLength: {get: touch}})",
    "Object.assign(Promise.resolve({get then2() { return touch() }}), {then: touch})",
    "new (class extends Map { get size() { return touch() } entries() { return touch() } [Symbol.iterator]() { return touch() } })([[1, 2]])",
    "new (class extends Array { get length2() { return touch() } static get [Symbol.species]() { return touch() } })",
    "(function* () { touch() })()",
    "{ let p = {}; for (let i = 0; i < 100; i++) p = {p: new Proxy({p}, traps)}; p }",
    "{ let p = {}; for (let i = 0; i < 1e4; i++) p = new Proxy(p, p); p }",
    "{ let p = null; for (let i = 0; i < 1e5; i++) p = Object.create(p); p }",
    "Object.freeze({get a() { return touch() }})",
    "globalThis",
    "Object.prototype",
    "Array.prototype",
    "Error.prototype",
    "Function.prototype",
    "Promise.prototype",
    "new Proxy(globalThis, traps)",
    "({[Symbol(new String('x'))]: 1, get [Symbol.iterator]() { return touch() }})",
    "Object.defineProperty({}, Symbol('d'), {get: touch})",
    "new WeakRef(new Proxy({}, traps))",
];

/// Replaces what the language would look up behind a program's back.
const POISON: &str = "
    globalThis.touched = 0;
    globalThis.touch = function () { touched++; throw new Error('touched') };
    globalThis.traps = new Proxy({}, {get() { touched++; throw 1 }});
    Error.prepareStackTrace = touch;
    const poison = (object, keys) => {
        for (let i = 0; i < keys.length; i++)
            Object.defineProperty(object, keys[i], {__proto__: null, get: touch, set: touch, configurable: true});
    };
    const classes = [Map, Set, String, Object.getPrototypeOf(Uint8Array), Promise, Date, RegExp, Function, Number, Symbol,
        BigInt, Boolean, DataView, ArrayBuffer, Array];
    const iterators = [new Map().entries(), new Set().values(), [].values(), (function* () {})()];
    const methods = [Symbol.toStringTag, Symbol.toPrimitive, 'toString', 'valueOf', 'constructor', 'entries', 'size',
        'flags', 'source', 'next', 'description', 'toISOString', 'byteLength', 'join', Symbol.iterator];
    for (let i = 0; i < classes.length; i++) poison(classes[i].prototype, methods);
    for (let i = 0; i < iterators.length; i++)
        poison(Object.getPrototypeOf(iterators[i]), ['next', Symbol.toStringTag, 'constructor']);
    poison(Error.prototype, ['name', 'message', 'toString', 'constructor']);
    poison(Object.prototype, [Symbol.toStringTag, 'constructor', 'toString', 'get', 'set', 'value', 'writable',
        'enumerable', 'configurable', 'then', 'toJSON', 'name', 'message', 'cause', 'errors', 'stack', '0', '1', '42', 'index']);
";

/// Whether none of the program's code has run so far.
pub(in crate::runner) fn assert_untouched(scope: &mut v8::PinScope<'_, '_>, source: &str) {
    let touched = eval(scope, "touched").int32_value(scope);
    assert_eq!(touched, Some(0), "ran code of {source}");
}

/// Calls `look` with every hostile value, in a realm as it is and in one with poisoned prototypes.
pub(in crate::runner) fn with_hostile_values(
    mut look: impl for<'s, 'i> FnMut(&mut v8::PinScope<'s, 'i>, v8::Local<'s, v8::Value>, &str),
) {
    let define = "
        globalThis.touched = 0;
        globalThis.touch = function () { touched++; throw new Error('touched') };
        globalThis.traps = new Proxy({}, {get() { touched++; throw 1 }});
        Error.prepareStackTrace = touch;";
    for poison in [false, true] {
        with_isolate(|scope| {
            eval(scope, define);
            let values: Vec<_> = HOSTILE.iter().map(|source| (eval(scope, source), *source)).collect();
            if poison {
                eval(scope, POISON);
            }
            eval(scope, "touched = 0");
            for (value, source) in values {
                look(scope, value, source);
                assert_untouched(scope, source);
                let wrapped = v8::Array::new_with_elements(scope, &[value]);
                look(scope, wrapped.into(), source);
                assert_untouched(scope, source);
            }
        });
    }
}

#[test]
fn hostile_values_run_nothing() {
    with_hostile_values(|scope, value, source| {
        let tree = look(scope, value);
        assert!(json_len(&tree) <= 48 << 10, "{source}");
        inspect_error(scope, value, 100, &user_frames());
    });
}

#[test]
fn the_hostile_values_do_count_when_touched() {
    with_isolate(|scope| {
        eval(scope, POISON);
        let touched = eval(
            scope,
            "const uses = [() => ({}).get, () => traps.x, () => [...[]], () => `${/x/}`];
             for (let i = 0; i < 4; i++) try { uses[i]() } catch {} touched",
        );
        assert!(touched.int32_value(scope).unwrap() >= 4);
    });
}

#[test]
fn a_termination_goes_on() {
    fn stop_and_look<'s>(
        scope: &mut v8::PinScope<'s, '_>,
        args: v8::FunctionCallbackArguments<'s>,
        _: v8::ReturnValue,
    ) {
        scope.terminate_execution();
        look(scope, args.get(0));
    }
    with_isolate(|scope| {
        let function: v8::Local<v8::Value> = v8::Function::new(scope, stop_and_look).unwrap().into();
        let key = own::name(scope, "stopAndLook");
        scope.get_current_context().global(scope).set(scope, key.into(), function);
        let source = "globalThis.after = 0;
            const value = {a: [1, 2, {b: 3}], m: new Map([[1, 2]]), e: new Error('x'), d: new Date(0), r: /x/g, f() {}};
            try { stopAndLook(value); for (;;) after++ } catch { after = 'caught' } finally { after = 'finally' }";
        {
            v8::tc_scope!(let scope, scope);
            let code = v8::String::new(scope, source).unwrap();
            assert!(v8::Script::compile(scope, code, None).unwrap().run(scope).is_none());
            assert!(scope.has_terminated());
        }
        scope.cancel_terminate_execution();
        assert!(eval(scope, "Number.isInteger(after)").is_true());
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
                prop_assert!(json_len(&tree) <= bytes - budget.bytes(), "{}", json_len(&tree));
                Ok(())
            })
            .unwrap();
    });
}
