//! What built-in functions do with texts that are too large. A program that asks for more memory than there is ends as
//! that, and not as a crash, whichever function asked.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use crate::support::TestApp;

/// Lists functions as expressions of `s`, a text, and `b`, a buffer: all methods of strings, and what takes texts.
const FUNCTIONS: &str = r#"
const methods = Object.getOwnPropertyNames(String.prototype).filter((it) => it !== "constructor" && typeof String.prototype[it] === "function");
const calls = methods.flatMap((it) => [`s.${it}(/./gu, s)`, `s.${it}(2 ** 28, s)`]);
const globals = Object.getOwnPropertyNames(globalThis).filter((it) => typeof globalThis[it] === "function" && !["eval", "prompt", "alert", "confirm", "close", "require"].includes(it));
calls.push(...globals.flatMap((it) => [`${it}(s)`, `new ${it}([s, s])`]));
for (const [name, holder] of Object.entries({ JSON, Intl, Reflect, Object, Array, crypto, performance, console, URL, Symbol, BigInt }))
  for (const it of Object.getOwnPropertyNames(holder)) if (typeof holder[it] === "function" && it !== "wait")
    calls.push(/^[A-Z]/.test(it) && name === "Intl" ? `new Intl.${it}(s)` : `${name}.${it}(s, s)`);
for (const it of Object.getOwnPropertyNames(Array.prototype)) if (typeof Array.prototype[it] === "function" && it !== "constructor") calls.push(`s.split("").${it}(s)`);
calls.push("new TextEncoder().encode(s)", "new TextDecoder().decode(b)", "new TextDecoder('utf-16le').decode(b)", "await new Blob([s, b]).text()", "await new Blob([s]).arrayBuffer()",
  "await new Response(s).json().catch(() => {})", "await new Response(s).formData().catch(() => {})", "JSON.stringify({ s, t: [s, s] }, null, 9)", "JSON.parse(JSON.stringify(s))", "JSON.parse('[' + s + ']')",
  "structuredClone({ s, b })", "structuredClone(new Map([[s, s]]))", "new RegExp(s)", "new RegExp('(' + s + ')*').test(s)", "s.split('').join(s)", "Array(1e6).fill(s).join('')", "String.raw({ raw: s })", "`${s}${s}` === s + s",
  "new Error(s).stack", "new Error(s, { cause: new Error(s) }).stack", "Symbol(s).toString()", "Function(s)", "new Function(s, s)", "BigInt('1' + '0'.repeat(s.length))", "BigInt('0x' + 'f'.repeat(s.length)).toString(7)",
  "(10n ** BigInt(s.length)).toLocaleString('de')", "new Intl.NumberFormat('de').format('1' + '0'.repeat(s.length))", "new Intl.ListFormat('de').format([s, s])", "[...new Intl.Segmenter('de').segment(s)].length", "new Intl.Collator('de').compare(s, s + 'a')", "s.localeCompare(s + 'a', 'de')",
  "new Intl.DateTimeFormat('de', { timeZone: s })", "new Date(s)", "Date.parse(s)", "new URLSearchParams({ [s]: s }).toString()", "new URL('http://a/' + s).href", "new URL('http://' + s + '/')", "new URLPattern({ pathname: s })", "new Headers({ a: s })", "new Request('http://a/' + s)", "new FormData().append(s, s)",
  "await crypto.subtle.digest('SHA-256', b)", "crypto.getRandomValues(b)", "postMessage?.(s)", "new MessageChannel().port1.postMessage({ s, b })", "new DOMException(s, s).stack", "new CustomEvent(s, { detail: s })", "reportError(new Error(s))", "Object.fromEntries([[s, s]])", "({ [s]: s })[s]", "new Set(s).size", "Array.from(s).sort().reverse()", "s.split('').map((it) => it + s.length)",
  "new TextEncoder().encodeInto(s, b)", "new TextDecoderStream().writable.getWriter().write(b)", "new CompressionStream('gzip').writable.getWriter().write(b)", "eval(JSON.stringify(s))", "eval('`' + s + '`')", "new WebAssembly.Module(b)", "WebAssembly.validate(b)", "parseFloat(s)", "Number('0'.repeat(s.length))", "atob(btoa('x'.repeat(s.length)))", "new Uint8Array(b).toBase64?.()", "Uint8Array.fromBase64?.('AAAA'.repeat(s.length))", "new Uint8Array(b).toHex?.()", "s.at(-1) + console.dir({ s })", "console.table([s, s])", "console.group(s)", "console.assert(false, s)", "console.time(s)", "console.count(s)");
return [...new Set(calls)];
"#;

/// Tries `call` on texts that grow: of one byte a unit, of two, with surrogates that are alone, and with escapes.
fn program(call: &str) -> String {
    format!(
        r#"const b = new Uint8Array(2 ** 22), kinds = ["a", "€", "\ud800", "%E2%82%AC", "\u0000\"", "ﷺ", "1 "];
for (let n = 2 ** 16; n <= 2 ** 27; n *= 8) for (const kind of kinds) {{
  try {{ const s = kind.repeat(n / kind.length); globalThis.last = await (async () => {call})() }} catch {{}}
}}"#
    )
}

#[actix_web::test]
async fn no_builtin_crashes_for_want_of_memory() {
    const AT_A_TIME: usize = 3;
    let app = TestApp::with(&["--limit-output-bytes=64MiB", "--source-bytes=1MiB"]);
    let app = &app;
    let listed =
        app.run(&format!("export default () => {{ {FUNCTIONS} }}")).mode("function").expect_completed().await;
    let calls: Vec<String> = serde_json::from_value(listed.0["returned"]["json"].clone()).expect("a list");
    assert!(calls.len() > 500, "only {} calls", calls.len());
    let ends: Vec<(String, Value)> = stream::iter(calls)
        .map(|call| async move {
            let ran = app.run(&program(&call)).mode("module").limit("cpu_ms", 700).send().await;
            (call, ran.0["outcome"].clone())
        })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, end) in &ends {
        *outcomes.entry(end.as_str().unwrap_or_default()).or_default() += 1;
    }
    println!("{outcomes:?}");
    assert!(outcomes.get("memory_exceeded").is_some_and(|count| *count > 50), "texts are large enough");
    let crashed: Vec<&str> =
        ends.iter().filter(|(_, end)| end == "crashed").map(|(call, _)| call.as_str()).collect();
    assert!(crashed.is_empty(), "{} crashed:\n{}", crashed.len(), crashed.join("\n"));
}
