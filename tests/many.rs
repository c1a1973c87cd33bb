//! A thousand runs in a row leave nothing behind, and none can read another.

use std::collections::HashSet;

use crate::support::{TestApp, until};

#[actix_web::test]
async fn a_thousand_runs_leave_nothing_behind() {
    let app = TestApp::start();
    let source = "globalThis.seen = (globalThis.seen ?? 0) + 1;
                  console.log(Math.random(), crypto.randomUUID(), seen, crypto.getRandomValues(new Uint32Array(2)).join())";
    let mut draws = [HashSet::new(), HashSet::new(), HashSet::new()];
    // What a server holds once it is warm is no leak.
    for _ in 0..100 {
        app.run("1").expect_completed().await;
    }
    until("the pool to be full", || async { app.health().await["warm_children"] == 4 }).await;
    let (processes, files, memory) = (app.descendants().len(), app.open_files(), app.resident_bytes());
    for _ in 0..1_000 {
        let ran = app.run(source).expect_completed().await;
        let line = ran.lines()[0].to_owned();
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[2], "1", "nobody's globals are there");
        for (draw, word) in draws.iter_mut().zip([words[0], words[1], words[3]]) {
            assert!(draw.insert(word.to_owned()), "{word} was drawn before");
        }
    }
    until("the pool to be full", || async { app.health().await["warm_children"] == 4 }).await;
    until("the processes of a thousand runs to be gone", || async { app.descendants().len() <= processes })
        .await;
    until("the sockets of a thousand runs to be gone", || async { app.open_files() <= files }).await;
    let grown = app.resident_bytes().saturating_sub(memory);
    assert!(grown < 8 << 20, "the server grew by {} KiB", grown >> 10);
}
