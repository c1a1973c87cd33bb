//! The platform's own objects, in the realm that programs get. V8 starts here with other flags than in the
//! other tests, so each of these needs a process of its own, as nextest gives it.

use super::hostile::{POISON, assert_untouched};
use super::*;
use crate::protocol::value::ObjectKind;
use crate::runner::isolate::Template;

fn with_realm(test: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>)) {
    Template::new(64 << 20, 64 << 20).unwrap().with_realm(test);
}

/// One object of each class, and how its line begins.
const INSTANCES: &[(&str, &str)] = &[
    (
        "new URL('http://u:p@h:81/p?q=1#f')",
        "URL {href: \"http://u:p@h:81/p?q=1#f\", origin: \"http://h:81\", protocol: \"http:\", username: \"u\", \
         password: \"p\", host: \"h:81\", hostname: \"h\", port: \"81\", pathname: \"/p\", search: \"?q=1\", \
         searchParams: URLSearchParams(1), hash: \"#f\"}",
    ),
    (
        "new (class MyURL extends URL { z = 1 })('a:b')",
        "MyURL {href: \"a:b\", origin: \"null\", protocol: \"a:\", username: \"\", password: \"\", host: \"\", \
         hostname: \"\", port: \"\", pathname: \"b\", search: \"\", searchParams: URLSearchParams(0), hash: \"\", z: 1}",
    ),
    (
        "new URLSearchParams('a=1&b=2&a')",
        "URLSearchParams(3) {\"a\" => \"1\", \"b\" => \"2\", \"a\" => \"\"}",
    ),
    ("new URL('a:b?c=d').searchParams", "URLSearchParams(1) {\"c\" => \"d\"}"),
    ("new URLSearchParams('a=1').entries()", "URLSearchParams Iterator {}"),
    (
        "new URLPattern('http://*/:x')",
        "URLPattern {protocol: \"http\", username: \"*\", password: \"*\", hostname: \"*\", port: \"\", \
         pathname: \"/:x\", search: \"*\", hash: \"*\", hasRegExpGroups: false}",
    ),
    (
        "new Event('x', {cancelable: true})",
        "Event {type: \"x\", target: null, currentTarget: null, eventPhase: 0, bubbles: false, cancelable: true, \
         defaultPrevented: false, composed: false, isTrusted: false, timeStamp: 0}",
    ),
    (
        "{ const t = new EventTarget(); let e; t.addEventListener('x', (x) => { e = x; e.preventDefault() }); \
         t.dispatchEvent(new Event('x', {cancelable: true})); e }",
        "Event {type: \"x\", target: EventTarget, currentTarget: null, eventPhase: 0, bubbles: false, \
         cancelable: true, defaultPrevented: true, ",
    ),
    ("new CustomEvent('x', {detail: [1]})", "CustomEvent {detail: Array(1), type: \"x\", "),
    (
        "new ErrorEvent('x', {message: 'm', lineno: 2, error: 3})",
        "ErrorEvent {message: \"m\", filename: \"\", lineno: 2, colno: 0, error: 3, type: \"x\", ",
    ),
    ("new CloseEvent('x', {code: 4})", "CloseEvent {wasClean: false, code: 4, reason: \"\", type: \"x\", "),
    ("new MessageEvent('x', {data: 5})", "MessageEvent {source: null, type: \"x\", "),
    ("new ProgressEvent('x', {loaded: 5})", "ProgressEvent {type: \"x\", "),
    (
        "new PromiseRejectionEvent('x', {promise: Promise.resolve(), reason: 6})",
        "PromiseRejectionEvent {promise: Promise, reason: 6, type: \"x\", ",
    ),
    ("new EventTarget", "EventTarget {}"),
    (
        "{ const s = new (class S extends EventTarget { v = 1; [Symbol('k')] = 2 }); s.addEventListener('x', () => {}); s }",
        "S {v: 1, Symbol(k): 2}",
    ),
    ("new AbortController", "AbortController {signal: AbortSignal}"),
    ("new AbortController().signal", "AbortSignal {aborted: false, reason: undefined}"),
    ("AbortSignal.abort(7)", "AbortSignal {aborted: true, reason: 7}"),
    (
        "{ const c = new AbortController, s = AbortSignal.any([c.signal]); s.onabort = () => {}; c.signal }",
        "AbortSignal {aborted: false, reason: undefined}",
    ),
    ("new Blob(['abc'], {type: 'text/plain'})", "Blob {size: 3, type: \"text/plain\"}"),
    (
        "new File(['abc'], 'f.txt', {lastModified: 5})",
        "File {name: \"f.txt\", lastModified: 5, size: 3, type: \"\"}",
    ),
    (
        "new TextDecoder('latin1', {fatal: true})",
        "TextDecoder {encoding: \"windows-1252\", fatal: true, ignoreBOM: false}",
    ),
    ("new TextEncoder", "TextEncoder {encoding: \"utf-8\"}"),
    ("new TextDecoderStream", "TextDecoderStream {}"),
    ("new TextEncoderStream", "TextEncoderStream {}"),
    ("new ReadableStream", "ReadableStream {locked: false}"),
    ("{ const s = new ReadableStream; s.getReader(); s }", "ReadableStream {locked: true}"),
    ("new ReadableStream().getReader()", "ReadableStreamDefaultReader {}"),
    ("new ReadableStream({type: 'bytes'}).getReader({mode: 'byob'})", "ReadableStreamBYOBReader {}"),
    ("{ let c; new ReadableStream({start(x) { c = x }}); c }", "ReadableStreamDefaultController {}"),
    (
        "{ let c; new ReadableStream({type: 'bytes', start(x) { c = x }}); c }",
        "ReadableByteStreamController {}",
    ),
    ("new WritableStream", "WritableStream {locked: false}"),
    ("{ const s = new WritableStream; s.getWriter(); s }", "WritableStream {locked: true}"),
    ("new WritableStream().getWriter()", "WritableStreamDefaultWriter {}"),
    (
        "{ let c; new WritableStream({start(x) { c = x }}); c }",
        "WritableStreamDefaultController {signal: AbortSignal}",
    ),
    ("new TransformStream", "TransformStream {readable: ReadableStream, writable: WritableStream}"),
    ("{ let c; new TransformStream({start(x) { c = x }}); c }", "TransformStreamDefaultController {}"),
    ("new CountQueuingStrategy({highWaterMark: 3})", "CountQueuingStrategy {highWaterMark: 3}"),
    ("new ByteLengthQueuingStrategy({highWaterMark: 3})", "ByteLengthQueuingStrategy {highWaterMark: 3}"),
    ("new MessageChannel", "MessageChannel {port1: MessagePort, port2: MessagePort}"),
    ("{ const p = new MessageChannel().port1; p.onmessageerror = () => {}; p }", "MessagePort {}"),
    (
        "new PerformanceMark('m', {startTime: 1, detail: 2})",
        "PerformanceMark {detail: 2, name: \"m\", entryType: \"mark\", startTime: 1, duration: 0}",
    ),
    (
        "performance.measure('m', {start: 1, end: 3})",
        "PerformanceMeasure {detail: null, name: \"m\", entryType: \"measure\", startTime: 1, duration: 2}",
    ),
    ("performance", "Performance {timeOrigin: "),
    (
        "navigator",
        concat!(
            "Navigator {userAgent: \"Mayfly/",
            env!("CARGO_PKG_VERSION"),
            "\", hardwareConcurrency: 1, language: \"en-US\"}"
        ),
    ),
    ("new Headers({a: 'b', C: 'd'})", "Headers(2) {\"a\" => \"b\", \"C\" => \"d\"}"),
    (
        "{ const h = new Headers({a: 'b'}); [...h]; h.append('a', 'c'); h }",
        "Headers(2) {\"a\" => \"b\", \"a\" => \"c\"}",
    ),
    ("new Headers({a: 'b'}).entries()", "Headers Iterator {}"),
    (
        "{ const f = new FormData; f.append('a', '1'); f.append('b', '2'); f }",
        "FormData(2) {\"a\" => \"1\", \"b\" => \"2\"}",
    ),
    (
        "new Request('http://h/', {method: 'POST', body: 'x'})",
        "Request {method: \"POST\", redirect: \"follow\"}",
    ),
    (
        "{ const r = new Request('http://h/', {headers: {a: 'b'}}); r.url; r.headers; r.signal; r.body; r }",
        "Request {method: \"GET\", url: \"http://h/\", redirect: \"follow\"}",
    ),
    (
        "new Request(new Request('http://h/', {method: 'PUT'}))",
        "Request {method: \"PUT\", url: \"http://h/\", redirect: \"follow\"}",
    ),
    (
        "new Response('x', {status: 201, statusText: 'Created'})",
        "Response {status: 201, statusText: \"Created\", type: \"default\"}",
    ),
    (
        "{ const r = new Response(new Blob(['x'])); r.headers; r.body; r.text(); r }",
        "Response {status: 200, statusText: \"\", type: \"default\"}",
    ),
    ("Response.json({}).headers", "Headers(1) {\"Content-Type\" => \"application/json\"}"),
    ("Response.error()", "Response {status: 0, statusText: \"\", type: \"error\"}"),
    ("new CompressionStream('gzip')", "CompressionStream {}"),
    ("new DecompressionStream('gzip')", "DecompressionStream {}"),
    ("crypto", "Crypto {}"),
    ("console", "console {log: ƒ log(), "),
    ("new DOMException('m', 'AbortError')", "AbortError: m"),
    ("new DOMException('m')", "DOMException: m"),
    ("new (class MyError extends DOMException {})('m')", "MyError: m"),
    ("new QuotaExceededError('m', {quota: 1, requested: 2})", "QuotaExceededError: m"),
    (
        "{ let e; try { structuredClone(() => 1) } catch (x) { e = x } e }",
        "DataCloneError: () => 1 could not be cloned.",
    ),
    ("{ let e; try { atob('*') } catch (x) { e = x } e }", "InvalidCharacterError: Failed to decode base64"),
    // Without the state that their prototypes stand for.
    ("Object.create(URL.prototype)", "URL {}"),
    ("Object.create(CustomEvent.prototype)", "CustomEvent {}"),
    ("Object.create(DOMException.prototype)", "DOMException {}"),
    ("Object.create(URLSearchParams.prototype)", "URLSearchParams {}"),
];

