//! What the operator has ordered, so that a run is held to it without a look into the store.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::Origin;
use crate::sandbox::{ClientKey, Sender};
use crate::snippets::{Order, OrderKind, Timestamp};

/// The longest part of an IPv6 address that tells clients apart, see [`ClientKey`].
const IPV6_PREFIX: u8 = 64;
/// The widest networks that can be blocked: what is wider is everybody, and a mistake.
const WIDEST: (u8, u8) = (8, 16);

/// All orders, by what they are about.
#[derive(Debug, Default)]
pub struct Rulings {
    orders: Vec<Order>,
    hosts: HashMap<IpAddr, usize>,
    networks: Vec<(IpNet, usize)>,
    origins: HashMap<String, usize>,
    over: HashSet<String>,
}

impl Rulings {
    /// These. One that makes no sense here is passed over.
    pub fn new(orders: Vec<Order>) -> Self {
        let mut rulings = Self::default();
        for (at, order) in orders.iter().enumerate() {
            match order.kind {
                OrderKind::Address => match network(&order.value) {
                    Ok(network) if network.prefix_len() == network.max_prefix_len() => {
                        rulings.hosts.insert(network.addr(), at);
                    }
                    Ok(network) => rulings.networks.push((network, at)),
                    Err(_) => tracing::warn!(order = %order.id, "an order about an address that is none"),
                },
                OrderKind::Origin => {
                    rulings.origins.insert(order.value.clone(), at);
                }
                OrderKind::Session => {
                    rulings.over.insert(order.value.clone());
                }
                OrderKind::Run | OrderKind::Drain | OrderKind::Resume => {}
            }
        }
        Self { orders, ..rulings }
    }

    /// All, the newest first.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Whether a log-in is over before its time.
    pub fn is_over(&self, session: &str) -> bool {
        self.over.contains(session)
    }

    /// Why no run is taken from there, if none is: for whoever sent it.
    pub fn refusal(&self, sender: &Sender, now: Timestamp) -> Option<String> {
        let holds = |at: &usize| {
            self.orders.get(*at).filter(|order| order.expires_at.is_none_or(|expires| expires > now))
        };
        let of_address = sender.address.and_then(ClientKey::address).and_then(|address| {
            let host = self.hosts.get(&address).and_then(holds);
            let around = self.networks.iter().filter(|(network, _)| network.contains(&address));
            host.or_else(|| around.filter_map(|(_, at)| holds(at)).next())
        });
        if let Some(order) = of_address {
            return Some(words(order, "your address"));
        }
        let order =
            sender.origins.iter().filter_map(|origin| self.origins.get(origin)).filter_map(holds).next();
        order.map(|order| words(order, &format!("pages of {}", order.value)))
    }
}

/// What whoever is stopped by an order is told.
fn words(order: &Order, from: &str) -> String {
    let until = order.expires_at.map(|at| format!(" until {at}")).unwrap_or_default();
    let reason =
        if order.words.is_empty() { String::new() } else { format!(" The reason given: {}", order.words) };
    format!("The operator of this server takes nothing from {from}{until}.{reason}")
}

/// The address or network that `text` is, as far as it tells clients apart.
///
/// # Errors
/// In words for the operator.
pub fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || "Write an address or a network, like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48.".to_owned();
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse::<IpNet>().map_err(|_| wrong())?,
    };
    let prefix = match network {
        IpNet::V4(_) => network.prefix_len(),
        IpNet::V6(_) => network.prefix_len().min(IPV6_PREFIX),
    };
    let widest = if matches!(network, IpNet::V4(_)) { WIDEST.0 } else { WIDEST.1 };
    if prefix < widest {
        return Err(format!("A network of /{prefix} is nearly everybody. Write /{widest} or more."));
    }
    IpNet::new(network.addr(), prefix).map(|network| network.trunc()).map_err(|_| wrong())
}

