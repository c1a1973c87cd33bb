//! Mode `function`: an exported function is called with the request's input, and what it returns is the result.

use serde_json::{Value, json};

use crate::support::TestApp;

#[actix_web::test]
async fn an_exported_function_is_called_with_the_input() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let input = json!({"a": [1, {"b": "c"}], "__proto__": {"polluted": 1}, "n": null});
    for (source, export, returned) in [
        ("export default (input) => input.a[0] + 1", None, json!(2)),
        ("export default async function (input) { await null; return input }", None, input.clone()),
        ("export const f = ({ a }) => a, g = 1", Some("f"), input["a"].clone()),
        ("module.exports = async (input) => { input.a.push(2); return input.a.length }", None, json!(3)),
        ("exports.f = (input) => typeof input.n", Some("f"), json!("object")),
        (
            "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => 5",
            None,
            json!(5),
        ),
        (
            "await null; export default function* () {}; export const f = () => [...'ab']",
            Some("f"),
            json!(["a", "b"]),
        ),
        ("const x = await Promise.resolve(4); module.exports = () => x", None, json!(4)),
        ("export default () => ({ then(done) { done('thenable') } })", None, json!("thenable")),
        ("export default () => {}", None, Value::Null),
        ("export default (input) => input === globalThis.input || 'input' in globalThis", None, json!(false)),
        ("export default function () { return this === undefined && arguments.length }", None, json!(1)),
        (
            "let done; setTimeout(() => { console.log('late'); done('waited') }, 5); export default () => new Promise((d) => done = d)",
            None,
            json!("waited"),
        ),
        ("setTimeout(() => console.log('after'), 5); export default () => 'first'", None, json!("first")),
    ] {
        let mut run = app.run(source).mode("function").input(input.clone());
        if let Some(export) = export {
            run = run.with("export", export);
        }
        let ran = run.send().await;
        assert_eq!(ran.0["outcome"], "completed", "{source}\n{ran}");
        assert_eq!(ran.0["returned"]["json"], returned, "{source}");
        assert_eq!(ran.0["returned"]["omitted"], json!([]), "{source}");
        if returned.is_number() {
            assert_eq!(ran.0["value"]["value"].as_f64(), returned.as_f64(), "the console tree: {ran}");
        }
        let late: &[&str] = if source.contains("late") {
            &["late"]
        } else if source.contains("after") {
            &["after"]
        } else {
            &[]
        };
        assert_eq!(ran.lines(), late, "{source}");
    }
    let ran =
        app.run("export default (...a) => a.length + String(a[0])").mode("function").expect_completed().await;
    assert_eq!(ran.0["returned"]["json"], "1undefined");
    let ran = app.run("1 + 1").expect_completed().await;
    assert!(ran.0["returned"].is_null(), "{ran}");
    let ran = app
        .run_files(&[
            ("main.ts", "import { twice } from './lib'; export default (n: number): number => twice(n)"),
            ("lib.ts", "export const twice = (n: number) => 2 * n"),
        ])
        .mode("function")
        .input(json!(21))
        .expect_completed()
        .await;
    assert_eq!(ran.0["returned"]["json"], 42);
}

#[actix_web::test]
async fn what_is_no_function_is_told_what_to_write() {
    let app = TestApp::with(&["--rate-limit=off"]);
    for (source, export, message) in [
        ("1", None, "The program exports no function to call: it exports nothing. Write `export default"),
        ("export const a = 1, b = () => 2", None, "it exports `a`, `b`. Write"),
        ("export default 5", None, "it exports `default`."),
        ("module.exports = { f() {} }", None, "it exports `f`."),
        ("module.exports = 5", None, "it exports something else."),
        (
            "export const a = 1",
            Some("b"),
            "The program exports no function `b`: it exports `a`. Write `export function",
        ),
        ("export const a = 1", Some("__proto__"), "The program exports no function `__proto__`"),
        (
            "export default new Proxy(() => 1, {}); export { x }; let x = 1",
            Some("x"),
            "it exports `default`, `x`.",
        ),
    ] {
        let mut run = app.run(source).mode("function");
        if let Some(export) = export {
            run = run.with("export", export);
        }
        let ran = run.expect("failed").await;
        assert_eq!(ran.0["error"]["name"], "TypeError", "{ran}");
        assert!(ran.message().contains(message), "{source}: {}", ran.message());
        assert!(ran.0["returned"].is_null());
    }
}