#[test]
fn each_class_shows_its_attributes_and_no_hidden_state() {
    with_realm(|scope| {
        for (source, expected) in INSTANCES {
            let shown = object(look_at(scope, source));
            assert!(
                shown.text.starts_with(expected),
                "{source}\nshows    {}\nexpected {expected}",
                shown.text
            );
            let json = serde_json::to_string(&shown).unwrap();
            let all = |text: &str| json.matches(&format!("\"key\":\"Symbol({text}")).count();
            let symbols = all("") - all("Symbol.toStringTag");
            assert_eq!(symbols, usize::from(expected.contains("Symbol(k)")), "{json}");
        }
    });
}

#[test]
fn all_classes_of_the_global_object_are_known() {
    with_realm(|scope| {
        // Own keys of an object made from nothing but the prototype, with every key that one may carry.
        let unknown = eval(
            scope,
            "Object.getOwnPropertyNames(globalThis).filter((name) => /^(URL|Event|.*Event|Abort|Blob|File|Text|Readable|\
             Writable|Transform|Message|Performance|DOMException|Quota|EventTarget|Headers|FormData|Request|Response|\
             Compression|Decompression|Navigator)/.test(name) && /^[A-Z]/.test(name))
             .map((name) => Object.defineProperty(Object.create(globalThis[name].prototype), Symbol('[[x]]'), {value: name}))",
        );
        let unknown = unknown.try_cast::<v8::Array>().unwrap();
        assert!(unknown.length() > 30);
        for index in 0..unknown.length() {
            let instance = unknown.get_index(scope, index).unwrap();
            let shown = object(look(scope, instance));
            assert!(shown.properties.is_empty(), "{shown:?}");
        }
    });
}

