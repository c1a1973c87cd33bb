//! What TypeScript and JSX do when they run. Where things are is in `positions`.

use serde_json::json;

use crate::support::TestApp;

/// Runs programs in one language and compares what they write.
async fn all(language: &str, programs: &[(&str, &[&str])]) {
    let app = TestApp::with(&["--rate-limit=off"]);
    for (source, lines) in programs {
        let ran = app.run(source).with("language", language).send().await;
        assert_eq!(ran.0["outcome"], "completed", "{source}\n{ran}");
        assert_eq!(ran.lines(), *lines, "{source}");
    }
}

#[actix_web::test]
async fn types_do_nothing() {
    all(
        "typescript",
        &[
            ("interface A { b: string }\nconst a: A = { b: 'c' } as const;\nconsole.log(a.b!)", &["c"]),
            ("type F<T> = (a: T) => T; const f: F<number> = <T,>(a: T): T => a; console.log(f<number>(1))", &["1"]),
            ("function f(this: { a: number }, b?: number): number { return this.a + (b ?? 1) }\nconsole.log(f.call({ a: 1 }))", &["2"]),
            ("abstract class A<T> { abstract b(): T; protected c?: T; declare d: T; static readonly e = 1 }\n\
              class B extends A<number> implements Iterable<number> { b() { return 2 } *[Symbol.iterator]() { yield 3 } }\n\
              console.log([...new B()], Object.keys(new B()), A.e)", &["[3] [\"c\"] 1"]),
            ("let a: string\n(function () { console.log('apart') })()", &["apart"]),
            ("const a = [1, 2] as [number, number]\n;[a[0], a[1]] = [a[1], a[0]]\nconsole.log(a)", &["[2, 1]"]),
            ("const a = <any>{ b: 1 }, c = (d: number): d is 1 => d === 1; console.log(a.b satisfies number, c(1))", &["1 true"]),
            ("for (const a of [1] as number[]) console.log(a as unknown)", &["1"]),
            ("try { throw 1 } catch (e: unknown) { console.log(e as number) }", &["1"]),
            ("{ using a: { [Symbol.dispose](): void } = { [Symbol.dispose]() { console.log('gone') } } as any; console.log('here') }", &["here", "gone"]),
        ],
    )
    .await;
}