#[actix_web::test]
async fn errors_of_a_function_come_back_whole() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let source = "class MyError extends Error { name = 'MyError' }\nexport default async () => {\n  try { null.x } catch (cause) {\n    throw new MyError('outer', { cause })\n  }\n}";
    let ran = app.run(source).mode("function").expect("failed").await;
    let error = &ran.0["error"];
    assert_eq!((&error["name"], &error["message"]), (&json!("MyError"), &json!("outer")));
    assert_eq!((&error["stack"][0]["line"], &error["stack"][0]["column"]), (&json!(4), &json!(11)));
    assert_eq!(error["cause"]["error"]["name"], "TypeError", "{error}");
    assert_eq!(error["cause"]["error"]["stack"][0]["line"], 3);
    for (source, name, message) in [
        ("export default () => { throw 5 }", "Uncaught", "5"),
        ("export default () => Promise.reject({ a: 1 })", "Uncaught", "{a: 1}"),
        (
            "export default () => new Promise(() => {})",
            "Error",
            "the function returned a promise that nothing is left to settle",
        ),
        ("export default () => ({ get then() { throw new RangeError('then') } })", "RangeError", "then"),
        ("throw new Error('top')", "Error", "top"),
        ("await Promise.reject(new Error('await')); export default () => 1", "Error", "await"),
        ("Promise.reject(new Error('aside')); export default () => 1", "Error", "aside"),
        ("await new Promise(() => {}); export default () => 1", "Error", "top-level await"),
    ] {
        let ran = app.run(source).mode("function").expect("failed").await;
        assert_eq!(ran.0["error"]["name"], name, "{source}: {ran}");
        assert!(ran.message().contains(message), "{source}: {ran}");
    }
    let ran = app.run("throw new Error('a', { cause: { b: 1 } })").expect("failed").await;
    assert_eq!(ran.0["error"]["cause"]["text"], "{b: 1}");
}

#[actix_web::test]
async fn what_can_not_be_copied_is_listed() {
    let app = TestApp::with(&["--rate-limit=off"]);
    for (value, copied, omitted) in [
        (
            "[1.5, -0, 'é\\u2028\\ud800', true, null]",
            json!([1.5, 0, "é\u{2028}\u{fffd}", true, null]),
            vec![],
        ),
        ("new Date(0)", json!("1970-01-01T00:00:00.000Z"), vec![]),
        ("({ a: { b: [new Date(NaN)] } })", json!({"a": {"b": [null]}}), vec![("a.b[0]", "an invalid Date")]),
        (
            "({ f() {}, s: Symbol('x'), n: 1n, u: undefined, ok: 1 })",
            json!({"ok": 1}),
            vec![
                ("f", "a function"),
                ("s", "a symbol"),
                ("n", "a BigInt; return `String(it)`"),
                ("u", "undefined, which JSON does not have"),
            ],
        ),
        (
            "[NaN, , Infinity]",
            json!([null, null, null]),
            vec![
                ("[0]", "NaN is no number of JSON"),
                ("[1]", "a hole in an array"),
                ("[2]", "Infinity is no number of JSON"),
            ],
        ),
        ("new Map([[1, 2]])", Value::Null, vec![("", "a Map; return `Object.fromEntries(it)` or `[...it]`")]),
        (
            "({ a: new Set(), 'b c': new Uint8Array(2), '1': /x/, e: new Error('x') })",
            json!({}),
            vec![
                ("[\"1\"]", "a RegExp; return `String(it)`"),
                ("a", "a Set; return `[...it]`"),
                ("[\"b c\"]", "a typed array; return `Array.from(it)`"),
                ("e", "an Error; return its `message`, or throw it"),
            ],
        ),
        (
            "({ get a() { return 1 }, [Symbol('k')]: 1, b: 2 })",
            json!({"b": 2}),
            vec![("a", "a getter, which is not run"), ("[\"Symbol()\"]", "its key is a symbol")],
        ),
        ("new Proxy({}, {})", Value::Null, vec![("", "a Proxy, which is not asked")]),
        (
            "(() => { const a = { b: [] }; a.b.push(a, a.b); return a })()",
            json!({"b": [null, null]}),
            vec![
                ("b[0]", "a circle: it stands inside itself"),
                ("b[1]", "a circle: it stands inside itself"),
            ],
        ),
        ("(() => { const a = { x: 1 }; return [a, a] })()", json!([{"x": 1}, {"x": 1}]), vec![]),
        (
            "new URL('https://example.com')",
            Value::Null,
            vec![("", "an object of the platform's (URL); return what you need of it")],
        ),
        ("({ n: new Number(5) })", json!({}), vec![("n", "a boxed number; return `it.valueOf()`")]),
        ("new (class A { x = 1; #y = 2; get z() { return 3 } })()", json!({"x": 1}), vec![]),
        (
            "Object.create({ inherited: 1 }, { hidden: { value: 2 }, shown: { value: 3, enumerable: true } })",
            json!({"shown": 3}),
            vec![],
        ),
        ("({ toJSON() { return 'x' }, a: 1 })", json!({"a": 1}), vec![("toJSON", "a function")]),
        ("Symbol('x')", Value::Null, vec![("", "a symbol")]),
    ] {
        let ran =
            app.run(&format!("module.exports = () => ({value})")).mode("function").expect_completed().await;
        let returned = &ran.0["returned"];
        assert_eq!(returned["json"], copied, "{value}");
        let listed: Vec<(&str, &str)> = returned["omitted"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| (it["path"].as_str().expect("a path"), it["reason"].as_str().expect("a reason")))
            .collect();
        assert_eq!(listed, omitted, "{value}");
    }
    let ran =
        app.run("module.exports = () => new Array(250).fill(1n)").mode("function").expect_completed().await;
    let returned = &ran.0["returned"];
    assert_eq!((returned["omitted"].as_array().map(Vec::len), &returned["more"]), (Some(100), &json!(150)));
}

