//! Programs of several files: what they import from each other, and what they can't.

use serde_json::json;

use crate::support::{TestApp, post};

/// Names and contents.
type Files<'a> = &'a [(&'a str, &'a str)];

#[actix_web::test]
async fn files_import_each_other() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let programs: &[(Files, &[&str])] = &[
        (
            &[
                (
                    "main.ts",
                    "import b, { a, type T } from './lib/a'; import * as all from './lib'; import data from './d.json' with { type: 'json' };\n\
                         const t: T = a; console.log(t, b, Object.keys(all), data.x)",
                ),
                ("lib/a.ts", "export type T = number; export const a: T = 1; export default 'b'"),
                ("lib/index.js", "export * from './a.js'; export * as inner from './a'"),
                ("d.json", r#"{"x": [1]}"#),
            ],
            &["1 b [\"a\", \"inner\"] [1]"],
        ),
        // Live bindings and a cycle.
        (
            &[
                (
                    "main.js",
                    "import { n, add } from './n.js'; add(); console.log(n); export function main() { return 'main' }",
                ),
                (
                    "n.js",
                    "import { main } from './main.js'; export let n = 1; export const add = () => { n++; console.log(main()) }",
                ),
            ],
            &["main", "2"],
        ),
        // Top-level await below, order above.
        (
            &[
                ("main.js", "console.log('main'); import './a.js'; import './b.js'"),
                ("a.js", "await null; console.log('a')"),
                ("b.js", "console.log('b')"),
            ],
            &["b", "a", "main"],
        ),
        // CommonJS from an ES module, and the other way.
        (
            &[
                (
                    "main.mjs",
                    "import c, { x, y } from './c.cjs'; import { createRequire } from './r.js'; console.log(c === createRequire()('./c.cjs'), x, y)",
                ),
                ("c.cjs", "exports.x = 1; module.exports.y = require('./e.mjs').z; console.log('once')"),
                ("e.mjs", "export const z = 2"),
                ("r.js", "export const createRequire = () => require"),
            ],
            &["once", "true 1 2"],
        ),
        (
            &[
                (
                    "main.js",
                    "const { f } = require('./lib'); const data = require('./d'); console.log(f(), data === require('./d.json'), require.resolve('./lib'))",
                ),
                ("lib/index.ts", "export const f = (): string => module ? 'no' : 'yes'; const module = null"),
                ("d.json", "{}"),
            ],
            &["yes true /lib/index.ts"],
        ),
        // Cycles of CommonJS see what is there.
        (
            &[
                (
                    "main.js",
                    "exports.early = 1; const a = require('./a'); exports.late = 2; console.log(a.seen, a.main().late)",
                ),
                (
                    "a.js",
                    "const main = require('./main'); exports.seen = Object.keys(main).join(); exports.main = () => main",
                ),
            ],
            &["early 2"],
        ),
        // Dynamic imports, of what is there and of what is not.
        (
            &[
                (
                    "main.js",
                    "const a = await import('./a.js'), again = await import('./a'); console.log(a === again, a.default, (await import('./c')).default.x);\n\
                         try { await import('./nothing') } catch (e) { console.log(e.name, e.message) }\n\
                         try { await import('./bad.js') } catch (e) { console.log(e.name) }\n\
                         try { await import('./throws.js') } catch (e) { console.log(e.message) }\n\
                         try { await import('./throws.js') } catch (e) { console.log(e.message) }",
                ),
                ("a.js", "export default 1"),
                ("c.cjs", "module.exports = { x: 2 }"),
                ("bad.js", "export const = 1"),
                ("throws.js", "export const a = 1; throw new Error('once')"),
            ],
            &[
                "true 1 2",
                "TypeError There is no file './nothing'; the program's files are main.js, a.js, c.cjs, bad.js, throws.js (imported by main.js, line 2)",
                "SyntaxError",
                "once",
                "once",
            ],
        ),
        // A module that imports itself while it is evaluated.
        (
            &[(
                "main.js",
                "export let x = 1; import * as me from './main.js'; import('./main.js').then((it) => console.log(it === me, it.x)); x = 2",
            )],
            &["true 2"],
        ),
        // What was compiled from an ES module.
        (
            &[
                ("main.mjs", "import d, { named } from './c.js'; console.log(d, named)"),
                (
                    "c.js",
                    "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'd'; exports.named = 'n'",
                ),
            ],
            &["d n"],
        ),
        (
            &[
                (
                    "main.mjs",
                    "console.log(import.meta.url, import.meta.filename, import.meta.dirname, import.meta.main, Object.keys(import.meta).length); import './lib/a.mjs'",
                ),
                ("lib/a.mjs", "console.log(import.meta.url, import.meta.main)"),
            ],
            &["file:///lib/a.mjs false", "file:///main.mjs /main.mjs / true 4"],
        ),
        (
            &[
                ("main.ts", "import lib = require('./lib'); console.log(lib.a)"),
                ("lib.ts", "const lib = { a: 1 }; export = lib"),
            ],
            &["1"],
        ),
        (
            &[
                (
                    "main.ts",
                    "export { a } from './a'; export type { T } from './a'; export default class A { static b: T = 1 }\nimport type { T } from './a'; console.log(A.b)",
                ),
                ("a.ts", "export type T = number; export const a = 1"),
            ],
            &["1"],
        ),
        // Without anything that only modules have, it is CommonJS and has no strict mode.
        (
            &[
                ("main.js", "require('./plain.js')"),
                ("plain.js", "x = 1; console.log(x, this === module.exports)"),
            ],
            &["1 true"],
        ),
        (&[("main.js", "import './plain.js'"), ("plain.js", "y = 1; console.log(y)")], &["1"]),
    ];
    for (files, lines) in programs {
        let ran = app.run_files(files).send().await;
        assert_eq!(ran.0["outcome"], "completed", "{files:?}\n{ran}");
        assert_eq!(ran.lines(), *lines, "{files:?}");
    }
}

