//! Values that would run code of the program's if anything here let them, and termination.

use super::*;

/// Things that would run code of the program's if anything here did: each getter, trap and method adds one to
/// `touched`.
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
pub(super) const POISON: &str = "
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
pub(super) fn assert_untouched(scope: &mut v8::PinScope<'_, '_>, source: &str) {
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