#[test]
fn a_url_says_what_its_getters_say() {
    with_realm(|scope| {
        for url in [
            "http://example.com",
            "https://u@h/",
            "https://:p@h:8080/a/../b?x=%20&y=+&&=z#f g",
            "ftp://h:21/x",
            "ws://h?",
            "blob:http://h/id",
            "data:text/plain,x",
            "file:///C|/x",
            "javascript:alert(1)",
            "x://h:1/p?q#",
            "http://[::1]:5/",
            "http://ü.example/ü?ü#ü",
            "mailto:a@b",
            "about:blank",
        ] {
            let source = format!("globalThis.u = new URL({url:?}); u");
            let shown = object(look_at(scope, &source));
            assert!(shown.properties.len() == 12, "{shown:?}");
            for property in &shown.properties {
                let source = match property.key.as_str() {
                    "searchParams" => {
                        let Some(Value::Object(params)) = &property.value else { panic!("{shown:?}") };
                        let expected = object(look_at(scope, "u.searchParams"));
                        assert_eq!(**params, ObjectValue { id: None, ..expected }, "{url}");
                        continue;
                    }
                    key => format!("u.{key}"),
                };
                assert_eq!(property.value, Some(look_at(scope, &source)), "{url}: {source}");
            }
        }
    });
}

