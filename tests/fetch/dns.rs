//! Names: a DNS server of the test's own that says one thing and then another.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::net::UdpSocket;

use crate::support::{Origin, TestApp};

const A: u16 = 1;

/// A DNS server that knows a few names.
struct Dns {
    address: SocketAddr,
    /// Addresses for a name, one list for each question of the kind A; the last stays.
    answers: Arc<Mutex<HashMap<String, Vec<Vec<Ipv4Addr>>>>>,
    /// Names that were asked for, with the kind.
    asked: Arc<Mutex<Vec<(String, u16)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Dns {
    async fn start(names: &[(&str, &[&[[u8; 4]]])]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let lists = |lists: &[&[[u8; 4]]]| {
            lists.iter().map(|list| list.iter().map(|octets| Ipv4Addr::from(*octets)).collect()).collect()
        };
        let answers = names.iter().map(|(name, all)| ((*name).to_owned(), lists(all))).collect();
        let answers: Arc<Mutex<HashMap<String, Vec<Vec<Ipv4Addr>>>>> = Arc::new(Mutex::new(answers));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (known, log) = (answers.clone(), asked.clone());
        let task = actix_web::rt::spawn(async move {
            let mut packet = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let (name, kind, end) = question(&packet[..length]);
                log.lock().expect("no panic").push((name.clone(), kind));
                let addresses = if kind == A { next(&known, &name) } else { Some(Vec::new()) };
                let _ = socket.send_to(&answer(&packet[..end], addresses), from).await;
            }
        });
        Self { address, answers, asked, task }
    }

    /// How often the address of `name` was asked for.
    fn questions(&self, name: &str) -> usize {
        let asked = self.asked.lock().expect("no panic");
        asked.iter().filter(|(it, kind)| it == name && *kind == A).count()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
        self.answers.lock().expect("no panic").clear();
    }
}

fn next(known: &Mutex<HashMap<String, Vec<Vec<Ipv4Addr>>>>, name: &str) -> Option<Vec<Ipv4Addr>> {
    let mut known = known.lock().expect("no panic");
    let lists = known.get_mut(name)?;
    if lists.len() > 1 { Some(lists.remove(0)) } else { lists.first().cloned() }
}

/// The name and kind that a packet asks for, and where the question ends.
fn question(packet: &[u8]) -> (String, u16, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while packet[at] != 0 {
        let length = usize::from(packet[at]);
        labels.push(String::from_utf8_lossy(&packet[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
    (labels.join("."), u16::from_be_bytes([packet[at + 1], packet[at + 2]]), at + 5)
}

/// The answer to a question: these addresses, for no time at all; no such name where there are none.
fn answer(question: &[u8], addresses: Option<Vec<Ipv4Addr>>) -> Vec<u8> {
    let code = if addresses.is_some() { 0x80 } else { 0x83 };
    let addresses = addresses.unwrap_or_default();
    let mut packet = question.to_vec();
    packet[2..4].copy_from_slice(&[0x85, code]);
    packet[4..12].copy_from_slice(&[0, 1, 0, addresses.len() as u8, 0, 0, 0, 0]);
    for address in addresses {
        packet.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        packet.extend_from_slice(&address.octets());
    }
    packet
}

const PROGRAM: &str = "for (const url of input) {
    await fetch(url).then((r) => console.log('reached', r.status), (e) => console.log(e.message));
}";

#[actix_web::test]
async fn a_name_is_looked_up_once_and_what_it_means_later_does_not_count() {
    let origin = Origin::start();
    // Nobody answers at 198.41.0.4, a public address, on this port.
    let dns = Dns::start(&[("flip.example", &[&[[198, 41, 0, 4]], &[[127, 0, 0, 1]]])]).await;
    let resolver = format!("--egress-resolver={}", dns.address);
    let app = TestApp::with(&["--egress-allow=*:*", "--egress-timeout=400ms", &resolver]);
    let url = format!("http://flip.example:{}/echo", origin.address.port());
    let ran = app.run(PROGRAM).input(json!([url])).expect_completed().await;
    let said = ran.lines().join("\n");
    assert!(said.contains("failed: ") || said.contains("egress.timeout"), "{said}");
    assert_eq!(dns.questions("flip.example"), 1, "the address is not asked for again");
    let ran = app.run(PROGRAM).input(json!([url])).expect_completed().await;
    assert!(ran.lines()[0].contains("was blocked: its host is a loopback address"), "{:?}", ran.lines());
    assert_eq!(origin.connections(), 0);
}

#[actix_web::test]
async fn a_name_with_a_private_address_among_others_is_reached_at_the_others_only() {
    let origin = Origin::start();
    let dns = Dns::start(&[
        ("mixed.example", &[&[[127, 0, 0, 1], [198, 41, 0, 4], [10, 0, 0, 1]]]),
        ("metadata.example", &[&[[169, 254, 169, 254]]]),
        ("empty.example", &[&[]]),
    ])
    .await;
    let resolver = format!("--egress-resolver={}", dns.address);
    let app = TestApp::with(&["--egress-allow=*:*", "--egress-timeout=400ms", &resolver]);
    let port = origin.address.port();
    let urls = ["mixed", "metadata", "empty", "unknown"].map(|name| format!("http://{name}.example:{port}/"));
    let ran = app.run(PROGRAM).input(json!(urls)).expect_completed().await;
    let own: Vec<&str> = ran.lines().into_iter().filter(|line| !line.contains("reached")).collect();
    let said = own.join("\n");
    assert!(
        said.contains("http://metadata.example") && said.contains("its host is a link-local address"),
        "{said}"
    );
    assert!(said.contains("http://unknown.example") && said.contains("its host was not found"), "{said}");
    assert_eq!(origin.connections(), 0);
}

#[actix_web::test]
async fn a_private_endpoint_can_be_a_name() {
    let origin = Origin::start();
    let dns = Dns::start(&[("intranet.example", &[&[[127, 0, 0, 1]]])]).await;
    let port = origin.address.port();
    let app = TestApp::with(&[
        &format!("--egress-resolver={}", dns.address),
        &format!("--egress-allow-private=intranet.example:{port}"),
    ]);
    let url = format!("http://intranet.example:{port}/echo");
    let ran = app.run(PROGRAM).input(json!([url])).expect_completed().await;
    assert_eq!(ran.lines(), ["reached 200"]);
}
