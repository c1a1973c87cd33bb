//! What each kind of value looks like.

use super::*;
use crate::protocol::value::{ObjectKind, PromiseState};

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

fn look_close(scope: &mut v8::PinScope<'_, '_>, source: &str) -> ObjectValue {
    let value = eval(scope, source);
    object(inspect(scope, value, &InspectLimits::CLOSE, &mut Budget::close(48 << 10), &user_frames()))
}

#[test]
fn prototypes_are_shown_where_they_are_asked_for_and_no_proxy_is_asked() {
    with_isolate(|scope| {
        let source = "class A { one() {} get two() { throw 1 } } class B extends A { three() {} } new B";
        let b = look_close(scope, source);
        assert_eq!(b.text, "B {}", "what stands for it is the same");
        let of_b = object(b.prototype.unwrap());
        property(&of_b, "constructor");
        let three = object(property(&of_b, "three").value.clone().unwrap());
        assert!(three.properties.is_empty(), "what is in it is collapsed");
        let of_a = object(of_b.prototype.unwrap());
        assert_eq!(property(&of_a, "two").accessor, Some(crate::protocol::value::Accessor::Getter));
        let of_all = object(of_a.prototype.unwrap());
        property(&of_all, "hasOwnProperty");
        assert_eq!(of_all.prototype, None);
        assert_eq!(object(look_at(scope, "new B")).prototype, None);
        assert_eq!(look_close(scope, "Object.create(null)").prototype, None);
        let trap = "new Proxy({}, new Proxy({}, { get() { globalThis.ran = 1 } }))";
        assert_eq!(look_close(scope, trap).prototype, None);
        assert_eq!(look_close(scope, &format!("Object.create({trap})")).prototype, None);
        let chain = "let top = {}; for (let i = 0; i < 100; i++) top = Object.create(top); top";
        let mut levels = 0;
        let mut at = look_close(scope, chain).prototype;
        while let Some(value) = at {
            levels += 1;
            at = object(value).prototype;
        }
        assert_eq!(levels, InspectLimits::CLOSE.prototypes);
        assert_eq!(look_at(scope, "globalThis.ran"), Value::Undefined, "nothing of the program's ran");
        let many = look_close(scope, "Array.from({ length: 450 }, (_, i) => i)");
        assert_eq!((many.items.len(), many.more), (450, 0));
    });
}
