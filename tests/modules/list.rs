//! `GET /api/v1/modules`, and who may import what.

use serde_json::{Value, json};

use crate::support::{TestApp, get, request};

fn names(list: &Value, kind: &str) -> Vec<String> {
    let all = list[kind].as_array().unwrap_or_else(|| panic!("no {kind} in {list}"));
    all.iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
}

#[actix_web::test]
async fn the_api_lists_what_a_program_may_import() {
    let app = TestApp::start();
    let answer = get(app.address, "/api/v1/modules", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let list = answer.json();
    let builtins = names(&list, "builtins");
    for name in ["node:path", "node:crypto", "node:stream/promises", "node:os", "node:process"] {
        assert!(builtins.iter().any(|it| it == name), "{name}");
    }
    assert!(!builtins.iter().any(|it| it == "node:fs"));
    assert_eq!(names(&list, "packages"), ["axios", "date-fns", "lodash", "lodash-es", "uuid", "zod"]);
    for package in list["packages"].as_array().expect("packages") {
        let version = package["version"].as_str().expect("a version");
        assert_eq!(
            (version.split('.').count(), &package["license"], &package["added"]),
            (3, &json!("MIT"), &json!(false))
        );
        let ran = app.run(&format!("require('{}@{version}'); 1", package["name"].as_str().expect("a name")));
        ran.mode("commonjs").expect_completed().await;
    }
    let exports = |kind: &str, name: &str| {
        let all = list[kind].as_array().expect("a list");
        all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}"))["exports"].clone()
    };
    for (kind, name, export) in
        [("packages", "lodash", "chunk"), ("packages", "axios", "get"), ("builtins", "node:path", "join")]
    {
        let exports = exports(kind, name);
        let exports = exports.as_array().expect("exports");
        assert!(exports.contains(&json!(export)), "{name}: {exports:?}");
        assert!(!exports.contains(&json!("default")), "{name}");
    }
    let paths = &list["packages"][2]["paths"];
    assert!(paths.as_array().expect("paths").contains(&json!("get")), "{paths}");
}

#[actix_web::test]
async fn the_list_names_the_globals_that_this_engine_has() {
    let app = TestApp::start();
    let list = get(app.address, "/api/v1/modules", &[]).await.json();
    let ran = app.run("typeof Temporal").expect_completed().await;
    let expected = if ran.0["value"]["value"] == "object" { json!(["Temporal"]) } else { json!([]) };
    assert_eq!(list["globals"], expected);
}

#[actix_web::test]
async fn every_module_of_the_list_can_be_imported() {
    let app = TestApp::start();
    let list = get(app.address, "/api/v1/modules", &[]).await.json();
    let mut all = names(&list, "builtins");
    for package in list["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        all.push(name.to_owned());
        let paths = package["paths"].as_array().expect("paths").iter();
        all.extend(paths.map(|path| format!("{name}/{}", path.as_str().expect("a path"))));
    }
    assert!(all.len() > 900, "{}", all.len());
    let source = "
        const wrong = [];
        for (const name of input) {
            const required = require(name);
            const imported = await import(name);
            const main = required?.__esModule ? required.default : required;
            if (imported.default !== main) wrong.push(name);
            for (const key of Object.keys(imported)) if (key !== 'default' && imported[key] === undefined && !(key in required)) wrong.push(`${name}.${key}`);
        }
        console.log(input.length, wrong.join() || 'all right');";
    let source = format!("(async () => {{ {source} }})()");
    let ran = app.run(&source).mode("commonjs").input(json!(all)).expect_completed().await;
    assert_eq!(ran.lines(), [format!("{} all right", all.len())]);
}

#[actix_web::test]
async fn type_declarations_are_where_the_list_says() {
    let app = TestApp::start();
    let list = get(app.address, "/api/v1/modules", &[]).await.json();
    let all = ["builtins", "packages"].map(|kind| list[kind].as_array().expect("a list").clone()).concat();
    let mut seen = std::collections::BTreeSet::new();
    for module in &all {
        let address = module["types"].as_str().unwrap_or_else(|| panic!("no types of {module}"));
        if !seen.insert(address) {
            continue;
        }
        let plain = get(app.address, address, &[("accept-encoding", "identity")]).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{address}");
        let files = plain.json()["files"].as_object().expect("files").clone();
        assert!(files.keys().all(|path| path.starts_with("node_modules/")), "{address}");
        assert!(files.keys().any(|path| path.ends_with(".d.ts")), "{address}");
        let gzipped = get(app.address, address, &[("accept-encoding", "gzip")]).await;
        assert!(gzipped.header("content-encoding") == "gzip" && gzipped.body.len() < plain.body.len());
    }
    assert_eq!(seen.len(), 7);
    for nowhere in ["nope", "../catalogue.json", "lodash/get", "%2e%2e"] {
        let detail =
            get(app.address, &format!("/api/v1/modules/types/{nowhere}"), &[]).await.expect_problem(404);
        assert!(
            detail.contains("no type declarations of such a module") || detail.contains("no such"),
            "{detail}"
        );
    }
}

#[actix_web::test]
async fn the_operator_narrows_what_there_is_for_all_and_for_each_origin() {
    let app = TestApp::with(&[
        "--modules-allow=node:*,lodash,uuid",
        "--allowed-origins=https://school.example,https://other.example",
        "--modules-origins=https://school.example node:path lodash axios, https://nothing.example",
    ]);
    let asked = async |origin: &str| {
        let headers = [("origin", origin)];
        let headers = if origin.is_empty() { &[][..] } else { &headers[..] };
        let list = get(app.address, "/api/v1/modules", headers).await.json();
        let body = json!({"mode": "commonjs", "source": "
            console.log(['crypto', 'path', 'lodash', 'uuid', 'axios'].filter((name) => {
                try { require(name); return true } catch { return false }
            }).join())"});
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let ran = request(app.address, "POST", "/api/v1/run", &headers, body.to_string()).await.json();
        let ran = ran["console"][0]["text"].as_str().unwrap_or_else(|| panic!("{ran}")).to_owned();
        (names(&list, "builtins").len(), names(&list, "packages"), ran)
    };
    let (all, packages, ran) = asked("").await;
    assert!(all > 15);
    assert_eq!(
        (packages, ran.as_str()),
        (vec!["lodash".to_owned(), "uuid".to_owned()], "crypto,path,lodash,uuid")
    );
    let (some, packages, ran) = asked("https://school.example").await;
    assert_eq!((some, packages, ran.as_str()), (2, vec!["lodash".to_owned()], "path,lodash"));
    assert_eq!(asked("https://other.example").await.0, all);
    let answer = get(app.address, "/api/v1/modules", &[("origin", "https://evil.example")]).await;
    assert!(answer.expect_problem(403).contains("server.allowed_origins"));
}

#[actix_web::test]
async fn only_reading_is_answered() {
    let app = TestApp::start();
    for path in ["/api/v1/modules", "/api/v1/modules/types/lodash"] {
        let answer = request(app.address, "POST", path, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
}
