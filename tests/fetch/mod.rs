//! What programs fetch: through the public API, the real sandbox, and a real HTTP server.

mod dns;
mod ssrf;
mod tls;

use serde_json::json;

use crate::support::{Origin, Ran, TestApp};

/// A server whose programs may reach `origin`, besides these flags.
fn app(origin: &Origin, flags: &[&str]) -> TestApp {
    let allow = format!("--egress-allow-private={}", origin.address);
    TestApp::with(&[&[allow.as_str()], flags].concat())
}

/// Runs a program whose `input` is the origin's URL.
async fn run(app: &TestApp, origin: &Origin, source: &str) -> Ran {
    app.run(source).input(json!(origin.url(""))).send().await
}

#[track_caller]
fn lines(ran: &Ran, expected: &[&str]) {
    assert_eq!(ran.lines(), expected, "{ran}");
    assert_eq!(ran.0["outcome"], "completed", "{ran}");
}

#[actix_web::test]
async fn by_default_nothing_is_reached_and_the_console_says_why() {
    let origin = Origin::start();
    let app = TestApp::start();
    let ran = run(&app, &origin, "fetch(input + '/echo').catch((e) => console.log(e.name, e.message))").await;
    let url = origin.url("/echo");
    let why =
        format!("fetch to {url} was blocked: this site lets programs reach nothing outside (egress.allow)");
    lines(&ran, &[&why, &format!("TypeError {why}")]);
    let notice = &ran.0["console"][0];
    assert_eq!((&notice["level"], &notice["kind"]), (&json!("warn"), &json!("network")), "{notice}");
    assert_eq!(origin.connections(), 0);
}

#[actix_web::test]
async fn a_request_arrives_as_the_program_made_it_and_so_does_the_response() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const r = await fetch(input + '/echo?q=1#f', {method: 'POST', headers: {'X-A': 'é', cookie: 'a=b'}, \
             body: JSON.stringify({a: 1})});
         const {method, headers, body} = await r.json();
         const h = Object.fromEntries(headers);
         console.log(method, body, h['x-a'], h.cookie, h['content-type'], h['content-length'], h.host === input.slice(7));
         console.log(h['user-agent'] === navigator.userAgent, h['accept-encoding'], 'transfer-encoding' in h);
         console.log(r.ok, r.status, r.statusText, r.redirected, r.type, r.headers.get('x-echo'), r.url === input + '/echo?q=1');",
    )
    .await;
    lines(
        &ran,
        &[
            "POST {\"a\":1} é a=b text/plain;charset=UTF-8 7 true",
            "true gzip, deflate false",
            "true 200 OK false basic yes true",
        ],
    );
    assert_eq!(origin.requests(), ["/echo?q=1"]);
}

#[actix_web::test]
async fn every_kind_of_body_is_sent() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const send = async (body, init) => {
             const r = await (await fetch(input + '/echo', {method: 'POST', body, ...init})).json();
             const h = Object.fromEntries(r.headers);
             console.log(r.length, h['content-length'] ?? h['transfer-encoding'], h['content-type'] ?? '-');
         };
         await send('text');
         await send(new Uint8Array(100_000));
         await send(new URLSearchParams({a: 'b c'}));
         await send(new Blob(['blob'], {type: 'x/y'}));
         const form = new FormData(); form.append('a', '1'); form.append('f', new File(['file'], 'f.txt'));
         const r = await (await fetch(input + '/echo', {method: 'POST', body: form})).json();
         console.log(Object.fromEntries(r.headers)['content-type'].startsWith('multipart/form-data; boundary='));
         let n = 0;
         await send(new ReadableStream({pull(c) { n++ < 50 ? c.enqueue(new Uint8Array(10_000)) : c.close() }}), {duplex: 'half'});
         await send(null);
         console.log(n);",
    )
    .await;
    lines(
        &ran,
        &[
            "4 4 text/plain;charset=UTF-8",
            "100000 100000 -",
            "5 5 application/x-www-form-urlencoded;charset=UTF-8",
            "4 4 x/y",
            "true",
            "500000 chunked -",
            "0 0 -",
            "51",
        ],
    );
}

#[actix_web::test]
async fn connections_are_kept_and_used_again_also_by_other_runs() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    for _ in 0..2 {
        let ran = run(
            &app,
            &origin,
            "for (let i = 0; i < 5; i++) await (await fetch(input + '/bytes/10')).text(); console.log('done')",
        )
        .await;
        lines(&ran, &["done"]);
    }
    assert_eq!(origin.requests().len(), 10);
    assert_eq!(origin.connections(), 1);
}

