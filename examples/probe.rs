use mayfly::limits::Limits;
use mayfly::protocol::browser::{Language, Mode};
use mayfly::sandbox::{Run, RunEvent, Sandbox, SandboxSettings};
use std::time::{Duration, Instant};

fn main() {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).with_writer(std::io::stderr).init();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(go());
}
async fn go() {
    let t = Instant::now();
    let cold = std::env::var("COLD").is_ok();
    let sandbox = Sandbox::launch(SandboxSettings {
        program: "/work/wt-confine/target/release/mayfly".into(),
        limits: Limits::default(), cold, confinement: match std::env::var("CONF").as_deref() { Ok("off") => mayfly::sandbox::ConfinementPolicy::Off, Ok("required") => mayfly::sandbox::ConfinementPolicy::Required, _ => mayfly::sandbox::ConfinementPolicy::Auto }, warm_children: 4, open_runs: 64, queue: 256,
        grace: Duration::from_millis(200), ready_timeout: Duration::from_secs(10),
        zygote_forks: 10_000, zygote_age: Duration::from_secs(3600), message_bytes: 64 << 10,
    }).await.unwrap();
    eprintln!("launch {:?} {:?}", t.elapsed(), sandbox.health());
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "bench" {
        let n: usize = args[1].parse().unwrap();
        let mut first = vec![]; let mut fin = vec![];
        let all = Instant::now();
        for _ in 0..n {
            let t = Instant::now();
            let (_h, mut ev) = sandbox.start(run("console.log('hi', {a:1}); 1+1")).unwrap();
            while let Some(e) = ev.recv().await { match e { RunEvent::Console{..} => first.push(t.elapsed()), RunEvent::Finished(r) => { assert_eq!(format!("{:?}", r.outcome), "Completed"); fin.push(t.elapsed()) }, _ => {} } }
        }
        let d = all.elapsed();
        first.sort(); fin.sort();
        println!("first p50 {:?} p99 {:?}; finished p50 {:?} p99 {:?}; {:.0}/s", first[n/2], first[n*99/100], fin[n/2], fin[n*99/100], n as f64/d.as_secs_f64());
        let t = Instant::now();
        let total = n;
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..8 { let s = sandbox.clone(); set.spawn(async move { for _ in 0..total/8 { let (_h, mut ev) = s.start(run("console.log('hi', {a:1}); 1+1")).unwrap(); while ev.recv().await.is_some() {} } }); }
        while set.join_next().await.is_some() {}
        println!("8 at once: {:.0}/s", total as f64 / t.elapsed().as_secs_f64());
        return;
    }
    for src in args {
        println!("--- {src}");
        let t = Instant::now();
        let (_h, mut ev) = sandbox.start(run(&src)).unwrap();
        while let Some(e) = ev.recv().await {
            match e {
                RunEvent::Console { seq, count, events } => println!("{:?} console {seq}+{count} {}", t.elapsed(), &events.get()[..events.get().len().min(600)]),
                RunEvent::Finished(r) => println!("{:?} {}", t.elapsed(), serde_json::to_string(&*r).unwrap()),
                e => println!("{:?} {e:?}", t.elapsed()),
            }
        }
    }
}
fn run(src: &str) -> Run { Run { run_id: uuid::Uuid::new_v4(), source: src.into(), language: Language::Javascript, mode: Mode::Auto, input: None, limits: Limits::default() } }
