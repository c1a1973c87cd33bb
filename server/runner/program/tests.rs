use proptest::prelude::*;

use super::*;

const PLAIN: Syntax = Syntax { typescript: false, jsx: false };
const TYPESCRIPT: Syntax = Syntax { typescript: true, jsx: false };
const TSX: Syntax = Syntax { typescript: true, jsx: true };

fn auto(source: &str) -> Program {
    Program::new(source.into(), PLAIN, Want::Auto, true)
}

fn goal(source: &str) -> Goal {
    auto(source).goal
}

fn original(program: &Program, line: u32, column: u32) -> (u32, u32) {
    program.original(line, column).map_or((0, 0), |point| (point.line, point.column))
}

/// TypeScript, as a script, as V8 gets it.
fn erased(source: &str) -> String {
    let program = Program::new(source.into(), TYPESCRIPT, Want::Be(Goal::Script), false);
    assert_eq!(program.error, None, "{source}");
    program.text.changed().to_owned()
}

/// `text` without the spaces that are not needed.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn auto_takes_a_module_for_what_only_a_module_may_say() {
    for module in [
        "import 'x'",
        "export const a = 1",
        "await 1",
        "for await (const x of []) ;",
        "const x = await import('y')",
        "import.meta",
        "if (true) { await null }",
        "for(let i=0;i<5;i++){console.log(i,{i});await new Promise(r=>setTimeout(r,300))}",
        "import x from 'x'; require('y')",
        "const x = require('y'); await x",
    ] {
        assert_eq!(goal(module), Goal::Module, "{module}");
    }
}

#[test]
fn auto_takes_the_rest_for_a_script() {
    for script in [
        "1+1",
        "",
        "async function f() { await 1 }",
        "var await = 1; await",
        "with ({a: 1}) a",
        "import('x')",
        "delete x",
        "var yield = 010",
        "function require(x) {} require('a')",
        "const module = {}; module.exports = 1",
        "(function (module, exports) { module.exports = exports.a })({}, {})",
        "'require(1)'",
        "({ require() {} }).require()",
    ] {
        assert_eq!(goal(script), Goal::Script, "{script}");
    }
}

#[test]
fn auto_takes_for_commonjs_what_uses_it() {
    for script in [
        "const a = require('a')",
        "module.exports = 1",
        "exports.a = 1",
        "return require('a')",
        "if (typeof module === 'object') module.exports = f()",
        "Object.defineProperty(exports, '__esModule', { value: true })",
    ] {
        assert_eq!(goal(script), Goal::CommonJs, "{script}");
    }
}

#[test]
fn what_does_not_parse_is_left_to_v8() {
    assert_eq!(goal("let let ="), Goal::Unknown);
    let module = Program::new("let let =".into(), PLAIN, Want::Be(Goal::Module), true);
    assert_eq!((module.goal, module.error), (Goal::Module, None));
}

#[test]
fn javascript_is_left_as_it_is() {
    for source in ["1 + 1", "const a = 1;\nexport { a }", "// é\nfunction f() { return <number>1 }"] {
        assert_eq!(auto(source).text.changed(), source);
    }
}

#[test]
fn a_modules_last_expression_is_captured() {
    let program = auto("await 1 // one");
    assert_eq!(program.text.changed(), "$r0=(await 1) // one\n;var $r0;export{$r0 as \"mayfly:result\"}");
    assert!(program.gives_result);
}

#[test]
fn a_commonjs_modules_last_expression_is_returned() {
    let program = auto("const a = require('a');\na.b");
    assert_eq!(program.text.changed(), "const a = require('a');\nreturn(a.b)");
    assert_eq!(original(&program, 2, 10), (2, 3));
}

#[test]
fn a_name_that_the_program_has_is_not_taken() {
    let program = auto("let $r0 = 5; await $r0");
    assert!(program.text.changed().contains("$r1=(await $r0)"), "{}", program.text.changed());
}

#[test]
fn positions_behind_the_insertion_are_moved_back() {
    let program = auto("const a = await 1\n  a.b.c");
    let shifted = program.text.changed().lines().nth(1).unwrap().find("b.c").unwrap() as u32 + 1;
    assert_eq!(original(&program, 2, shifted), (2, 5));
    assert_eq!(original(&program, 2, 4), (2, 3), "inside what was put in");
    assert_eq!(original(&program, 2, 1), (2, 1));
    assert_eq!(original(&program, 1, 9), (1, 9));
    assert_eq!(program.original(3, 4), None, "what follows the program is ours");
}

#[test]
fn the_one_throw_of_a_module_is_known() {
    let lone = |source: &str| {
        let program = Program::new(source.into(), PLAIN, Want::Be(Goal::Module), true);
        program.lone_throw.map(|point| (point.line, point.column))
    };
    assert_eq!(lone("await 1;\n throw 5"), Some((2, 2)));
    assert_eq!(lone("if (1) { throw 5 }; 1"), Some((1, 10)));
    assert_eq!(lone("throw 1; throw 2"), None);
    assert_eq!(lone("function f() { throw 1 } (() => { throw 2 })(); class A { static { throw 3 } }"), None);
}