#[actix_web::test]
async fn both_bodies_stream_at_once() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const {readable, writable} = new TransformStream();
         const writer = writable.getWriter();
         const encode = (t) => new TextEncoder().encode(t), decode = (b) => new TextDecoder().decode(b);
         writer.write(encode('one'));
         const r = await fetch(input + '/pingpong', {method: 'POST', body: readable, duplex: 'half'});
         const reader = r.body.getReader();
         console.log(decode((await reader.read()).value));
         writer.write(encode('two'));
         console.log(decode((await reader.read()).value));
         writer.close();
         console.log((await reader.read()).done);",
    )
    .await;
    lines(&ran, &["ONE", "TWO", "true"]);
}

#[actix_web::test]
async fn a_response_streams_and_is_read_in_every_way() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "let text = ''; for await (const c of (await fetch(input + '/stream/1000')).body) text += new TextDecoder().decode(c);
         console.log(text.split('\\n').length, text.startsWith('chunk 0\\n'), text.endsWith('chunk 999\\n'));
         console.log((await (await fetch(input + '/bytes/3000000')).arrayBuffer()).byteLength);
         console.log((await (await fetch(input + '/bytes/70000')).blob()).size);
         const [a, b] = [await fetch(input + '/bytes/5')].flatMap((r) => [r.clone(), r]);
         console.log(await a.text(), await b.text(), a.bodyUsed);
         const head = await fetch(input + '/bytes/5', {method: 'HEAD'});
         console.log(head.status, await head.text() === '', head.body);
         console.log((await fetch(input + '/status/204')).body, (await fetch(input + '/status/404')).ok);
         const reader = (await fetch(input + '/endless')).body.getReader();
         console.log((await reader.read()).value.length); await reader.cancel();",
    )
    .await;
    lines(
        &ran,
        &["1001 true true", "3000000", "70000", "xxxxx xxxxx true", "200 true null", "null false", "5"],
    );
    origin.until_given_up(1).await;
}

#[actix_web::test]
async fn an_abort_reaches_the_server() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const c = new AbortController();
         const r = await fetch(input + '/endless', {signal: c.signal});
         const reader = r.body.getReader(); await reader.read();
         const next = reader.read().catch((e) => console.log('body', e.name));
         c.abort(); await next;
         await fetch(input + '/endless', {signal: AbortSignal.abort('why')}).catch((e) => console.log(e));
         await fetch(input + '/hold', {signal: AbortSignal.timeout(50)}).catch((e) => console.log(e.name));",
    )
    .await;
    lines(&ran, &["body AbortError", "why", "TimeoutError"]);
    origin.until_given_up(1).await;
}

#[actix_web::test]
async fn a_run_that_ends_gives_up_its_requests() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = app.run("await (await fetch(input + '/endless')).text()");
    let ran = ran.input(json!(origin.url(""))).limit("wall_ms", 300).expect("timed_out").await;
    assert!(ran.0["usage"]["cpu_ms"].as_u64().is_some_and(|ms| ms < 200), "waiting is no work: {ran}");
    origin.until_given_up(1).await;
}

#[actix_web::test]
async fn redirects_are_followed_as_the_standard_says_and_no_more_than_five() {
    let origin = Origin::start();
    let app = app(&origin, &["--egress-requests=100"]);
    let ran = run(
        &app,
        &origin,
        "const r = await fetch(input + '/redirect/5');
         console.log(r.redirected, r.url.slice(input.length), await r.text());
         await fetch(input + '/redirect/6').catch((e) => console.log(e.message));
         for (const status of [301, 302, 303, 307, 308]) {
             const r = await (await fetch(`${input}/to?${status}=/echo`, {method: 'POST', body: 'b', headers: {'x-a': '1'}})).json();
             console.log(status, r.method, r.length, r.headers.some(([n]) => n === 'content-type'), r.headers.some(([n]) => n === 'x-a'));
         }
         console.log((await fetch(input + '/redirect/1', {redirect: 'manual'})).status);
         await fetch(input + '/redirect/1', {redirect: 'error'}).catch((e) => console.log(e.name));
         console.log((await fetch(input + '/to?302=/echo?%E2%98%83')).url.slice(input.length));",
    )
    .await;
    let more = "was refused: it is the end of more than 5 redirects (egress.redirects)";
    let all = ran.lines();
    assert_eq!(all[0], "true /redirect/0 arrived");
    assert!(
        all[1].ends_with(more) && all[2].ends_with("more than 5 redirects (egress.redirects)"),
        "{all:?}"
    );
    assert_eq!(
        all[3..],
        [
            "301 GET 0 false true",
            "302 GET 0 false true",
            "303 GET 0 false true",
            "307 POST 1 true true",
            "308 POST 1 true true",
            "302",
            "TypeError",
            "/echo?%E2%98%83",
        ]
    );
}

