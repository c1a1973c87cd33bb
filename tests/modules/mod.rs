//! What programs may import: through the public API, in the real sandbox. Each of the files beside this one is about
//! a module, written like those of `conformance`; what the ones about Node's modules expect is what Node 20 does.

mod command;
mod list;

use std::fmt::Write as _;

use futures_util::stream::{self, StreamExt};
use serde_json::json;

use crate::conformance::{Found, HARNESS};
use crate::support::{Origin, Ran, TestApp};

/// The files.
const AREAS: [(&str, &str); 15] = [
    ("assert", include_str!("assert.js")),
    ("buffer", include_str!("buffer.js")),
    ("crypto", include_str!("crypto.js")),
    ("events", include_str!("events.js")),
    ("os", include_str!("os.js")),
    ("packages", include_str!("packages.js")),
    ("path", include_str!("path.js")),
    ("process", include_str!("process.js")),
    ("punycode", include_str!("punycode.js")),
    ("querystring", include_str!("querystring.js")),
    ("stream", include_str!("stream.js")),
    ("string_decoder", include_str!("string_decoder.js")),
    ("timers", include_str!("timers.js")),
    ("url", include_str!("url.js")),
    ("util", include_str!("util.js")),
];

/// The least that all the files assert together.
const ASSERTIONS: u64 = 340;

#[actix_web::test]
async fn modules_do_what_their_documentation_says() {
    let app = TestApp::start();
    let found: Vec<(&str, Found)> = stream::iter(AREAS)
        .map(|(area, source)| {
            let run = app.run(&format!("{HARNESS}{source}\nawait report();\n")).mode("module");
            async move { (area, Found::in_run(&run.send().await.0)) }
        })
        .buffered(3)
        .collect()
        .await;
    let assertions: u64 = found.iter().map(|(_, it)| it.assertions).sum();
    let mut failures = String::new();
    for (area, failure) in found.iter().flat_map(|(area, it)| it.failures.iter().map(move |it| (area, it))) {
        let _ = writeln!(failures, "{area}/{failure}");
    }
    assert!(failures.is_empty(), "{} failures:\n{failures}", failures.lines().count());
    assert!(assertions >= ASSERTIONS, "there are only {assertions} assertions");
}

/// What the console shows after the program ran to its end.
async fn lines(app: &TestApp, source: &str, mode: &str) -> Vec<String> {
    let ran = app.run(source).mode(mode).expect_completed().await;
    ran.lines().into_iter().map(str::to_owned).collect()
}

#[actix_web::test]
async fn a_module_is_one_however_it_is_asked_for() {
    let app = TestApp::start();
    let required = "
        const names = ['path', 'node:path', 'lodash', 'npm:lodash', 'lodash@4', 'lodash/get', 'lodash@4/get.js', 'events'];
        const [path, nodePath, lodash, npm, pinned, get, getJs, events] = names.map((it) => require(it));
        console.log(path === nodePath, lodash === npm, lodash === pinned, get === getJs, get === lodash.get);
        import('lodash').then((it) => console.log(it.default === lodash, it.chunk === lodash.chunk));
        console.log(require('stream').Readable.prototype instanceof events, require.resolve('path'));";
    let expected = ["true true true true true", "true node:path", "true true"];
    assert_eq!(lines(&app, required, "commonjs").await, expected);
    let imported = "
        import path, * as all from 'node:path';
        import { join } from 'path';
        import lodash from 'lodash@4';
        import { z } from 'zod';
        import * as zod from 'npm:zod';
        console.log(path.join === join, all.join === join, all.default === path, lodash.get({a: 1}, 'a'), zod.z === z);
        console.log(Object.keys(all).includes('basename'), (await import('lodash/get')).default === lodash.get);";
    assert_eq!(lines(&app, imported, "module").await, ["true true true 1 true", "true true"]);
}

#[actix_web::test]
async fn the_use_that_this_is_for_works() {
    let origin = Origin::start();
    let app = TestApp::with(&[&format!("--egress-allow-private={}", origin.address)]);
    let source = "module.exports = async (url) => {
        const axios = require('axios');
        const res = await axios.get(url);
        return res.data;
    }";
    let ran = app.run(source).mode("function").input(json!(origin.url("/echo?q=1"))).expect_completed().await;
    let data = &ran.0["returned"]["json"];
    assert_eq!((&data["method"], &data["body"]), (&json!("GET"), &json!("")), "{ran}");
    assert_eq!(origin.requests(), ["/echo?q=1"]);
}

