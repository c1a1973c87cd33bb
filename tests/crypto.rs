//! What `crypto.subtle` has to do with processes; what it calculates is in `conformance/subtle.js`.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::TestApp;

/// Takes minutes, all of it in native code that does not look whether it is to stop.
const LONG: &str = "const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
    console.log('begins');
    await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 4e9 }, key, 512)";

#[actix_web::test]
async fn children_of_a_zygote_draw_keys_of_their_own() {
    let app = TestApp::start();
    let source = "const params = { name: 'ECDSA', namedCurve: 'P-256' };
        const { privateKey } = await crypto.subtle.generateKey(params, true, ['sign']);
        const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
        console.log((await crypto.subtle.exportKey('jwk', privateKey)).d);
        console.log((await crypto.subtle.exportKey('jwk', aes)).k);";
    let mut keys = HashSet::new();
    for _ in 0..8 {
        keys.extend(app.run(source).expect_completed().await.lines().iter().map(ToString::to_string));
    }
    assert_eq!(keys.len(), 16);
}

#[actix_web::test]
async fn what_takes_too_long_ends_at_the_limit_of_cpu_time() {
    let app = TestApp::start();
    let ran = app.run(LONG).limit("cpu_ms", 300).expect("cpu_exceeded").await;
    assert_eq!(ran.lines(), ["begins"]);
    let rsa = "await crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 16384, hash: 'SHA-256',
        publicExponent: new Uint8Array([1, 0, 1]) }, false, ['sign'])";
    app.run(rsa).limit("cpu_ms", 300).expect("cpu_exceeded").await;
}

#[actix_web::test]
async fn what_takes_too_long_can_be_stopped() {
    let app = TestApp::start();
    let mut socket = app.socket().await;
    let id = socket.run(LONG).await;
    socket.wait_for("console").await;
    let asked = Instant::now();
    socket.send(json!({"type": "stop", "run_id": id})).await;
    assert_eq!(socket.wait_for("finished").await["outcome"], "stopped");
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[actix_web::test]
async fn names_of_our_own_are_nobodys_error() {
    let app = TestApp::start();
    app.run("const a = 1; export { a as 'mayfly:result' }; a").expect_completed().await;
}

#[actix_web::test]
async fn an_input_of_null_is_one() {
    let app = TestApp::start();
    let ran = app.run("console.log(typeof input, input)").input(json!(null)).expect_completed().await;
    assert_eq!(ran.lines(), ["object null"]);
    app.run("typeof input === 'undefined' || fail").expect_completed().await;
}
