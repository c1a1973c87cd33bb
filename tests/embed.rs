//! What frames on other sites' pages say of them narrows what their programs may import.

use serde_json::json;

use crate::support::{JsonSocket, TestApp, get};

#[actix_web::test]
async fn an_embed_imports_what_its_page_and_the_rules_for_that_page_leave() {
    let app = TestApp::with(&[
        "--modules-allow=node:*,lodash,uuid",
        "--modules-origins=https://school.example node:path lodash axios, https://nothing.example",
    ]);
    let imports = async |query: &str| {
        let mut socket = JsonSocket::connect_asking(app.address, query).await.expect("a WebSocket");
        socket.expect("hello").await;
        let source = "console.log(['crypto', 'path', 'lodash', 'uuid', 'axios'].filter((name) => {
            try { require(name); return true } catch { return false }
        }).join())";
        let run_id = uuid::Uuid::new_v4();
        socket.send(json!({"type": "run", "run_id": run_id, "mode": "commonjs", "source": source})).await;
        let printed = socket.wait_for("console").await;
        printed["events"][0]["text"].as_str().unwrap_or_else(|| panic!("{printed}")).to_owned()
    };
    for (query, found) in [
        ("", "crypto,path,lodash,uuid"),
        // A page for which there are no rules is like any.
        ("?embedder=https://other.example", "crypto,path,lodash,uuid"),
        ("?embedder=https%3A%2F%2FSchool.example%3A443", "path,lodash"),
        ("?embedder=https://nothing.example", ""),
        // Of nested pages each one's rules count, and an unknown page could be any of those that have some.
        ("?embedder=https://other.example&embedder=https://school.example", "path,lodash"),
        ("?embedder=https://school.example&embedder=https://nothing.example", ""),
        ("?embedder=null", ""),
        ("?embedder=unknown", ""),
        ("?modules=uuid,node:crypto", "crypto,uuid"),
        ("?modules=", ""),
        // What the operator leaves out, no page brings back.
        ("?modules=axios,lodash", "lodash"),
        ("?modules=*&embedder=https://school.example", "path,lodash"),
        ("?embedder=https://school.example&modules=lodash@4,uuid", "lodash"),
    ] {
        assert_eq!(imports(query).await, found, "{query}");
    }
}

#[actix_web::test]
async fn modules_that_are_none_are_refused_and_told_why() {
    let app = TestApp::start();
    let refused = JsonSocket::connect_asking(app.address, "?modules=../x").await;
    assert_eq!(refused.err(), Some(400));
    // A browser does not show the answer to a handshake: the page asks again in the plain way.
    let answer = get(app.address, "/api/v1/ws?modules=../x", &[]).await;
    let detail = answer.expect_problem(400);
    assert!(detail.contains("The modules of this embed: "), "{detail}");
}