#[actix_web::test]
async fn requests_are_counted_and_six_go_at_once() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const all = await Promise.all(Array.from({length: 20}, () => fetch(input + '/hold').then((r) => r.text())));
         console.log(all.every((text) => text === 'held'), all.length);
         for (let i = 0; i < 3; i++) await fetch(input + '/hold').catch((e) => console.log(e.name));",
    )
    .await;
    let refused = format!(
        "fetch to {} was refused: a program may fetch 20 times here, redirects included (egress.requests)",
        origin.url("/hold")
    );
    lines(&ran, &["true 20", &refused, "TypeError", "TypeError", "TypeError"]);
    assert_eq!(origin.requests().len(), 20);
    assert_eq!(origin.most_held(), 6);
}

#[actix_web::test]
async fn bodies_and_times_are_bounded_and_the_visitor_is_told() {
    let origin = Origin::start();
    let app = app(
        &origin,
        &["--egress-request-bytes=1000", "--egress-response-bytes=100000", "--egress-timeout=500ms"],
    );
    let ran = run(
        &app,
        &origin,
        "const say = (p) => p.then((x) => console.log('got', x.length ?? x), (e) => console.log('not', e.message));
         await say(fetch(input + '/bytes/100000').then((r) => r.text()));
         await say(fetch(input + '/bytes/100001').then((r) => r.text()));
         await say(fetch(input + '/gzip/100000').then((r) => r.text()));
         await say(fetch(input + '/gzip/500000000').then((r) => r.text()));
         await say(fetch(input + '/echo', {method: 'POST', body: 'x'.repeat(1000)}).then((r) => r.status));
         await say(fetch(input + '/echo', {method: 'POST', body: 'x'.repeat(1001)}));
         const endless = new ReadableStream({pull(c) { c.enqueue(new Uint8Array(100)) }});
         await say(fetch(input + '/echo', {method: 'POST', body: endless, duplex: 'half'}));
         await say(fetch(input + '/endless').then((r) => r.text()));
         await say(fetch(input + '/headers/20/10').then((r) => [...r.headers].length > 20));
         await say(fetch(input + '/headers/80/1000'));",
    )
    .await;
    let all = ran.lines();
    let (own, notices): (Vec<&str>, Vec<&str>) =
        all.iter().partition(|line| line.starts_with("got ") || line.starts_with("not "));
    let expected = [
        "got 100000",
        "is longer than 100000 bytes (egress.response_bytes)",
        "got 100000",
        "is longer than 100000 bytes (egress.response_bytes)",
        "got 200",
        "is longer than 1000 bytes (egress.request_bytes)",
        "is longer than 1000 bytes (egress.request_bytes)",
        "it took longer than 500ms (egress.timeout)",
        "got true",
        "bytes; 65536 are read",
    ];
    assert_eq!(own.len(), expected.len(), "{all:?}");
    for (line, expected) in own.iter().zip(expected) {
        assert!(line.ends_with(expected), "{line} and not {expected}");
    }
    // The console names each limit that was met.
    assert_eq!(notices.len(), 6, "{all:?}");
}

#[actix_web::test]
async fn compressed_bodies_are_decompressed_and_say_so() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const r = await fetch(input + '/gzip/70000'); console.log(r.headers.get('content-encoding'), (await r.bytes()).length);
         const raw = await fetch(input + '/gzip/70000', {headers: {'accept-encoding': 'identity'}}); console.log((await raw.bytes()).length);",
    )
    .await;
    lines(&ran, &["gzip 70000", "70000"]);
}