#[test]
fn a_dom_exception_says_its_name_and_message() {
    with_realm(|scope| {
        for (source, name, message) in [
            ("new DOMException('m', 'AbortError')", "AbortError", "m"),
            ("new QuotaExceededError('q')", "QuotaExceededError", "q"),
            ("AbortSignal.abort().reason", "AbortError", "The signal has been aborted"),
            ("Object.defineProperty(new DOMException('m', 'X'), 'name', {value: 'own'})", "own", "m"),
            ("new (class extends DOMException { get name() { return 'Y' } })('m', 'X')", "X", "m"),
        ] {
            let value = eval(scope, source);
            let error = inspect_error(scope, value, 100, &user_frames()).unwrap();
            assert_eq!((error.name.as_str(), error.message.as_str()), (name, message), "{source}");
            assert_eq!(error.stack.len(), 1, "{source}: {error:?}");
            let shown = object(look(scope, value));
            assert_eq!(shown.error.map(|error| error.name).as_deref(), Some(name), "{source}");
        }
        let quota = object(look_at(scope, "new QuotaExceededError('q', {quota: 1, requested: 2})"));
        assert_eq!(quota.kind, ObjectKind::Error);
        assert_eq!(property(&quota, "quota").value, Some(Value::Number { value: 1.0 }));
        assert_eq!(property(&quota, "requested").value, Some(Value::Number { value: 2.0 }));
        assert_eq!(quota.properties.len(), 2, "{quota:?}");
    });
}

#[test]
fn own_properties_go_first() {
    with_realm(|scope| {
        let url = object(look_at(
            scope,
            "Object.defineProperty(new URL('a:b'), 'href', {value: 1, enumerable: true})",
        ));
        let all = url.properties.iter().filter(|property| property.key == "href");
        assert_eq!(
            all.map(|property| &property.value).collect::<Vec<_>>(),
            [&Some(Value::Number { value: 1.0 })]
        );
    });
}

/// Objects whose hidden state a program has got hold of. `slots(o, f)` puts `f(key)` in place of each.
const TAMPERED: &[&str] = &[
    "slots(new Event('x'), getter)",
    "slots(new Event('x'), proxy)",
    "slots(new Event('x'), poisoned)",
    "slots(Object.create(Event.prototype), getter, new Event('x'))",
    "slots(Object.create(CustomEvent.prototype), getter, new CustomEvent('x'))",
    "slots(new URL('a:b'), getter)",
    "slots(new URL('a:b'), proxy)",
    "slots(Object.create(URL.prototype), getter, new URL('a:b'))",
    "slots(Object.create(URL.prototype), (key) => ({value: key}), new URL('a:b'))",
    "slots(new URLSearchParams('a=b'), getter)",
    "slots(new Headers({a: 'b'}), getter)",
    "slots(new Headers({a: 'b'}), proxy)",
    "slots(new FormData, getter)",
    "slots(new Request('http://h/'), getter)",
    "slots(new Request('http://h/'), proxy)",
    "slots(new Request('http://h/'), (key) => ({urlListProcessed: new Proxy([], traps), method: new Proxy({}, traps)}))",
    "slots(new Response('x'), getter)",
    "slots(new Response('x'), (key) => ({urlList: Object.defineProperty([1], 0, {get: touch})}))",
    "slots(new URLSearchParams('a=b'), proxy)",
    "slots(new URLSearchParams('a=b'), () => ({value: [{get 0() { return touch() }}, 5, new Proxy([], traps), , [1]]}))",
    "slots(new AbortController, getter)",
    "slots(AbortSignal.abort(), getter)",
    "slots(new DOMException('m'), getter)",
    "slots(new DOMException('m'), proxy)",
    "slots(new QuotaExceededError('m'), getter)",
    "slots(new TextDecoder, getter)",
    "slots(new TextEncoder, getter)",
    "slots(new MessageChannel, getter)",
    "slots(new ReadableStream, getter)",
    "slots(new TransformStream, proxy)",
    "slots(new URLPattern, () => ({value: new Proxy([], traps)}))",
    "slots(new URLPattern, () => ({value: [{get patternString() { return touch() }}]}))",
    "slots(new PerformanceMark('m'), getter)",
    "slots(new File([], 'f'), getter)",
    "slots(performance, getter)",
    // A URL that was never given a text, but for the looks of it.
    "{ let key; const C = function (k) { key = k; return new Proxy({}, {}) }; try { URL.parse.call(C, 'a:b') } catch {} \
     const u = new URL(key); slots(u, (key) => ({value: key}), new URL('a:b')) }",
    "Object.setPrototypeOf(new URL('a:b'), new Proxy(URL.prototype, traps))",
    "Object.setPrototypeOf(new URL('a:b'), Object.create(URL.prototype, {href: {get: touch}}))",
    "new (class extends URL { get href() { return touch() } get [Symbol.toStringTag]() { return touch() } })('a:b')",
    "new (class extends DOMException { get name() { return touch() } get message() { return touch() } })('m')",
    "new CustomEvent('x', {detail: new Proxy({}, traps)})",
    "new CustomEvent('x', {detail: {get a() { return touch() }}})",
    "AbortSignal.abort({get a() { return touch() }})",
    "Object.freeze(new Event('x'))",
    "{ const victim = new Proxy(new URL('a:b'), traps); Object.setPrototypeOf(CustomEvent, function () { return victim }); \
     try { new CustomEvent('x', {detail: 1}) } catch {} Object.setPrototypeOf(CustomEvent, Event); victim }",
];

