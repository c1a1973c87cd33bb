//! What a run uses, told while it goes on.

use serde_json::json;
use uuid::Uuid;

use crate::support::{JsonSocket, TestApp};

async fn run(socket: &mut JsonSocket, source: &str) -> Uuid {
    let run_id = Uuid::new_v4();
    socket.send(json!({"type": "run", "run_id": run_id, "source": source, "usage": true})).await;
    run_id
}

#[actix_web::test]
async fn a_program_that_computes_is_told_of_with_its_place() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    // What a program does to its prototypes changes nothing.
    let source = "delete Array.prototype.push; Error.prepareStackTrace = null;\nfunction spin() {\n  for (;;);\n}\nspin();";
    let run_id = run(&mut socket, source).await;
    let mut last = 0;
    for _ in 0..2 {
        let told = socket.wait_for("usage").await;
        assert_eq!(told["run_id"], json!(run_id));
        let cpu = told["usage"]["cpu_ms"].as_u64().expect("CPU time");
        assert!(cpu > last, "{told}");
        last = cpu;
        assert_eq!((&told["at"]["function"], &told["at"]["line"]), (&json!("spin"), &json!(3)), "{told}");
        assert!(told["usage"]["heap_bytes"].as_u64() > Some(0), "{told}");
        assert!(told["usage"]["process_bytes"].as_u64() > Some(0), "{told}");
        assert!(told["usage"]["limits"]["cpu_ms"].is_u64(), "{told}");
    }
    socket.send(json!({"type": "stop", "run_id": run_id})).await;
    let end = socket.wait_for("finished").await;
    assert_eq!(end["outcome"], "stopped");
    assert!(end["usage"]["cpu_ms"].as_u64() >= Some(last), "{end}");
}

#[actix_web::test]
async fn a_program_that_waits_is_told_of_without_a_place_and_goes_on() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    run(&mut socket, "await new Promise((wake) => setTimeout(wake, 1500)); 'awake'").await;
    let told = socket.wait_for("usage").await;
    assert!(told.get("at").is_none(), "{told}");
    assert!(told["usage"]["wall_ms"].as_u64() >= Some(400), "{told}");
    let end = socket.wait_for("finished").await;
    assert_eq!((&end["outcome"], &end["value"]["value"]), (&json!("completed"), &json!("awake")));
}

#[actix_web::test]
async fn nothing_is_told_where_nobody_asked() {
    let app = TestApp::start();
    let mut socket = JsonSocket::connect(app.address).await;
    socket.run("const end = Date.now() + 1200; while (Date.now() < end);").await;
    loop {
        let message = socket.next().await;
        assert_ne!(message["type"], "usage", "{message}");
        if message["type"] == "finished" {
            break;
        }
    }
}
