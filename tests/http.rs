//! Pages, files, headers, health.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{FakeApp, TestApp, get, request};

/// Addresses that the page at `/` names.
async fn assets(app: &FakeApp) -> Vec<String> {
    let page = get(app.address, "/", &[]).await.text();
    let urls: Vec<String> =
        page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect();
    assert!(!urls.is_empty(), "{page}");
    urls
}

#[actix_web::test]
async fn the_page_is_html_that_is_asked_for_anew() {
    let app = FakeApp::start(&[]).await;
    let page = get(app.address, "/", &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    assert!(page.text().starts_with("<!doctype html>"), "{}", page.text());
}

#[actix_web::test]
async fn the_page_has_what_its_first_paint_takes_in_itself_and_is_compressed() {
    let app = FakeApp::start(&[]).await;
    let page = get(app.address, "/", &[]).await;
    let text = page.text();
    let policy = page.header("content-security-policy");
    for (name, open, close, count) in
        [("script", "<script>", "</script>", 2), ("style", "<style>", "</style>", 1)]
    {
        let (_, sources) = policy.split_once(&format!("{name}-src 'self' ")).expect("sources");
        let sources = sources.split(';').next().expect("an end");
        let own = text.split(open).skip(1).map(|rest| rest.split(close).next().expect("its end"));
        let hashes: Vec<_> =
            own.map(|own| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(own)))).collect();
        assert_eq!((hashes.join(" ").as_str(), hashes.len()), (sources, count), "{name}");
    }
    assert!(!text.contains("rel=\"stylesheet\""), "which would be waited for");
    assert_eq!(page.header("content-encoding"), "");
    let packed = get(app.address, "/", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "accept-encoding"));
    assert!(packed.body.len() < text.len() / 2, "{} of {}", packed.body.len(), text.len());
}

#[actix_web::test]
async fn every_file_the_pages_name_is_there_in_every_encoding() {
    let app = FakeApp::start(&[]).await;
    let mut urls = assets(&app).await;
    for path in ["/nothing/here", "/embed", "/embed/frame"] {
        let page = get(app.address, path, &[]).await.text();
        urls.extend(page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned));
    }
    for url in urls {
        for (accepted, expected) in [
            ("br, gzip", "br"),
            ("gzip;q=1.0, br;q=0.5", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("identity", ""),
            ("zstd", ""),
        ] {
            let file = get(app.address, &url, &[("accept-encoding", accepted)]).await;
            assert_eq!(file.status, 200, "{url}");
            assert_eq!(file.header("content-encoding"), expected, "{url} for {accepted}");
            assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(file.header("vary"), "Accept-Encoding");
            assert_ne!(file.header("content-type"), "application/octet-stream", "{url}");
            assert!(!file.body.is_empty());
        }
    }
}

#[actix_web::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let app = FakeApp::start(&[]).await;
    let url = assets(&app).await.remove(0);
    let plain = get(app.address, &url, &[]).await;
    let tag = plain.header("etag").to_owned();
    let packed = get(app.address, &url, &[("accept-encoding", "br")]).await;
    assert_ne!(tag, packed.header("etag"), "each encoding has its own");

    for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let answer = get(app.address, &url, &[("if-none-match", &known)]).await;
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
        assert_eq!(answer.header("etag"), tag);
    }
    let answer = get(app.address, &url, &[("if-none-match", "\"other\"")]).await;
    assert_eq!(answer.status, 200);
    let answer = get(app.address, &url, &[("if-none-match", "not a tag")]).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn no_name_leads_out_of_the_front_end() {
    let app = FakeApp::start(&[]).await;
    for name in [
        "../Cargo.toml",
        "..%2f..%2fCargo.toml",
        "%2e%2e/%2e%2e/etc/passwd",
        "%2fetc%2fpasswd",
        "manifest.json",
        "",
        "..",
        "x%00.js",
        "%ff",
    ] {
        let answer = get(app.address, &format!("/assets/{name}"), &[]).await;
        assert_eq!(answer.status, 404, "{name}");
    }
    let packed = format!("{}.br", assets(&app).await[0]);
    assert_eq!(get(app.address, &packed, &[]).await.status, 404, "an encoding is no file of its own");
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let app = FakeApp::start(&[]).await;
    for path in
        ["/", "/healthz", "/licenses", "/nothing", "/api/v1/run", "/api/v1/ws", &assets(&app).await[0]]
    {
        let answer = get(app.address, path, &[]).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self' 'sha256-",
            "style-src 'self' 'sha256-",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("server"), "", "it does not say what it is made with");
    }
}

