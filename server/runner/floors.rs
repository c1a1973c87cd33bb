//! Floors for the benchmarks (`tests/bench`), which run these tests by hand and alone: what a fork of a zygote costs
//! that runs nothing, and an isolate from V8's own snapshot. They are tests as they need what is private here and has
//! no place in the program. They assert nothing.
//!
//! Each reads numbers from standard input, a line each, does its thing so often, and answers with a line of JSON.

use std::io::{BufRead as _, Write as _};
use std::time::Instant;

use deno_core::v8;
use serde_json::json;

use super::address_space;
use super::isolate::Template;
use crate::limits::Limits;

/// User and system time of this process and of its children that have ended, in milliseconds.
fn cpu_ms() -> f64 {
    [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN]
        .map(|who| {
            // SAFETY: getrusage fills the struct it is given, for which all zeroes is a value.
            let usage = unsafe {
                let mut usage: libc::rusage = std::mem::zeroed();
                libc::getrusage(who, &raw mut usage);
                usage
            };
            let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
            ms(usage.ru_utime) + ms(usage.ru_stime)
        })
        .iter()
        .sum()
}

fn answer(mut act: impl FnMut()) {
    // Behind the name of the test, which its harness has written without an end.
    println!("\n{}", json!({ "ready": true }));
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(count) = line.trim().parse::<u32>() else { return };
        let before = cpu_ms();
        let ms: Vec<f64> = (0..count)
            .map(|_| {
                let begun = Instant::now();
                act();
                begun.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        println!("{}", json!({ "ms": ms, "cpu_ms": cpu_ms() - before }));
        let _ = std::io::stdout().flush();
    }
}

#[test]
#[ignore = "a floor for tests/bench, which has the words to say to it"]
fn bare_warm_fork() {
    // The harness runs tests in a thread of their own. A child has that thread alone.
    in_a_fork(forks, |status| assert_eq!(status, 0));
}

/// Forks a child that does this, and waits for it.
fn in_a_fork(life: impl FnOnce(), ended: impl FnOnce(libc::c_int)) {
    // SAFETY: the other thread, the harness's, waits for this one and holds nothing that the child could want.
    match unsafe { libc::fork() } {
        0 => {
            life();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) }
        }
        child => {
            let mut status = 0;
            // SAFETY: waits for the child just made.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            ended(status);
        }
    }
}

fn forks() {
    // As a zygote does, up to its first fork.
    let Limits { heap_bytes, buffer_bytes, .. } = Limits::default();
    let mut template = Template::new(heap_bytes, buffer_bytes).unwrap();
    template.warm_up();
    address_space::inherit_all_memory();
    answer(|| in_a_fork(|| {}, |_| {}));
}

#[test]
#[ignore = "a floor for tests/bench, which has the words to say to it"]
fn bare_isolate() {
    v8::V8::set_flags_from_string("--single-threaded");
    v8::V8::initialize_platform(v8::new_single_threaded_default_platform(false).make_shared());
    v8::V8::initialize();
    answer(|| {
        let mut isolate = v8::Isolate::new(v8::CreateParams::default());
        v8::scope!(let scope, &mut isolate);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let scope = &mut v8::ContextScope::new(scope, context);
        let source = v8::String::new(scope, "1 + 1").unwrap();
        let script = v8::Script::compile(scope, source, None).unwrap();
        assert!(script.run(scope).unwrap().is_number());
    });
}