#[test]
fn types_are_blanked_where_they_stand() {
    for (source, expected) in [
        ("let a: number = 1", "let a         = 1"),
        ("let a: Array<string>; b", "let a               ; b"),
        ("let a!: number", "let a         "),
        ("a as any", "a       "),
        ("a satisfies B<C>", "a               "),
        ("a!.b!()", "a .b ()"),
        ("f<string>(a)", "f        (a)"),
        ("new Map<string, number>()", "new Map                ()"),
        (
            "function f<T>(this: A, a?: T, ...b: T[]): T { return a }",
            "function f   (         a    , ...b     )    { return a }",
        ),
        ("const f = <T,>(a: T): a is B => a", "const f =     (a   )         => a"),
        ("try {} catch (e: unknown) {}", "try {} catch (e         ) {}"),
        ("for (const a of b as C[]) ;", "for (const a of b       ) ;"),
        ("class A<T> extends B<T> implements C, D {}", "class A    extends B                    {}"),
        ("abstract class A { abstract a(): void; b = 1 }", "         class A { ;                   b = 1 }"),
        ("class A { a?: number\n b() {} }", "class A { a        ;\n b() {} }"),
        ("class A { declare a: number; b!: string; [key: string]: any }", ""),
        ("class A { m(): void; m(a?: any): void { } }", ""),
        ("class A { public static async m(): Promise<void> {} }", ""),
    ] {
        let text = erased(source);
        assert_eq!(text.len(), source.len(), "{text}");
        if !expected.is_empty() {
            assert_eq!(text, expected);
        }
    }
    assert_eq!(squeezed(&erased("class A { private readonly a: number = 1 }")), "class A { ; a = 1 }");
    assert_eq!(
        squeezed(&erased("class A { declare a: B; c!: D; [k: string]: any }")),
        "class A { ; c ;; ; }"
    );
    assert_eq!(squeezed(&erased("class A { m(): void; m(a?: any): void { } }")), "class A { ; m(a ) { } }");
    assert_eq!(
        squeezed(&erased("class A { public static async m(): P<void> {} }")),
        "class A { ; static async m() {} }"
    );
}

#[test]
fn statements_that_are_only_types_are_gone() {
    for source in [
        "interface A { b: string }",
        "type A = { b: string } | null",
        "declare const a: number",
        "declare function f(a: number): void",
        "function f(a: number): void",
        "declare class A { b(): void }",
        "declare enum A { B }",
        "declare module 'a' { export const b: number }",
        "declare namespace A { const b: number }",
        "namespace A { export type B = C; interface D {} }",
        "declare global { interface A {} }",
        "abstract class A { abstract b: string }\n",
    ] {
        let text = erased(source);
        assert_eq!(text.len(), source.len(), "{text}");
        assert!(["", ";", "class A { ; }", "class A { ; }"].contains(&squeezed(&text).as_str()), "{text}");
    }
}

#[test]
fn lines_that_are_not_ended_stay_apart() {
    assert_eq!(erased("let a = b as C\n(d)"), "let a = b    ;\n(d)");
    assert_eq!(erased("let a: C\n[d]"), "let a  ;\n[d]");
    assert_eq!(erased("let a = b\ninterface C {}\n(d)"), "let a = b\n;             \n(d)");
    assert_eq!(erased("a!\n(b)"), "a \n(b)", "which is a call in TypeScript, too");
    assert_eq!(erased("a as number\n+ b"), "a          \n+ b");
    assert_eq!(squeezed(&erased("const f = (a): {\nb: C\n} => a")), "const f = (a ) => a");
    assert!(erased("const f = (a): {\nb: C\n} => a").contains(") => a"));
    assert_eq!(squeezed(&erased("const f = async <\nT\n>(a: T) => a")), "const f = async ( a ) => a");
    assert_eq!(squeezed(&erased("const f = () => <A>{ a: 1 }")), "const f = () => ( { a: 1 })");
}

#[test]
fn imports_of_types_are_gone_and_others_stay() {
    let module = |source: &str| {
        let program = Program::new(source.into(), TYPESCRIPT, Want::Auto, false);
        assert_eq!((program.error, program.goal), (None, Goal::Module), "{source}");
        squeezed(program.text.changed())
    };
    assert_eq!(module("import type { A } from 'a'; let a: A"), "; let a");
    assert_eq!(module("import { A, b } from 'a'; let a: A = b"), "import { b } from 'a'; let a = b");
    assert_eq!(module("import A, { type B, c } from 'a'; c(A)"), "import A, { c } from 'a'; c(A)");
    assert_eq!(module("import { A } from 'a'; let a: A"), "; let a");
    assert_eq!(module("import 'a'"), "import 'a'");
    assert_eq!(module("import * as a from 'a'; a.b"), "import * as a from 'a'; a.b");
    assert_eq!(module("interface A {} const b = 1; export { A, b }"), "; const b = 1; export { b }");
    assert_eq!(module("interface A {} export default A"), "; ;");
    assert_eq!(module("export type { A } from 'a'"), ";");
    assert_eq!(module("export { type A, b } from 'a'"), "export { b } from 'a'");
    assert_eq!(module("export interface A {}\nexport const a = 1"), "; export const a = 1");
    assert_eq!(module("import A from 'a'; export { A }"), "import A from 'a'; export { A }");
}

