//! The server must not be talked into reaching what the visitor could not. Every rule is open here, so that only
//! the address decides.

use serde_json::json;

use crate::support::{Origin, TestApp};

/// Spellings of hosts that are private, or none at all. `PORT` is that of a server which would answer.
const HOSTS: &[&str] = &[
    // Loopback, as people write it and as they don't.
    "127.0.0.1:PORT",
    "localhost:PORT",
    "LOCALHOST:PORT",
    "localhost.:PORT",
    "foo.localhost:PORT",
    "127.0.0.1.:PORT",
    "127.1:PORT",
    "127.0.1:PORT",
    "127.255.255.254:PORT",
    "2130706433:PORT",
    "0x7f000001:PORT",
    "0x7f.1:PORT",
    "0X7F.0x0.0.1:PORT",
    "017700000001:PORT",
    "0177.0.0.1:PORT",
    "0177.0.0.01:PORT",
    "127.0x0.0.1:PORT",
    "%31%32%37.0.0.1:PORT",
    "127%2e0%2e0%2e1:PORT",
    "１２７.０.０.１:PORT",
    "127。0。0。1:PORT",
    "①②⑦.⓪.⓪.①:PORT",
    "loc\u{ad}alhost:PORT",
    "ｌｏｃａｌｈｏｓｔ:PORT",
    "0:PORT",
    "0.0.0.0:PORT",
    "0x0:PORT",
    "[::1]:PORT",
    "[0:0:0:0:0:0:0:1]:PORT",
    "[0000::0001]:PORT",
    "[::]:PORT",
    // IPv4 in IPv6.
    "[::ffff:127.0.0.1]:PORT",
    "[::ffff:7f00:1]:PORT",
    "[0:0:0:0:0:ffff:7f00:0001]:PORT",
    "[::127.0.0.1]:PORT",
    "[::ffff:0:127.0.0.1]:PORT",
    "[64:ff9b::127.0.0.1]:PORT",
    "[64:ff9b:1::127.0.0.1]:PORT",
    "[2002:7f00:1::]:PORT",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT",
    // Others' networks.
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "3232235521",
    "0xc0a80001",
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[fd00:ec2::254]",
    "168.63.129.16",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "192.0.2.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[fc00::1]",
    "[fdff::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
];

/// URLs that look like they went elsewhere, or that are none.
const TRICKS: &[&str] = &[
    "http://example.com@127.0.0.1:PORT/",
    "http://example.com:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@example.com/",
    "http://127.0.0.1:PORT#@example.com/",
    "http://127.0.0.1:PORT?@example.com/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "ht\ntp://127.0.0.1:PORT/",
    "http://127.0.0.1\t:PORT/",
    " http://127.0.0.1:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://127.0.0.1:PORT:80/",
    "http://127.0.0.256:PORT/",
    "http://0x7f.0.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
];

/// Fetches each URL of `input`, and says what became of it.
const PROGRAM: &str = "for (const url of input) {
    const what = await fetch(url).then((r) => `LEAK ${r.status}`, (e) => e.name + ' ' + e.message);
    console.log(JSON.stringify([url, what]));
}";

fn open(more: &[&str]) -> TestApp {
    TestApp::with(&[&["--egress-allow=*:*", "--egress-requests=1000", "--egress-timeout=2s"], more].concat())
}

async fn attempt(app: &TestApp, urls: &[String]) -> Vec<(String, String)> {
    let ran = app.run(PROGRAM).input(json!(urls)).expect_completed().await;
    let own = ran.lines().into_iter().filter(|line| line.starts_with('['));
    let said: Vec<(String, String)> = own.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(said.len(), urls.len(), "{ran}");
    said
}

#[actix_web::test]
async fn no_spelling_of_a_private_host_is_reached() {
    let origin = Origin::start();
    let app = open(&[]);
    let port = origin.address.port().to_string();
    let urls: Vec<String> =
        HOSTS.iter().map(|host| format!("http://{}/echo", host.replace("PORT", &port))).collect();
    assert!(urls.len() >= 70);
    for (url, what) in attempt(&app, &urls).await {
        assert!(
            what.starts_with("TypeError fetch to http") && what.contains("was blocked: its host is "),
            "{url}: {what}"
        );
    }
    let tricks: Vec<String> = TRICKS.iter().map(|trick| trick.replace("PORT", &port)).collect();
    for (url, what) in attempt(&app, &tricks).await {
        assert!(what.starts_with("TypeError "), "{url}: {what}");
    }
    assert_eq!(origin.connections(), 0);
}

#[actix_web::test]
async fn no_redirect_leads_where_a_request_may_not() {
    let (outer, inner) = (Origin::start(), Origin::start());
    let app = open(&[&format!("--egress-allow-private={}", outer.address)]);
    let port = inner.address.port().to_string();
    let mut urls = Vec::new();
    for host in HOSTS {
        let target = format!("http://{}/echo", host.replace("PORT", &port));
        urls.push(outer.url(&format!("/to?302={}", encoded(&target))));
    }
    for target in ["file:///etc/passwd", "data:,x", "ftp://127.0.0.1/", "gopher://127.0.0.1/"] {
        urls.push(outer.url(&format!("/to?307={}", encoded(target))));
    }
    for (url, what) in attempt(&app, &urls).await {
        assert!(what.starts_with("TypeError "), "{url}: {what}");
    }
    assert_eq!(outer.requests().len(), urls.len());
    assert_eq!(inner.connections(), 0);
}

/// `text` for a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[actix_web::test]
async fn a_private_endpoint_opens_its_own_port_and_no_other() {
    let (named, other) = (Origin::start(), Origin::start());
    let app = TestApp::with(&[&format!("--egress-allow-private={}", named.address)]);
    let ran = app
        .run(PROGRAM)
        .input(json!([
            named.url("/echo"),
            other.url("/echo"),
            named.url("/echo").replace("127.0.0.1", "localhost")
        ]))
        .expect_completed()
        .await;
    let own: Vec<&str> = ran.lines().into_iter().filter(|line| line.starts_with('[')).collect();
    assert!(own[0].contains("LEAK 200"), "this one is allowed: {own:?}");
    assert!(own[1].contains("egress.allow") && own[2].contains("egress.allow"), "{own:?}");
    assert_eq!((named.connections(), other.connections()), (1, 0));
}