#[actix_web::test]
async fn other_sites_may_frame_the_page_if_the_settings_say_so() {
    let app = FakeApp::start(&["--frame-ancestors=self,https://school.example"]).await;
    let page = get(app.address, "/", &[]).await;
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("frame-ancestors 'self' https://school.example"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "", "it could not say the same");
}

#[actix_web::test]
async fn what_is_not_there_is_a_page_for_people_and_a_problem_for_programs() {
    let app = FakeApp::start(&[]).await;
    let page = get(app.address, "/nothing", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text().contains("There is nothing at this address."), "{}", page.text());
    get(app.address, "/api/v2/run", &[]).await.expect_problem(404);
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = FakeApp::start(&[]).await;
    for (method, path, allow) in [
        ("GET", "/api/v1/run", "POST, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD"),
        ("BREW", "/api/v1/ws", "GET, HEAD"),
    ] {
        let answer = request(app.address, method, path, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
    }
    let head = request(app.address, "HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[actix_web::test]
async fn health_tells_how_the_sandbox_does() {
    let app = FakeApp::start(&[]).await;
    let answer = get(app.address, "/healthz", &[]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    // These tests run in gVisor, too (make test-gvisor).
    let kernel = answer.json()["kernel"].as_str().expect("a name").to_owned();
    assert!(["linux", "gvisor"].contains(&kernel.as_str()), "{kernel}");
    let mut health = answer.json();
    let fields = health.as_object_mut().expect("an object");
    for (name, is_right) in [
        ("server", Value::is_string as fn(&Value) -> bool),
        ("since", Value::is_string),
        ("zygotes_lost", Value::is_u64),
        ("memory", Value::is_object),
    ] {
        let value = fields.remove(name).unwrap_or_default();
        assert!(is_right(&value), "{name}: {value}");
    }
    let expected = serde_json::json!({
        "status": "ok", "version": env!("CARGO_PKG_VERSION"), "engine": "V8 1.2.3", "kernel": kernel, "fork": "cold",
        "warm_children": 1, "open_runs": 2, "queued_runs": 3, "confinement": [{"layer": "seccomp", "state": "applied"}],
        "notes": ["landlock: not in this kernel"], "asking_runs": 0, "tuning": [],
    });
    assert_eq!(health, expected);
}

#[actix_web::test]
async fn the_script_for_other_sites_is_anyones_to_load_and_asked_for_anew() {
    let app = FakeApp::start(&[]).await;
    let script = get(app.address, "/embed.js", &[("accept-encoding", "br")]).await;
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(script.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(script.header("access-control-allow-origin"), "*");
    assert_eq!(script.header("cache-control"), "public, max-age=300, stale-while-revalidate=86400");
    assert!(script.body.len() <= 6 << 10, "{} bytes compressed", script.body.len());
    let tag = script.header("etag").to_owned();
    let known = [("accept-encoding", "br"), ("if-none-match", tag.as_str())];
    let again = get(app.address, "/embed.js", &known).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
    assert_eq!(again.header("cross-origin-resource-policy"), "cross-origin");
}

#[actix_web::test]
async fn the_frame_is_shown_by_those_whom_the_settings_name() {
    let app = FakeApp::start(&["--embed-origins=https://school.example,https://*.b.example"]).await;
    let frame = get(app.address, "/embed/frame", &[]).await;
    assert_eq!((frame.status, frame.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = frame.header("content-security-policy");
    assert!(
        policy.ends_with("frame-ancestors 'self' https://school.example https://*.b.example"),
        "{policy}"
    );
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"));
    assert_eq!(frame.header("x-frame-options"), "", "it could not say the same");
    assert_eq!(frame.header("cross-origin-resource-policy"), "cross-origin");
    // Only the frame: the page itself is still nobody's.
    let page = get(app.address, "/", &[]).await;
    assert!(page.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    assert_eq!(page.header("x-frame-options"), "DENY");

    let app = FakeApp::start(&[]).await;
    let policy = get(app.address, "/embed/frame", &[]).await.header("content-security-policy").to_owned();
    assert!(policy.ends_with("frame-ancestors 'self'"), "by default only the server's own pages: {policy}");
}

#[actix_web::test]
async fn the_page_that_helps_to_write_the_tag_may_show_the_frame_and_is_shown_by_nobody() {
    let app = FakeApp::start(&[]).await;
    let page = get(app.address, "/embed", &[]).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-src 'self'") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert!(page.text().contains("src=\"/embed.js\""), "{}", page.text());
}

#[actix_web::test]
async fn the_licences_of_all_that_is_inside_are_told() {
    let app = FakeApp::start(&[]).await;
    let answer = get(app.address, "/licenses", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
    let text = answer.text();
    // Ours, the page's, the crates', one that brings no text of its own, and one of which only JavaScript is taken.
    for part in [
        "The Mayfly contributors",
        "@codemirror/state ",
        "actix-web 4.",
        "Copyright (c) the Deno authors",
        "the V8 project authors; BSD-3-Clause",
        "deno_fetch 0.",
        "UNICODE LICENSE V3",
        "LLVM Exceptions to the Apache 2.0 License",
        "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
    ] {
        assert!(text.contains(part), "{part} is missing");
    }
    // What only builds or tests is not in the program.
    for part in ["proptest 1.", "\nsyn 2.", "cc 1."] {
        assert!(!text.contains(part), "{part} is not in the program");
    }
    let page = get(app.address, "/", &[]).await.text();
    assert!(page.contains(r#"<link rel="license" type="text/plain" href="/licenses">"#), "{page}");
}

#[actix_web::test]
async fn the_service_worker_reaches_the_whole_site_and_is_asked_for_anew() {
    let app = FakeApp::start(&[]).await;
    let script = get(app.address, "/service-worker.js", &[]).await;
    assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(script.header("cache-control"), "no-cache");
    assert!(script.header("content-security-policy").contains("connect-src 'self'"));
    // Only the editor's own script registers it: pages for others' sites have none.
    for path in ["/embed", "/embed/frame"] {
        assert!(!get(app.address, path, &[]).await.text().contains("service-worker"), "{path}");
    }
    // What it keeps is there.
    let text = script.text();
    let kept: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/main-")).collect();
    assert!(!kept.is_empty(), "{text}");
    for url in kept {
        assert_eq!(get(app.address, url, &[]).await.status, 200, "{url}");
    }
}

#[actix_web::test]
async fn the_page_offers_the_example_that_fetches_only_where_it_works() {
    let offers = async |flags: &[&str]| {
        let app = FakeApp::start(flags).await;
        get(app.address, "/", &[]).await.text().contains("data-offers=\"fixtures\"")
    };
    assert!(!offers(&[]).await);
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/fixtures.toml");
    assert!(offers(&[&format!("--egress-fixtures={ours}")]).await);
    let other = std::env::temp_dir().join(format!("mayfly-fixtures-{}.toml", uuid::Uuid::new_v4()));
    std::fs::write(&other, "[[fixture]]\nurl = \"https://a.example/\"\n").expect("a file");
    assert!(!offers(&[&format!("--egress-fixtures={}", other.display())]).await);
    std::fs::remove_file(&other).expect("it is there");
}

#[actix_web::test]
async fn a_request_has_one_name_in_its_answer_and_in_the_log() {
    let app = TestApp::with(&["--log-format=json"]);
    let named = |answer: &crate::support::Answer| answer.header("x-request-id").to_owned();
    let (first, second) = (get(app.address, "/x1", &[]).await, get(app.address, "/x2", &[]).await);
    let id = named(&first);
    assert!(id.parse::<uuid::Uuid>().is_ok() && id != named(&second), "{id}");
    // What anybody says is not taken for one: only what a proxy that is trusted says.
    let given = [("x-request-id", "mine-1")];
    assert_ne!(named(&get(app.address, "/x3", &given).await), "mine-1");
    let log = app.log();
    let mut said = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let line = said.find(|it| it["fields"]["path"] == "/x1").expect("it is logged");
    assert_eq!(line["span"]["id"], id.as_str(), "{line}");

    let app = TestApp::with(&["--trusted-proxies=127.0.0.1"]);
    assert_eq!(named(&get(app.address, "/", &given).await), "mine-1");
    for bad in ["", "two words", &"x".repeat(65)] {
        let id = named(&get(app.address, "/", &[("x-request-id", bad)]).await);
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
    }
}
