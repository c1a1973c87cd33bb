//! Starting and not starting.

use std::os::unix::ffi::OsStringExt;

use crate::support::{TestApp, command};

/// What `mayfly serve` says when it does not start.
fn refusal(flags: &[&str], variables: &[(&str, &str)], file: Option<&str>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    if let Some(text) = file {
        std::fs::write(folder.path().join("mayfly.toml"), text).expect("a file");
    }
    let arguments: Vec<&str> = std::iter::once("serve").chain(flags.iter().copied()).collect();
    let output =
        command(folder.path(), &arguments).envs(variables.iter().copied()).output().expect("mayfly starts");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "it is not ready");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_bad_value_stops_start_up_and_names_itself_and_its_place() {
    let text = refusal(&["--queue=many"], &[], None);
    assert!(
        text.contains("`sandbox.queue` can't be \"many\", from the flag --queue. Write a whole number"),
        "{text}"
    );
    let text = refusal(&[], &[("MAYFLY_LIMIT_WALL_MS", "1 year")], None);
    assert!(text.contains("from the environment variable MAYFLY_LIMIT_WALL_MS. Write a time"), "{text}");
    let text = refusal(&[], &[], Some("[limits]\nheap_bytes = 1"));
    assert!(text.contains("from `limits.heap_bytes` in mayfly.toml. Write a size from 8MiB"), "{text}");
    let text = refusal(&[], &[("MAYFLY_LISTEN", "")], None);
    assert!(text.contains("`server.listen` can't be empty"), "{text}");
}

#[test]
fn a_flag_hides_a_bad_variable_but_nothing_hides_a_bad_key() {
    let text = refusal(&["--queue=many"], &[("MAYFLY_QUEUE", "few")], Some("[sandbox]\nqueue = \"all\""));
    assert!(text.contains("\"many\""), "{text}");
    let text = refusal(&["--queue=1"], &[], Some("[sandbox]\nqeue = 1"));
    assert!(text.contains("unknown field `qeue`") && text.contains("mayfly.toml"), "{text}");
}

#[test]
fn a_file_that_was_asked_for_has_to_be_there() {
    let text = refusal(&["--config=nowhere.toml"], &[], None);
    assert!(text.contains("nowhere.toml can't be read"), "{text}");
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let text = refusal(&[&format!("--listen={address}")], &[], None);
    assert!(text.contains(&address), "{text}");
}

#[test]
fn a_variable_that_is_not_text_stops_start_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let output =
        command(folder.path(), &["serve"]).env("MAYFLY_QUEUE", value).output().expect("mayfly starts");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("MAYFLY_QUEUE") || !output.stderr.is_empty());
}

#[actix_web::test]
async fn it_starts_keeps_its_data_where_it_was_told_and_stops_on_sigterm() {
    let mut app = TestApp::start();
    assert!(app.data_dir().is_dir());
    assert_eq!(app.health().await["status"], "ok");
    let address = app.address.to_string();
    let check = |address: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let listen = format!("--listen={address}");
        command(folder.path(), &["healthcheck", &listen]).output().expect("mayfly starts").status.success()
    };
    assert!(check(&address), "the health check agrees");
    assert!(app.terminate(), "{}", app.log());
    assert!(!check(&address), "and now it does not");
    assert!(app.descendants().is_empty(), "nothing is left behind");
}