/// What [`POISON_PLATFORM`] needs while the language still works.
const COLLECT: &str = "
    const {defineProperty} = Object;
    const names = Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name) && name !== 'NaN');
    const symbols = [new Event('x'), new URL('a:b'), new URLSearchParams, new AbortController, new File([], ''),
        new DOMException, new URLPattern, new ReadableStream].flatMap((object) => Object.getOwnPropertySymbols(object));
    const places = [];
    for (const name of names) {
        const own = globalThis[name]?.prototype;
        if (own && ![Object.prototype, Function.prototype, Array.prototype].includes(own)) places.push([own, Reflect.ownKeys(own)]);
    }
    for (const object of [Reflect, Symbol, String, Math, JSON, Error, Array, Number]) places.push([object, Reflect.ownKeys(object)]);
    places.push([Function.prototype, ['call', 'apply', 'bind']]);
    places.push([Object.prototype, symbols.concat(['code', 'type', 'patternString'])]);
    places.push([globalThis, names]);";

/// Replaces all that the platform's own code could ask for by name, and puts accessors behind its symbols for
/// whoever lacks them.
const POISON_PLATFORM: &str = "
    for (let i = 0; i < places.length; i++)
        for (let k = 0; k < places[i][1].length; k++)
            try {
                defineProperty(places[i][0], places[i][1][k], {__proto__: null, get: touch, set: touch, configurable: true});
            } catch {}";

/// What is shown of `values`, none of which may touch the program: keys, primitives, and what errors say.
fn seen<'s>(scope: &mut v8::PinScope<'s, '_>, values: &[(v8::Local<'s, v8::Value>, &str)]) -> Vec<String> {
    let mut seen = Vec::new();
    for (value, source) in values {
        let object = object(look(scope, *value));
        let properties = object.properties.iter().map(|Property { key, value, .. }| match value {
            Some(Value::Object(_)) | None => key.clone(),
            Some(value) => format!("{key}: {}", line(value)),
        });
        let properties: Vec<_> = properties.collect();
        let error = inspect_error(scope, *value, 100, &user_frames());
        let error = error.map(|error| (error.name, error.message));
        seen.push(format!("{properties:?} {:?} {} {error:?}", object.entries, object.more));
        assert_untouched(scope, source);
    }
    seen
}

#[test]
fn nothing_of_the_programs_runs() {
    with_realm(|scope| {
        eval(
            scope,
            "globalThis.touched = 0;
             globalThis.touch = function () { touched++; throw new Error('touched') };
             globalThis.traps = new Proxy({}, {get() { touched++; throw 1 }});
             globalThis.getter = () => ({get: touch});
             globalThis.proxy = () => ({value: new Proxy({}, traps)});
             globalThis.poisoned = () => ({value: {get type() { return touch() }, get target() { return touch() }}});
             globalThis.slots = (object, make, from = object) => {
                 for (const key of Object.getOwnPropertySymbols(from))
                     try { Object.defineProperty(object, key, {configurable: true, enumerable: true, ...make(key)}) } catch {}
                 return object;
             };",
        );
        let mut values: Vec<(v8::Local<v8::Value>, &str)> = Vec::new();
        for source in INSTANCES.iter().map(|(source, _)| *source).chain(TAMPERED.iter().copied()) {
            values.push((eval(scope, source), source));
        }
        eval(scope, "touched = 0");
        let before = seen(scope, &values);
        eval(scope, COLLECT);
        eval(scope, POISON);
        eval(scope, POISON_PLATFORM);
        eval(scope, "touched = 0");
        // What is shown stays the same, but for class names, which V8 has from constructors.
        let after = seen(scope, &values);
        for ((before, after), (source, _)) in before.iter().zip(after).zip(INSTANCES) {
            assert_eq!(*before, after, "{source}");
        }
    });
}

