//! `display`: bundles, pictures, charts, and what is refused.

use serde_json::{Value, json};

use crate::support::{Ran, TestApp};

/// The smallest picture there is, or nearly.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn bundles(ran: &Ran) -> Vec<Value> {
    let events = ran.0["console"].as_array().expect("an array").iter();
    events.filter(|event| event["kind"] == "display").map(|event| event["bundle"].clone()).collect()
}

#[actix_web::test]
async fn a_bundle_is_shown_in_all_its_forms() {
    let app = TestApp::start();
    let ran = app
        .run(
            r#"console.log("before");
            display({ "text/html": "<b>&é</b>", "text/plain": "bold", "application/json": { a: [1, null] } });
            display.html("<i>x</i>");
            display.svg("<svg xmlns='http://www.w3.org/2000/svg'/>", { alt: "nothing" });
            display.markdown("_x_");
            display("y", "text/markdown");
            console.log("after");"#,
        )
        .expect_completed()
        .await;
    assert_eq!(
        bundles(&ran),
        [
            json!({"text/html": "<b>&é</b>", "text/plain": "bold", "application/json": r#"{"a":[1,null]}"#}),
            json!({"text/html": "<i>x</i>"}),
            json!({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain": "nothing"}),
            json!({"text/markdown": "_x_"}),
            json!({"text/markdown": "y"}),
        ]
    );
    let lines = ran.lines();
    assert_eq!((lines[0], lines[1], lines[2], lines[6]), ("before", "bold", "(text/html, 8 bytes)", "after"));
    assert_eq!(ran.0["console"][1]["line"], 2);
    assert_eq!(ran.0["usage"]["console_events"], 7);
}

#[actix_web::test]
async fn what_is_no_bundle_is_shown_as_the_console_does() {
    let app = TestApp::start();
    let ran = app
        .run("display(42); display({ a: 1 }); display('text'); display([1]); display()")
        .expect_completed()
        .await;
    assert_eq!(ran.lines(), ["42", "{a: 1}", "text", "[1]", "undefined"]);
    assert!(bundles(&ran).iter().all(Value::is_null));
    assert_eq!(ran.0["console"][0]["args"], json!([{"type": "number", "value": 42}]));
}

#[actix_web::test]
async fn a_picture_can_be_bytes_a_data_url_or_a_blob() {
    let app = TestApp::start();
    let ran = app
        .run(
            r#"const bytes = Uint8Array.from(atob(input), (c) => c.charCodeAt(0));
            const wide = new Uint8Array(100 + bytes.length); wide.set(bytes, 50);
            display.image(bytes);
            display.image(bytes.buffer, "image/png");
            display.image(wide.subarray(50, 50 + bytes.length));
            display.image("data:image/png;base64," + input);
            display.image(new Blob([bytes.slice(0, 10), new Blob([bytes]).slice(10)], { type: "image/png" }));
            display({ "image/png": input, "text/plain": "a dot" });
            display(new Blob([bytes], { type: "image/png" }), { alt: "a dot" });
            display({ "image/png": new DataView(bytes.buffer) });
            display.image("data:image/svg+xml,%3Csvg/%3E");
            display(new Blob(["<p>"], { type: "text/html;charset=utf-8" }));"#,
        )
        .input(json!(PNG))
        .expect_completed()
        .await;
    let bundles = bundles(&ran);
    assert_eq!(bundles.len(), 10);
    assert!(bundles[..8].iter().all(|bundle| bundle["image/png"] == PNG), "{bundles:?}");
    assert_eq!((&bundles[5]["text/plain"], &bundles[6]["text/plain"]), (&json!("a dot"), &json!("a dot")));
    assert_eq!((&bundles[8]["image/svg+xml"], &bundles[9]["text/html"]), (&json!("<svg/>"), &json!("<p>")));
}

#[actix_web::test]
async fn a_table_is_the_consoles_own() {
    let app = TestApp::start();
    let ran = app.run("display.table([{ a: 1, b: 2 }, { a: 3 }], ['a'])").expect_completed().await;
    let event = &ran.0["console"][0];
    assert_eq!((&event["kind"], &event["table"]["columns"]), (&json!("table"), &json!(["(index)", "a"])));
}

#[actix_web::test]
async fn charts_are_drawn_from_numbers_pairs_and_series() {
    let app = TestApp::start();
    let ran = app
        .run(
            r#"display.chart("line", [1, 4, 2, null, 3], { title: "Wings <b>", xLabel: "day", yLabel: "count" });
            display.chart("bar", { ada: [["mon", 3], ["tue", 5]], bob: [["tue", 2]] });
            display.chart("scatter", [[0.5, 1], [2, 9], [NaN, 3]]);
            display.chart("line", new Float64Array([1, 2, 3]), { labels: ["a", "b", "c"] });
            display.chart("bar", []);"#,
        )
        .expect_completed()
        .await;
    let bundles = bundles(&ran);
    let svg = |at: usize| bundles[at]["image/svg+xml"].as_str().expect("a picture");
    assert_eq!(bundles[0]["text/plain"], "Line chart: Wings <b>. Values: 4, from 1 to 4.");
    for part in
        ["Wings &lt;b&gt;", ">day</text>", ">count</text>", "<title id=\"t\">", "stroke=\"var(--c0)\""]
    {
        assert!(svg(0).contains(part), "{part}: {}", svg(0));
    }
    assert_eq!(bundles[1]["text/plain"], "Bar chart. ada: 2, from 3 to 5. bob: 2.");
    for part in [">mon</text>", ">tue</text>", ">ada</text>", ">bob</text>"] {
        assert!(svg(1).contains(part), "{part}: {}", svg(1));
    }
    assert_eq!(bundles[2]["text/plain"], "Scatter chart. Values: 2, from 1 to 9.");
    assert!(svg(3).contains(">b</text>"));
    assert_eq!(bundles[4]["text/plain"], "Bar chart. Values: none.");
}

#[actix_web::test]
async fn what_can_not_be_shown_is_said_to_the_program() {
    let app = TestApp::with(&["--display-bytes=10KiB"]);
    let shown = "text/plain, text/html, image/svg+xml, text/markdown, application/json, image/png, image/jpeg, image/gif, \
                 image/webp";
    let pictures = "image/png, image/jpeg, image/gif, image/webp, image/svg+xml";
    for (source, error) in [
        ("display({ 'application/pdf': 'x' })", format!("TypeError: display can't show \"application/pdf\": it shows {shown}")),
        ("display({ 'text/html': '', b: 1 })", format!("TypeError: display can't show \"b\": it shows {shown}")),
        ("display('x', 'text/css')", format!("TypeError: display can't show \"text/css\": it shows {shown}")),
        ("display.html(5)", "TypeError: display: text/html has to be a string, not number".into()),
        ("display({ 'text/html': { toString() { console.log('ran') } } })", "TypeError: display: text/html has to be a string, not object".into()),
        ("display({ 'application/json': undefined })", "TypeError: display can't say undefined in JSON".into()),
        ("display({ 'image/png': 'not base64!' })", "TypeError: display: image/png as a string has to be a data URL or base64".into()),
        ("display.image(new Uint8Array(9))", format!("TypeError: display.image can't tell what these bytes are: it shows {pictures}")),
        ("display.image(new Uint8Array(9), 'image/gif')", "TypeError: display: these bytes are no image/gif".into()),
        ("display.image(new Blob(['x'], { type: 'text/html' }))", format!("TypeError: display.image can't show \"text/html\": it shows {pictures}")),
        ("display.image('data:text/html,x')", format!("TypeError: display.image can't show \"text/html\": it shows {pictures}")),
        ("display.image('x')", "TypeError: display.image needs bytes, a data URL or a Blob".into()),
        ("display.image(null)", "TypeError: display: a picture has to be bytes, a data URL or a Blob, not null".into()),
        ("display.html('', { alt: 5 })", "TypeError: the option alt has to be a string, not number".into()),
        ("display.chart('pie', [1])", "TypeError: the first argument of display.chart is the kind: \"line\", \"bar\" or \"scatter\"".into()),
        ("display.chart('bar', 5)", "TypeError: display.chart draws an array of numbers or of [x, y] pairs, or an object of such arrays, not number".into()),
        ("display.chart('bar', { a: 'x' })", "TypeError: display.chart: the values of \"a\" have to be an array, not string".into()),
        ("display.chart('bar', { a: [1, '2'] })", "TypeError: display.chart: value 1 of \"a\" is string, and no number or [x, y] pair (null leaves a gap)".into()),
        ("display.chart('line', new Array(5001).fill(1))", "RangeError: display.chart draws 5000 values at most, over all series; leave some out".into()),
        ("display.html('x'.repeat(10241))", "RangeError: display: this takes 10241 bytes; 10240 can be shown at once (client.display_bytes)".into()),
        ("display.html('x'.repeat(2 ** 29 - 30))", "RangeError: display: this takes 536870882 bytes; 10240 can be shown at once (client.display_bytes)".into()),
        ("display.image(new Uint8Array(2e7))", "RangeError: display: this takes 20000000 bytes; 10240 can be shown at once (client.display_bytes)".into()),
    ] {
        let ran = app.run(&format!("try {{ {source} }} catch (error) {{ console.log(String(error)) }}")).expect_completed().await;
        assert_eq!(ran.lines(), [error], "{source}");
    }
}

#[actix_web::test]
async fn what_is_shown_is_bounded_as_output() {
    let app = TestApp::start();
    // Every `"` takes two bytes in JSON.
    let ran = app
        .run("display.html('\"'.repeat(131000)); display.html('\"'.repeat(132000))")
        .expect("failed")
        .await;
    assert!(ran.message().contains("can be shown at once"), "{ran}");
    assert_eq!(bundles(&ran).len(), 1);
    let ran = app.run("for (;;) display.html('x'.repeat(100_000))").expect("output_exceeded").await;
    assert_eq!(bundles(&ran).len(), 10);
    assert!(ran.0["dropped"]["events"].as_u64().expect("a count") > 0);
    assert!(ran.0["usage"]["output_bytes"].as_u64().expect("a figure") <= 1 << 20);
    app.run("for (;;) display.html('')").limit("console_events", 50).expect("output_exceeded").await;
}

#[actix_web::test]
async fn nothing_runs_that_a_reader_would_not_expect() {
    let app = TestApp::start();
    let ran = app
        .run(
            r#"const ran = [];
            // A bundle's getters run as those of any argument do, once each and in order.
            display({ get "text/html"() { ran.push("html"); return "h" }, get "text/plain"() { ran.push("plain"); return "p" } });
            display({ "application/json": { toJSON() { ran.push("toJSON"); return 1 } } });
            console.log(ran.join());
            // What is no bundle is looked at, and that is all.
            ran.length = 0;
            const trap = new Proxy({}, new Proxy({}, { get(_, name) { ran.push(name); } }));
            display(trap);
            display({ get a() { ran.push("a"); }, toString() { ran.push("toString") }, toJSON() { ran.push("toJSON") } });
            display([trap]);
            console.log(ran.join());
            // Replaced prototypes change nothing.
            for (const it of [Array.prototype, Object.prototype, String.prototype, Uint8Array.prototype, Blob.prototype]) {
                for (const key of Object.getOwnPropertyNames(it)) {
                    try { Object.defineProperty(it, key, { get() { ran.push(key); }, configurable: true }); } catch {}
                }
            }
            display.html("x");
            display(new Blob(["b"], { type: "text/html" }));
            display.chart("line", { a: [[1, 2], [3, 4]] });
            display.chart("bar", [1, 2], { title: "t", labels: ["a", "b"] });
            ran[ran.length] = "end";
            console.log(ran);"#,
        )
        .expect_completed()
        .await;
    let lines = ran.lines();
    assert_eq!((lines[2], lines[6]), ("html,plain,toJSON", ""));
    assert_eq!(*lines.last().expect("a line"), r#"["end"]"#);
    assert_eq!(bundles(&ran).len(), 9);
    assert_eq!(bundles(&ran)[6], json!({"text/html": "b"}));
    // An error of the program's own is the program's to catch.
    let ran =
        app.run("display({ get 'text/html'() { throw new RangeError('mine') } })").expect("failed").await;
    assert_eq!(ran.message(), "mine");
}
