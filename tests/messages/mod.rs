//! What programs that go wrong are told speaks of their own text, and of nothing that Mayfly is made of.

use std::sync::Mutex;

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::support::{TestApp, post};

/// One a line.
const PROGRAMS: &str = include_str!("programs.txt");

/// Each program is taken for these: how it runs, and what it is written in.
const WAYS: [(&str, &str); 4] =
    [("auto", "javascript"), ("auto", "typescript"), ("function", "javascript"), ("commonjs", "tsx")];

/// Names of what is inside.
const INSIDE: [&str; 10] =
    ["mayfly:", "ext:", "Deno", "deno_", "op_", "__bootstrap", "primordials", "core.", "$r0", "01_core"];

/// All texts in `value`.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[actix_web::test]
async fn no_message_names_what_is_inside() {
    let app = TestApp::with(&["--rate-limit=off"]);
    let wrong = Mutex::new(Vec::new());
    let programs: Vec<(&str, &str, &str)> = PROGRAMS
        .lines()
        .flat_map(|program| WAYS.iter().map(move |(mode, language)| (program, *mode, *language)))
        .collect();
    assert!(programs.len() > 600, "{}", programs.len());
    stream::iter(programs)
        .for_each_concurrent(4, |(program, mode, language)| {
            let (app, wrong) = (&app, &wrong);
            async move {
                let source = program.replace('⏎', "\n");
                let request = json!({"source": source, "mode": mode, "language": language});
                let answer = post(app.address, request.to_string()).await;
                let said = answer.json();
                let mut found = Vec::new();
                texts(&said, &mut found);
                let tell = |what: &str| {
                    wrong.lock().expect("no panic").push(format!("{mode} {language} {program}: {what}"));
                };
                if said["outcome"] == "crashed" || answer.status >= 500 {
                    tell(&said.to_string());
                }
                for text in found {
                    if INSIDE.iter().any(|inside| text.contains(inside)) {
                        tell(text);
                    }
                }
            }
        })
        .await;
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{} messages:\n{}", wrong.len(), wrong.join("\n"));
}

#[actix_web::test]
async fn a_module_may_export_under_any_name() {
    let app = TestApp::start();
    for name in ["mayfly:result", "mayfly\\u003aresult", "mayfly\\x3aresult"] {
        let ran = app
            .run(&format!("const x = 1; export {{ x as '{name}' }}; console.log(x)"))
            .expect_completed()
            .await;
        assert_eq!(ran.lines(), ["1"], "{name}");
    }
    // Only said, it is not exported: the program keeps its value.
    let ran = app.run("export const x = 'mayfly:result'; x + 1").expect_completed().await;
    assert_eq!(ran.0["value"]["value"], "mayfly:result1");
}