#[actix_web::test]
async fn temporal_results_are_iso_strings() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let ran = app.run("typeof Temporal").expect_completed().await;
    if ran.0["value"]["value"] == "undefined" {
        return eprintln!("this V8 has no Temporal: nothing is tested");
    }
    for (value, copied) in [
        ("Temporal.PlainDate.from('2026-11-30')", json!("2026-11-30")),
        ("Temporal.PlainDate.from('2026-11-30[u-ca=hebrew]')", json!("2026-11-30[u-ca=hebrew]")),
        ("Temporal.PlainTime.from('09:30')", json!("09:30:00")),
        ("Temporal.PlainDateTime.from('2026-11-30T09:30')", json!("2026-11-30T09:30:00")),
        ("Temporal.PlainYearMonth.from('2026-11')", json!("2026-11")),
        ("Temporal.PlainMonthDay.from('11-30')", json!("11-30")),
        (
            "Temporal.ZonedDateTime.from('2026-05-17T20:30[Europe/Berlin]')",
            json!("2026-05-17T20:30:00+02:00[Europe/Berlin]"),
        ),
        ("Temporal.Instant.from('2026-11-30T09:30:00.5Z')", json!("2026-11-30T09:30:00.5Z")),
        ("Temporal.Duration.from({ hours: 36 })", json!("PT36H")),
        (
            "({ a: [{ due: Temporal.PlainDate.from('2026-11-30') }, Temporal.Duration.from('-P1D')] })",
            json!({"a": [{"due": "2026-11-30"}, "-P1D"]}),
        ),
        (
            "Object.assign(Temporal.PlainDate.from('2026-11-30'), { toJSON: () => 'mine', x: 1 })",
            json!("2026-11-30"),
        ),
        ("Object.setPrototypeOf(Temporal.PlainDate.from('2026-11-30'), null)", json!("2026-11-30")),
        ("new (class Mine extends Temporal.PlainDate { x = 1 })(2026, 11, 30)", json!("2026-11-30")),
        ("Object.assign(Object.create(Temporal.PlainDate.prototype), { x: 1 })", json!({"x": 1})),
    ] {
        let poison = "for (const it of ['toString', 'toJSON']) \
                      Object.defineProperty(Temporal.PlainDate.prototype, it, { value() { console.log('ran'); return 'mine' } });";
        let source = format!("module.exports = () => {{ const it = {value}; {poison} return it }}");
        let ran = app.run(&source).mode("function").expect_completed().await;
        assert_eq!(ran.0["returned"]["json"], copied, "{value}");
        assert_eq!(ran.0["returned"]["omitted"], json!([]), "{value}");
        assert!(ran.lines().is_empty(), "{value}: {ran}");
    }
    let ran = app
        .run("module.exports = () => new Map([[1, Temporal.PlainDate.from('2026-11-30')]])")
        .mode("function")
        .expect_completed()
        .await;
    assert_eq!(
        ran.0["returned"]["omitted"][0]["reason"],
        "a Map; return `Object.fromEntries(it)` or `[...it]`"
    );
}

#[actix_web::test]
async fn what_is_returned_is_bounded() {
    let app = TestApp::with(&["--rate-limit=off"]);
    for (value, reason) in [
        ("'x'.repeat(2e6)", "too long for what is left of the run's output"),
        (
            "({ a: 'x'.repeat(9e5), b: 'y'.repeat(9e5), c: 1 })",
            "too long for what is left of the run's output",
        ),
        (
            "Array.from({ length: 3e5 }, () => 12345)",
            "too long for what is left of the run's output, as are all from here to 300000",
        ),
        ("(() => { const a = []; a.length = 4294967295; return a })()", "a hole in an array"),
        (
            "(() => { let a = 1; for (let i = 0; i < 1e4; i++) a = [a]; return a })()",
            "more than 100 levels deep",
        ),
        (
            "(() => { let a = {}; for (let i = 0; i < 40; i++) a = { a, b: a }; return a })()",
            "too long for what is left of the run's output",
        ),
    ] {
        let ran = app.run(&format!("module.exports = () => {value}")).mode("function").send().await;
        assert_eq!(ran.0["outcome"], "completed", "{value}: {}", ran.0["error"]);
        let returned = &ran.0["returned"];
        assert_eq!(
            returned["omitted"]
                .as_array()
                .and_then(|all| all.iter().find(|it| it["reason"] == reason))
                .map(|_| ()),
            Some(()),
            "{value}: {}",
            returned["omitted"]
        );
        assert!(returned["json"].to_string().len() <= 1 << 20);
        assert!(ran.0["usage"]["output_bytes"].as_u64() <= Some(1 << 20));
    }
    let ran = app
        .run("module.exports = () => ({ a: 'x'.repeat(900) })")
        .mode("function")
        .limit("output_bytes", 1024)
        .send()
        .await;
    assert!(ran.0["usage"]["output_bytes"].as_u64() <= Some(1024), "{ran}");
}