#[actix_web::test]
async fn what_a_program_may_not_set_is_refused_in_words() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    let ran = run(
        &app,
        &origin,
        "const say = (init, url = input + '/echo') => fetch(url, init).catch((e) => console.log(e.message.replace(input, '')));
         await say({headers: {host: 'evil.example'}});
         await say({headers: {'Transfer-Encoding': 'chunked'}});
         await say({method: 'POST', body: 'abc', headers: {'content-length': '4'}});
         await say({}, 'http://u:p@' + input.slice(7));
         await say({}, 'file:///etc/passwd');
         await say({}, 'blob:null/1');
         await say({}, 'ftp://a.example/');",
    )
    .await;
    let all = ran.lines();
    assert!(
        all.iter().any(|line| line.contains("a user name and a password can't stand in its URL")),
        "{all:?}"
    );
    let said: Vec<&str> = all.iter().copied().filter(|line| !line.contains("127.0.0.1")).collect();
    assert_eq!(said.len(), 6, "{all:?}");
    for (line, expected) in said.iter().zip([
        "the header host can't be other than its URL says",
        "programs can't set the header transfer-encoding",
        "the header content-length is not its body's length",
        "programs can fetch http:, https:, data: and blob: URLs",
        "blob",
        "programs can fetch http:, https:, data: and blob: URLs",
    ]) {
        assert!(line.contains(expected), "{line}");
    }
    assert!(origin.requests().is_empty());
}

#[actix_web::test]
async fn data_urls_need_no_network() {
    let app = TestApp::start();
    let ran = app
        .run(
            "const r = await fetch('data:text/plain;base64,aGVsbG8='); console.log(await r.text(), r.headers.get('content-type'));
             console.log(await (await fetch(URL.createObjectURL?.(new Blob(['blob'])) ?? 'data:,blob')).text());
             await fetch('data:nonsense').catch((e) => console.log(e.name));",
        )
        .expect_completed()
        .await;
    lines(&ran, &["hello text/plain", "blob", "TypeError"]);
}

#[actix_web::test]
async fn fixtures_answer_without_any_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fixtures.toml");
    std::fs::write(folder.path().join("users.json"), "[{\"name\": \"Ada\"}]").expect("a file");
    std::fs::write(
        &path,
        "[[fixture]]\nurl = \"https://api.example.com/users*\"\nfile = \"users.json\"\n\
         headers = { content-type = \"application/json\" }\n\
         [[fixture]]\nurl = \"https://api.example.com/*\"\nstatus = 404\nbody = \"no such thing\"",
    )
    .expect("a file");
    let app = TestApp::with(&["--egress-fixtures", path.to_str().expect("UTF-8")]);
    let ran = app
        .run(
            "console.log((await (await fetch('https://api.example.com/users?n=1')).json())[0].name);
             const r = await fetch('https://api.example.com/x'); console.log(r.status, await r.text());
             await fetch('https://example.com/').catch((e) => console.log(e.name));",
        )
        .expect_completed()
        .await;
    assert_eq!(ran.lines()[..2], ["Ada", "404 no such thing"]);
    assert_eq!(ran.lines().last(), Some(&"TypeError"));
}

#[actix_web::test]
async fn a_broken_server_is_an_error_of_the_programs() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("one");
    let answers: [&[u8]; 5] = [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ];
    let serving = actix_web::rt::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
        }
    });
    let app = TestApp::with(&[&format!("--egress-allow-private={address},{closed}")]);
    let source = format!(
        "for (let i = 0; i < 5; i++) await fetch('http://{address}/').then((r) => r.text()).catch((e) => console.log(e.name, e.message));
         await fetch('http://{closed}/').catch((e) => console.log(e.name, e.message));"
    );
    let ran = app.run(&source).expect_completed().await;
    assert_eq!(ran.lines().len(), 6, "{:?}", ran.lines());
    assert!(ran.lines().iter().all(|line| line.starts_with("TypeError ")), "{:?}", ran.lines());
    assert!(ran.lines()[5].contains("there is no connection to its host"), "{:?}", ran.lines());
    serving.abort();
}

#[actix_web::test]
async fn many_runs_fetch_at_once_and_the_server_keeps_no_trace_of_them() {
    let origin = Origin::start();
    let app = app(&origin, &[]);
    run(&app, &origin, "await (await fetch(input + '/echo')).text()").await;
    let before = app.open_files();
    let runs = (0..12).map(|_| {
        run(
            &app,
            &origin,
            "const all = await Promise.all(Array.from({length: 10}, () => fetch(input + '/bytes/200000').then((r) => r.text())));
             console.log(all.reduce((sum, text) => sum + text.length, 0))",
        )
    });
    for ran in futures_util::future::join_all(runs).await {
        lines(&ran, &["2000000"]);
    }
    // Idle connections to the origin remain, up to the bound for a host.
    assert!(app.open_files() <= before + 8 + 12, "{} files, {before} before", app.open_files());
}