#[test]
fn the_poison_does_count_when_touched() {
    with_realm(|scope| {
        eval(scope, "globalThis.u = new URL('a:b'); globalThis.p = new URLSearchParams('a=b')");
        eval(scope, COLLECT);
        eval(scope, POISON);
        eval(scope, POISON_PLATFORM);
        let touched = eval(
            scope,
            "const uses = [() => u.href, () => p.size, () => URL, () => touch.call(), () => Reflect.get, \
             () => ''.slice, () => ({}).get, () => ({})[symbols[0]]];
             let counted = 0;
             for (let i = 0; i < uses.length; i++) {
                 touched = 0; try { uses[i]() } catch {}
                 if (touched > 0) counted++;
             }
             counted === uses.length",
        );
        assert!(touched.is_true());
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
    with_realm(|scope| {
        let function: v8::Local<v8::Value> = v8::Function::new(scope, stop_and_look).unwrap().into();
        let key = own::name(scope, "stopAndLook");
        scope.get_current_context().global(scope).set(scope, key.into(), function);
        for value in [
            "new URL('a:b')",
            "new CustomEvent('x')",
            "new DOMException('m')",
            "[new TextDecoder, new URL('a:b')]",
        ] {
            let source = format!(
                "globalThis.after = 0; globalThis.value = {value};
                 try {{ stopAndLook(value); for (;;) after++ }} catch {{ after = 'caught' }} finally {{ after = 'finally' }}"
            );
            {
                v8::tc_scope!(let scope, scope);
                let code = v8::String::new(scope, &source).unwrap();
                assert!(v8::Script::compile(scope, code, None).unwrap().run(scope).is_none());
                assert!(scope.has_terminated());
            }
            scope.cancel_terminate_execution();
            assert!(eval(scope, "Number.isInteger(after)").is_true(), "{value}");
        }
    });
}

#[test]
fn what_is_cut_is_counted() {
    with_realm(|scope| {
        let many = "new URLSearchParams(Array.from({length: 150}, (_, i) => ['k' + i, i]))";
        let params = object(look_at(scope, many));
        assert_eq!((params.length, params.entries.len(), params.more), (Some(150), 100, 50));
        let url = object(look_at(scope, &format!("new URL('a:b?' + {many})")));
        let Some(Value::Object(params)) = &property(&url, "searchParams").value else { panic!("{url:?}") };
        assert_eq!((params.length, params.entries.len(), params.more), (Some(150), 100, 50));
        let long = object(look_at(scope, "new URL('a:b?' + 'x'.repeat(1e6))"));
        assert_eq!(long.properties.len(), 1, "{}", long.text);

        for (source, more) in [
            ("new URL('a:b')", 1),
            ("new URLSearchParams('a=1&b=2')", 2),
            ("new Event('x')", 10),
            ("Object.assign(new AbortController, {x: 1})", 2),
        ] {
            let source = format!("({{a: {{a: {{a: {{a: {{a: {{a: {source}}}}}}}}}}}}})");
            let mut deep = object(look_at(scope, &source));
            for _ in 0..6 {
                deep = object(property(&deep, "a").value.clone().unwrap());
            }
            assert_eq!((deep.properties.len(), deep.more), (0, more), "{source}");
        }

        for (source, _) in INSTANCES {
            let value = eval(scope, source);
            for bytes in (60..3_000).step_by(37) {
                let tree =
                    inspect(scope, value, &InspectLimits::default(), &mut Budget::new(bytes), &user_frames());
                assert!(json_len(&tree) <= bytes, "{source} takes {} of {bytes}", json_len(&tree));
            }
        }
    });
}

#[test]
fn the_global_object_shows_what_the_program_put_there() {
    with_realm(|scope| {
        let global = object(look_at(
            scope,
            "globalThis.mine = 1; Object.defineProperty(globalThis, 'shy', {value: 2}); globalThis",
        ));
        property(&global, "mine");
        property(&global, "shy");
        property(&global, "setTimeout");
        assert!(!global.properties.iter().any(|property| property.key == "Object" || property.key == "URL"));
        assert!(global.more > 50);
    });
}