async fn with_axios(source: &str) -> Ran {
    let origin = Origin::start();
    let app = TestApp::with(&[&format!("--egress-allow-private={}", origin.address)]);
    let source = format!("import axios, {{ AxiosError }} from 'axios';\n{source}");
    app.run(&source).mode("module").input(json!(origin.url(""))).expect_completed().await
}

#[actix_web::test]
async fn axios_sends_and_receives() {
    let ran = with_axios(
        "const api = axios.create({ baseURL: input, headers: { 'x-a': 'b' } });
         const posted = (await api.post('/echo', { a: 1 }, { params: { q: [1, 2] } })).data;
         const headers = Object.fromEntries(posted.headers);
         console.log(posted.method, posted.body, headers['x-a'], headers['content-type']);
         const form = (await api.post('/echo', new URLSearchParams({ a: 'b c' }))).data;
         console.log(form.body, Object.fromEntries(form.headers)['content-type']);
         for (const method of ['put', 'patch', 'delete']) console.log((await api.request({ method, url: '/echo' })).data.method);
         const bytes = await api.get('/bytes/10', { responseType: 'arraybuffer' });
         console.log(bytes.status, bytes.data instanceof ArrayBuffer, bytes.data.byteLength);
         console.log((await Promise.all([api.get('/echo'), api.get('/echo')])).length);",
    )
    .await;
    let expected = [
        r#"POST {"a":1} b application/json"#,
        "a=b+c application/x-www-form-urlencoded;charset=utf-8",
        "PUT",
        "PATCH",
        "DELETE",
        "200 true 10",
        "2",
    ];
    assert_eq!(ran.lines(), expected);
}

#[actix_web::test]
async fn axios_tells_what_went_wrong() {
    let ran = with_axios(
        "const say = (error) => console.log(error instanceof AxiosError, error.code, error.response?.status, error.message);
         await axios.get(input + '/status/404').catch(say);
         await axios.get(input + '/status/500').catch(say);
         await axios.get(input + '/hold', { timeout: 20 }).catch(say);
         const controller = new AbortController();
         setTimeout(() => controller.abort(), 10);
         await axios.get(input + '/hold', { signal: controller.signal }).catch((error) => console.log(axios.isCancel(error), error.code));
         console.log((await axios.get(input + '/status/404', { validateStatus: () => true })).status);",
    )
    .await;
    let expected = [
        "true ERR_BAD_REQUEST 404 Request failed with status code 404",
        "true ERR_BAD_RESPONSE 500 Request failed with status code 500",
        "true ETIMEDOUT undefined timeout of 20ms exceeded",
        "true ERR_CANCELED",
        "404",
    ];
    assert_eq!(ran.lines(), expected);
}

#[actix_web::test]
async fn axios_interceptors_and_transforms_are_called() {
    let ran = with_axios(
        "axios.interceptors.request.use((config) => { config.headers.set('x-added', 'yes'); return config });
         axios.interceptors.response.use((response) => ({ ...response, intercepted: true }), (error) => Promise.reject(new RangeError(error.code)));
         const ok = await axios.get(input + '/echo', { transformResponse: (text) => JSON.parse(text).headers });
         console.log(Object.fromEntries(ok.data)['x-added'], ok.intercepted);
         await axios.get(input + '/status/403').catch((error) => console.log(error.name, error.message));",
    )
    .await;
    assert_eq!(ran.lines(), ["yes true", "RangeError ERR_BAD_REQUEST"]);
}