#[test]
fn typescripts_commonjs_is_commonjs() {
    let program =
        Program::new("import a = require('a');\nexport = a.b".into(), TYPESCRIPT, Want::Auto, false);
    assert_eq!(program.goal, Goal::CommonJs);
    assert_eq!(program.text.changed(), "const a = require('a');\nmodule.exports = a.b");
}

#[test]
fn jsx_becomes_calls() {
    let jsx = |source: &str| {
        let program = Program::new(source.into(), TSX, Want::Be(Goal::Script), false);
        assert_eq!(program.error, None, "{source}");
        squeezed(program.text.changed().split("function $r0j").next().unwrap_or_default())
    };
    assert_eq!(jsx("<a/>"), "$r0j(\"a\",null )");
    assert_eq!(
        jsx("<a b='c&amp;' d e={f} {...g} h-i=\"\"></a>"),
        "$r0j(\"a\" ,{b:\"c&\", d:true, e:(f), ...g, [\"h-i\"]:\"\",} )"
    );
    assert_eq!(
        jsx("<A.B c={<d/>}>\n  e {f}{/* g */}\n  <h/>\n</A.B>"),
        "$r0j(A.B ,{c:($r0j(\"d\",null )),} ,\"e \" ,(f) ,$r0j(\"h\",null ) )"
    );
    assert_eq!(jsx("<>a</>"), "$r0j($r0f(),null,\"a\")");
    assert_eq!(jsx("/** @jsx h */ <a/>"), "/** @jsx h */ h(\"a\",null )");
    assert_eq!(jsx("const React = 1; <></>"), "const React = 1; React.createElement(React.Fragment,null)");
    assert_eq!(jsx("<A<B> c/>"), "$r0j(A ,{c:true,} )");
}

#[test]
fn what_is_no_typescript_is_told_where() {
    for (source, place) in [("let a: = 1", (1, 8)), ("\n let a: b c", (2, 10)), ("enum A { b = }", (1, 14))] {
        let program = Program::new(source.into(), TYPESCRIPT, Want::Auto, true);
        let (message, point) = program.error.expect(source);
        assert_eq!((point.line, point.column), place, "{message}");
    }
}

#[test]
fn exports_of_commonjs_are_found() {
    let exported = |source: &str| {
        let program = Program::new(source.into(), PLAIN, Want::Be(Goal::CommonJs), false);
        (program.mentions.exported.into_iter().collect::<Vec<_>>(), program.mentions.from)
    };
    assert_eq!(exported("exports.a = 1; module.exports.b = 2; exports['c'] = 3").0, ["a", "b", "c"]);
    assert_eq!(exported("module.exports = { a, b: 1, c() {}, ...require('d') }").0, ["a", "b", "c"]);
    assert_eq!(exported("module.exports = { ...require('d') }").1, ["d"]);
    assert_eq!(exported("module.exports = require('a')").1, ["a"]);
    assert_eq!(exported("Object.defineProperty(exports, '__esModule', {})").0, ["__esModule"]);
}

proptest! {
    #[test]
    fn no_text_panics(source in "\\PC{0,80}", module in any::<bool>(), typescript in any::<bool>(), jsx in any::<bool>()) {
        let want = if module { Want::Be(Goal::Module) } else { Want::Auto };
        let program = Program::new(source, Syntax { typescript, jsx }, want, true);
        let _ = program.original(1, 5);
    }

    /// Pieces that mean something, in any order.
    #[test]
    fn no_typescript_panics(pieces in prop::collection::vec(prop::sample::select(&[
        "enum A {", "b = 1,", "}", "namespace N {", "export ", "const a", ": number", " = ", "1", ";\n", "class C ",
        "{", "constructor(private x", ")", "(", " as any", "<T>", "<a b={", "/>", "</a>", "@d ", "accessor q", "é😀",
        "import x = require('y')", "export =", "type T", "declare ", "abstract ", "static ", "[k]", "!", "?", "=>", "\u{2028}",
    ][..]), 0..14), jsx in any::<bool>()) {
        let program = Program::new(pieces.concat(), Syntax { typescript: true, jsx }, Want::Auto, true);
        for line in 1..4 {
            let _ = program.original(line, 7);
        }
    }
}