#[actix_web::test]
async fn enums_and_namespaces_are_objects() {
    all(
        "typescript",
        &[
            ("enum A { B, C = 5, D, 'e f' = 'g', G = C | D, H = `x${1}` as any }\nconsole.log(A)",
             &[r#"{0: "B", 5: "C", 6: "D", 7: "G", B: 0, C: 5, D: 6, "e f": "g", G: 7, H: "x1"}"#]),
            ("enum A { B = 1 } enum A { C = 2 } console.log(A[1], A.C)", &["B 2"]),
            ("const enum A { default = 1, let, B = 'c' } console.log(A.default, A.let, A.B)", &["1 2 c"]),
            ("function f() { { enum A { B } console.log(A.B) } return typeof A } console.log(f())", &["0", "undefined"]),
            ("enum A { A = 3, B } console.log(A.A, A.B)", &["3 4"]),
            ("namespace A { export const b = 1, { c } = { c: 2 }; export function d() { return b + c } const e = 3; export class F {} \
              export namespace G { export enum H { I = 4 } } }\nconsole.log(A.b, A.d(), 'e' in A, A.G.H.I, new A.F())",
             &["1 3 false 4 F {}"]),
            ("namespace A.B { export let c = 1; export const get = () => c } A.B.c = 2; console.log(A.B.get())", &["2"]),
            ("class A { static b = 1 } namespace A { export const c = 2 } console.log(A.b, A.c)", &["1 2"]),
            ("function f() { return 1 } namespace f { export const g = 2 } console.log(f(), f.g)", &["1 2"]),
            ("namespace A { export const b = 1 } namespace A { export const c = 2 } console.log(A)", &["{b: 1, c: 2}"]),
            ("namespace A { export import C = B } namespace B { export const d = 1 }; console.log(typeof A)", &["object"]),
            ("namespace A { export interface B {} } console.log(typeof globalThis.A)", &["undefined"]),
        ],
    )
    .await;
    // Declarations have no value, so an enum at the end of a script does not take another's place.
    let app = TestApp::start();
    let ran = app.run("5; enum A { B = 7 }").with("language", "typescript").expect_completed().await;
    assert_eq!(ran.0["value"]["value"], 5.0);
}

#[actix_web::test]
async fn parameter_properties_accessors_and_decorators_work() {
    all(
        "typescript",
        &[
            ("class A { constructor(private a: number, readonly b = a + 1, c?: number) {} }\nconsole.log({ ...new A(1) })",
             &["{a: 1, b: 2}"]),
            ("class A { constructor(public a: number) {} }\nclass B extends A { constructor(public b: number) { super(b); console.log(this.b) } }\nnew B(2)",
             &["2"]),
            ("class A { accessor b = 1; static accessor c: number = 2; accessor d!: string }\nconst a = new A(); a.b++; A.c++; console.log(a.b, A.c, a.d, Object.keys(a))",
             &["2 3 undefined []"]),
            ("function twice(f: Function, c: ClassMethodDecoratorContext) { return function (this: any, ...a: any[]) { return 2 * f.apply(this, a) } }\n\
              class A { @twice m(a: number) { return a + 1 } @twice static async n() { return 3 } @twice get o() { return 4 } }\n\
              console.log(new A().m(1), new A().o, A.prototype.m.name)", &["4 8 "]),
            ("const order: string[] = [];\nconst d = (n: string) => { order.push(`make ${n}`); return (_: any, c: any) => { order.push(`${c.kind} ${String(c.name)} ${n}`) } };\n\
              @d('class') class A { @d('f') f = 1; @d('1') @d('2') m() {} @d('s') static s = 2; @d('k') ['key' + 1]() {} }\nconsole.log(order.join(', '))",
             &["make class, make f, make 1, make 2, make s, make k, method m 2, method m 1, method key1 k, field s s, field f f, class A class"]),
            ("const bound = (_: any, c: any) => c.addInitializer(function (this: any) { this[c.name] = this[c.name].bind(this) });\n\
              class A { x = 1; @bound m() { return this.x } }\nconst { m } = new A(); console.log(m())", &["1"]),
            ("const double = (v: any, c: any) => ({ get(this: any) { return 2 * v.get.call(this) }, init(x: number) { return x + 1 } });\n\
              class A { @double accessor n = 4 }\nconsole.log(new A().n)", &["10"]),
            ("const sealed = (c: any, { kind, name }: any) => class extends c { kind = kind + ' ' + name };\n\
              @sealed class A {}\nconsole.log((new A() as any).kind)", &["class A"]),
            ("const add = (n: number) => (_: any, c: any) => (v: number) => v + n;\nclass A { @add(1) @add(10) private readonly x: number = 1; @add(5) y?: number; @add(2) static z = 1 as number }\n\
              console.log(new A()['x'], new A().y, A.z)", &["12 NaN 3"]),
        ],
    )
    .await;
}

#[actix_web::test]
async fn what_can_not_be_decorated_is_told() {
    let app = TestApp::start();
    for (source, message, column) in [
        ("class A { constructor(@d a: number) {} }", "decorators of parameters", 23),
        ("class A { @d #a = 1 }", "decorators of private members", 11),
        ("const A = @d class {}", "decorators of a class expression", 11),
        ("export default class { @d a() {} }", "decorators in a class without a name", 24),
    ] {
        let ran = app.run(source).with("language", "typescript").expect("failed").await;
        assert_eq!(ran.0["error"]["name"], "SyntaxError", "{ran}");
        assert!(ran.message().starts_with(message) && ran.message().ends_with("can't be run here"), "{ran}");
        assert_eq!(ran.0["error"]["stack"][0]["column"], column, "{ran}");
    }
    // In JavaScript, V8 has the word.
    app.run("class A { @d a() {} }").expect("failed").await;
}

#[actix_web::test]
async fn jsx_makes_elements() {
    all(
        "jsx",
        &[
            ("console.log(JSON.stringify(<a b='c' d e={1 + 1}>x {2}<i/></a>))",
             &[r#"{"type":"a","props":{"b":"c","d":true,"e":2,"children":["x ",2,{"type":"i","props":{},"key":null}]},"key":null}"#]),
            ("const A = ({ n, children }) => n + children.length; console.log((<A n={1}>one</A>).type({ n: 1, children: 'one' }))", &["4"]),
            ("const a = <li key='k' {...{ x: 1 }} x-y:z='&quot;'>  </li>; console.log(a.key, JSON.stringify(a.props))",
             &[r#"k {"x":1,"x-y:z":"\"","children":"  "}"#]),
            ("const f = <>{'a'}b</>; console.log(f.type.name, f.type(f.props))", &["Fragment [\"a\", \"b\"]"]),
            ("/** @jsx h */\n/** @jsxFrag F */\nconst F = 'frag', h = (...a) => a.join('|'); console.log(<><a b={null}/></>)",
             &["frag||a|[object Object]"]),
            ("const React = { createElement: (...a) => a.length, Fragment: 1 }; console.log(<a>1{2}{3}</a>)", &["5"]),
            ("export const a = <p>\n  two\n  lines\n</p>; console.log(a.props.children)", &["two lines"]),
            ("const { a } = { a: 1 }; module.exports = <b a={a}/>; console.log(module.exports.props.a)", &["1"]),
            ("console.log((<a __proto__={1}/>).props)", &["{__proto__: 1}"]),
        ],
    )
    .await;
    all("tsx", &[("const f = <T,>(a: T) => <p<T> of={a as any}/>; console.log(f<number>(1).props.of satisfies number)", &["1"])]).await;
}

#[actix_web::test]
async fn commonjs_and_its_value() {
    let app = TestApp::start();
    for (source, value) in [
        ("module.exports = 1; 2", json!(1)),
        ("exports.a = 1; 2", json!("object")),
        ("require; 3 + 4", json!(7)),
        ("if (0) exports.a = 1; 'last'", json!("last")),
        ("module.exports.f = () => 1; await 2", json!("object")),
        ("await null; typeof require + typeof module + typeof __filename", json!("functionobjectstring")),
    ] {
        let mode = if source.starts_with("require") { "commonjs" } else { "auto" };
        let ran = app.run(source).mode(mode).expect_completed().await;
        let told = &ran.0["value"];
        let found = if told["type"] == "object" { &told["type"] } else { &told["value"] };
        assert_eq!(*found, value, "{source}: {ran}");
    }
    let ran = app
        .run("console.log(__filename, __dirname, require.main === module, this === exports, module.id, typeof global, arguments.length)")
        .mode("commonjs")
        .expect_completed()
        .await;
    assert_eq!(ran.lines(), ["/main.js / true true /main.js object 6"]);
}

#[actix_web::test]
async fn what_node_has_everywhere_is_had_where_it_is_mentioned() {
    let app = TestApp::start();
    for (source, value) in [
        ("Buffer.from('é').toString('base64')", json!("w6k=")),
        ("import 'node:path'; Buffer.from('é').toString('hex')", json!("c3a9")),
        ("import { Buffer as B } from 'buffer'; B === Buffer", json!(true)),
        ("Object.keys(process.env).length + typeof process.exit", json!("0function")),
        ("export {}; typeof process.nextTick", json!("function")),
        ("await new Promise((done) => setImmediate(done, 7))", json!(7)),
        ("clearImmediate(setImmediate(() => console.log('no'))); 1", json!(1)),
        ("global === globalThis", json!(true)),
        // Whoever has a name of their own for something else keeps it, and a script stays one.
        ("let process = (n) => n + 1; function Buffer() {} process(this === globalThis ? 1 : 9)", json!(2)),
        ("'process' in globalThis || 'Buffer' in globalThis", json!(false)),
    ] {
        let ran = app.run(source).expect_completed().await;
        assert_eq!(ran.0["value"]["value"], value, "{source}: {ran}");
        assert!(ran.lines().is_empty(), "{ran}");
    }
    for (source, message) in [
        ("\nBuffer.from('a')", "Buffer is not defined: import it: import { Buffer } from \"node:buffer\""),
        ("\nprocess.env", "process is not defined: import it: import process from \"node:process\""),
    ] {
        let ran = app.run(source).mode("script").expect("failed").await;
        assert_eq!(
            (&ran.0["error"]["message"], &ran.0["error"]["stack"][0]["line"]),
            (&json!(message), &json!(2)),
            "{ran}"
        );
    }
    // Positions are the visitor's own.
    let ran = app.run("Buffer;\n  null.x").expect("failed").await;
    assert_eq!(
        (&ran.0["error"]["stack"][0]["line"], &ran.0["error"]["stack"][0]["column"]),
        (&json!(2), &json!(8)),
        "{ran}"
    );
    let without = TestApp::with(&["--modules-allow=node:path"]);
    let ran = without.run("typeof Buffer + typeof process").expect_completed().await;
    assert_eq!(ran.0["value"]["value"], "undefinedundefined", "{ran}");
    let ran = without.run("import 'path'; typeof Buffer").expect_completed().await;
    assert_eq!(ran.0["value"]["value"], "undefined", "{ran}");
}