/// How an order about an address has it.
///
/// # Errors
/// As [`network`].
pub fn address_value(text: &str) -> Result<String, String> {
    let network = network(text)?;
    let is_host = network.prefix_len() == network.max_prefix_len();
    Ok(if is_host { network.addr().to_string() } else { network.to_string() })
}

/// How an order about an origin has it.
///
/// # Errors
/// In words for the operator.
pub fn origin_value(text: &str) -> Result<String, String> {
    let origin = Origin::parse(text.trim().trim_end_matches('/'));
    origin
        .map(|origin| origin.to_string())
        .ok_or_else(|| "Write an origin, like https://example.org.".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn order(kind: OrderKind, value: &str, expires_in: Option<u64>) -> Order {
        let given_at = Timestamp::from_millis(0);
        Order {
            id: Uuid::new_v4(),
            kind,
            value: value.to_owned(),
            words: "Spam.".to_owned(),
            given_by: "ada".to_owned(),
            given_at,
            expires_at: expires_in.map(|seconds| given_at.after(Duration::from_secs(seconds))),
        }
    }

    fn from(address: &str, origins: &[&str]) -> Sender {
        Sender {
            address: Some(ClientKey::of(address.parse().expect("an address"))),
            origins: origins.iter().map(|it| (*it).to_owned()).collect(),
            snippet: None,
        }
    }

    #[test]
    fn whoever_is_meant_is_refused_in_words_until_the_time_is_over() {
        let rulings = Rulings::new(vec![
            order(OrderKind::Address, "192.0.2.7", Some(60)),
            order(OrderKind::Address, "198.51.100.0/24", None),
            order(OrderKind::Address, "2001:db8:1:2::/64", None),
            order(OrderKind::Origin, "https://bad.example", None),
            order(OrderKind::Address, "nonsense", None),
        ]);
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        assert_eq!(
            rulings.refusal(&from("192.0.2.7", &[]), at(59)).expect("it is blocked"),
            "The operator of this server takes nothing from your address until 1970-01-01T00:01:00Z. The reason given: \
             Spam."
        );
        assert_eq!(rulings.refusal(&from("192.0.2.7", &[]), at(60)), None);
        for blocked in ["198.51.100.9", "::ffff:198.51.100.1", "2001:db8:1:2:3::4"] {
            assert!(rulings.refusal(&from(blocked, &[]), at(0)).is_some(), "{blocked}");
        }
        for other in ["192.0.2.8", "198.51.101.9", "2001:db8:1:3::4"] {
            assert_eq!(rulings.refusal(&from(other, &["https://good.example"]), at(0)), None, "{other}");
        }
        let embedded = from("192.0.2.8", &["https://good.example", "https://bad.example"]);
        assert_eq!(
            rulings.refusal(&embedded, at(0)).expect("it is blocked"),
            "The operator of this server takes nothing from pages of https://bad.example. The reason given: Spam."
        );
    }

    #[test]
    fn what_an_order_can_be_about_is_written_in_one_way() {
        for (text, value) in [
            (" 192.0.2.7 ", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:DB8::1", "2001:db8::/64"),
            ("2001:db8::/48", "2001:db8::/48"),
            ("2001:db8::1/128", "2001:db8::/64"),
        ] {
            assert_eq!(address_value(text).as_deref(), Ok(value), "{text}");
        }
        for wrong in ["", "example.org", "192.0.2.7/33", "0.0.0.0/0", "10.0.0.0/7", "::/0", "192.0.2"] {
            assert!(address_value(wrong).is_err(), "{wrong}");
        }
        assert_eq!(origin_value(" HTTPS://Bad.Example:443/ ").as_deref(), Ok("https://bad.example"));
        for wrong in ["", "bad.example", "https://bad.example/page", "null", "javascript:1"] {
            assert!(origin_value(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            if let Ok(value) = address_value(&text) {
                prop_assert_eq!(address_value(&value), Ok(value.clone()));
            }
            if let Ok(value) = origin_value(&text) {
                prop_assert_eq!(origin_value(&value), Ok(value.clone()));
            }
        }
    }
}