#[actix_web::test]
async fn what_can_not_be_imported_is_told_why() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let programs: &[(Files, &str, &str)] = &[
        (
            &[("main.js", "import '../x'"), ("a.js", "")],
            "TypeError",
            "'../x' leads out of the program's files (imported by main.js, line 1)",
        ),
        (
            &[("main.js", "import './a.js'"), ("a.js", "\nimport './b.js'")],
            "TypeError",
            "There is no file './b.js'; the program's files are main.js, a.js (imported by a.js, line 2)",
        ),
        (
            &[("main.js", "import './x'; 1")],
            "TypeError",
            "There is no file './x'; the program's files are main.js",
        ),
        (&[("main.js", "import 'fs'")], "TypeError", "Module 'fs' is not available in this sandbox"),
        (
            &[("main.js", "\n require('./x')"), ("a.js", "")],
            "Error",
            "There is no file './x'; the program's files are main.js, a.js (imported by main.js, line 2)",
        ),
        (
            &[("main.js", "require('child_process')")],
            "Error",
            "Module 'child_process' is not available in this sandbox",
        ),
        (&[("main.js", "require(1)")], "TypeError", "require needs the name of a module, which is a string"),
        (
            &[("main.js", "import './a.css'"), ("a.css", "")],
            "TypeError",
            "'a.css' can't be imported: it is neither JavaScript nor TypeScript nor JSON",
        ),
        (
            &[("main.js", "import './a.js' with { type: 'json' }"), ("a.js", "")],
            "TypeError",
            "'./a.js' is imported as JSON, which it is not",
        ),
        (
            &[("main.js", "import a from './a.json' with { type: 'css' }"), ("a.json", "1")],
            "TypeError",
            "'./a.json' can't be imported with the type 'css'",
        ),
        (
            &[("main.js", "import a from './a.json'; a"), ("a.json", "{x}")],
            "SyntaxError",
            "'a.json' is not JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)",
        ),
        (
            &[("main.js", "import { b } from './a.js'; b"), ("a.js", "export const a = 1")],
            "SyntaxError",
            "The requested module './a.js' does not provide an export named 'b'",
        ),
        (
            &[("main.cjs", "require('./a.mjs')"), ("a.mjs", "await null")],
            "Error",
            "'a.mjs' has a top-level await and can't be required: use `await import()` instead",
        ),
        (
            &[("main.mjs", "import './c.cjs'"), ("c.cjs", "require('./main.mjs')")],
            "Error",
            "A module can't be required while it, or one that it imports, is being evaluated: the modules require each other in a circle",
        ),
        (
            &[("main.js", "import defer * as a from './a.js'"), ("a.js", "")],
            "TypeError",
            "`import source` and `import defer` are not available in this sandbox",
        ),
    ];
    for (files, name, message) in programs {
        let ran = app.run_files(files).expect("failed").await;
        assert_eq!(ran.0["error"]["name"], *name, "{files:?}: {ran}");
        assert!(ran.message().starts_with(message), "{files:?}: {}", ran.message());
    }
}

#[actix_web::test]
async fn requests_that_make_no_program_are_refused() {
    let app = TestApp::with(&["--rate-limit=off", "--files=2", "--source-bytes=100"]);
    let file = |name: &str| json!({"name": name, "content": ""});
    for (request, why) in [
        (json!({"source": "", "files": [file("a.js")]}), "Send either `source` or `files`, not both."),
        (json!({}), "missing field `source`"),
        (json!({"files": []}), "There are 0 files; send 1 to 2."),
        (json!({"files": [file("a.js"), file("b.js"), file("c.js")]}), "There are 3 files; send 1 to 2."),
        (json!({"files": [file("../a.js")]}), "can't be the name of a file"),
        (json!({"files": [file("a.js"), file("a.js")]}), "There are two files named `a.js`."),
        (
            json!({"files": [file("a.js")], "entry": "b.js"}),
            "`entry` is `b.js`, which is none of the files: a.js.",
        ),
        (json!({"files": [file("a.txt")]}), "`a.txt` can't be run."),
        (json!({"files": [file("a.js")], "language": "tsx"}), "`language` is that of `source`."),
        (json!({"source": "", "entry": "a"}), "`entry` names one of `files`"),
        (json!({"source": "", "export": "f"}), "`export` names the function to call"),
        (json!({"source": "", "language": "python"}), "unknown variant `python`"),
    ] {
        let detail = post(app.address, request.to_string()).await.expect_problem(400);
        assert!(detail.contains(why), "{request}: {detail}");
    }
    let long = json!({"files": [{"name": "a.js", "content": "x".repeat(60)}, {"name": "b.js", "content": "x".repeat(60)}]});
    let detail = post(app.address, long.to_string()).await.expect_problem(413);
    assert!(detail.contains("The files are 128 bytes together; at most 100 are allowed."), "{detail}");
}