#[actix_web::test]
async fn what_is_refused_says_why() {
    let app = TestApp::with(&["--modules-allow=node:*,lodash,date-fns@4,zod@3"]);
    let refused = [
        ("fs", ". Programs have no files"),
        ("node:fs/promises", ". Programs have no files"),
        ("http", ". Use fetch"),
        ("https", ". Use fetch"),
        ("net", ". Use fetch"),
        ("tls", ". Use fetch"),
        ("http2", ". Use fetch"),
        ("child_process", ""),
        ("node:child_process", ""),
        ("vm", ""),
        ("worker_threads", ""),
        ("cluster", ""),
        ("dgram", ""),
        ("inspector", ""),
        ("v8", ""),
        ("dns", ""),
        ("repl", ""),
        ("readline", ""),
        ("node:nope", ""),
        ("zlib", ". Use CompressionStream and DecompressionStream"),
        ("axios", ". Whoever runs it does not allow this module"),
        ("zod", ". Whoever runs it does not allow this module"),
        ("uuid/v4", ". Whoever runs it does not allow this module"),
        ("left-pad", ". Packages here are date-fns, lodash"),
        ("lodash@5", ". There is lodash 4.18.1"),
        ("lodash@x.y", ". Write a version like lodash@4.18.1 or lodash@4"),
        ("lodash/fp", ". Import it from 'lodash' itself"),
        ("date-fns/fp", ". Of date-fns, there are date-fns, date-fns/locale"),
        ("constructor", ". Packages here are date-fns, lodash"),
        ("__proto__", ""),
        ("toString", ""),
        ("mayfly:lodash", ""),
        ("ext:core/mod.js", ""),
        ("npm:", ""),
        ("node:", ""),
        ("lodash/../axios", ""),
        ("lodash/", ""),
        ("LODASH", ""),
        (" lodash", ""),
        ("lodash\\u0000", ""),
        ("npm:path", ". Packages here are date-fns, lodash"),
    ];
    let names: Vec<String> = refused.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let expected: Vec<String> = refused
        .iter()
        .map(|(name, advice)| {
            let name = name.replace("\\u0000", "\0");
            format!("Module '{name}' is not available in this sandbox{advice}")
        })
        .collect();
    let required = format!(
        "for (const name of [{names}]) try {{ require(name); console.log('LEAK', name) }} catch (e) {{ console.log(e.message) }}"
    );
    assert_eq!(lines(&app, &required, "commonjs").await, expected);
    let imported = format!(
        "for (const name of [{names}]) await import(name).then(() => console.log('LEAK', name), (e) => console.log(e.message))"
    );
    assert_eq!(lines(&app, &imported, "module").await, expected);
}

#[actix_web::test]
async fn modules_need_others_that_their_program_may_not_import() {
    let app = TestApp::with(&["--modules-allow=stream, util"]);
    let source = "
        const { Readable } = require('stream');
        console.log(require('util').inspect(1), typeof Readable.from, typeof require('stream/promises').pipeline);
        try { require('events') } catch (error) { console.log(error.code, error.message) }";
    let expected = [
        "1 function function",
        "MODULE_NOT_FOUND Module 'events' is not available in this sandbox. Whoever runs it does not allow this module",
    ];
    assert_eq!(lines(&app, source, "commonjs").await, expected);
}

/// A module's code is not the visitor's: positions are in the program alone.
#[actix_web::test]
async fn frames_of_modules_do_not_show() {
    let app = TestApp::start();
    let source = "const _ = require('lodash');\n_.map([1], () => {\n  throw new Error('mine');\n});";
    let ran = app.run(source).mode("commonjs").expect("failed").await;
    let stack = ran.0["error"]["stack"].as_array().expect("frames");
    assert!(
        !stack.is_empty() && stack.iter().all(|frame| frame["line"].as_u64().expect("a line") <= 4),
        "{ran}"
    );
    assert_eq!(stack[0]["line"], 3, "{ran}");
    let ran = app
        .run("const { Buffer } = require('buffer');\nBuffer.from(null);")
        .mode("commonjs")
        .expect("failed")
        .await;
    let stack = ran.0["error"]["stack"].as_array().expect("frames");
    assert_eq!((stack.len(), &stack[0]["line"]), (1, &json!(2)), "{ran}");
}

#[actix_web::test]
async fn standard_output_is_the_console_and_a_process_can_not_be_ended() {
    let app = TestApp::start();
    let source = "
        const process = require('process');
        process.stdout.write('one\\ntwo');
        process.stdout.write(' and more\\n');
        process.stderr.write('odd\\n');
        console.log(JSON.stringify(process.env), process.memoryUsage);
        try { process.exit(0) } catch (error) { console.log(error.message) }";
    let ran = app.run(source).mode("commonjs").expect_completed().await;
    let expected = [
        "one",
        "two and more",
        "odd",
        "{} undefined",
        "process.exit() is not available in this sandbox. Return from the program, or throw an error to end it",
    ];
    assert_eq!(ran.lines(), expected);
    assert_eq!(ran.0["console"][2]["level"], "error");
}
