//! For whom a snippet counts, so that one client can't fill the store: keyed hashes of the client's address and of the
//! network above it. Addresses themselves are not kept, and without the key, which is not in the store, nobody finds
//! one by trying all of them.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ring::hmac;

use super::id::hex;

/// The key's file in the data folder.
pub const KEY_FILE: &str = "client-key";

/// Bits of an IPv6 address that name a client, and the network above it.
const IPV6_BITS: [u32; 2] = [64, 48];

/// How much a network may hold: as much as so many clients. Who has a /48 has 65,536 networks of 64 bits.
pub const NETWORK_CLIENTS: u64 = 4;

/// Whoever shares something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharer {
    /// Somebody at this address.
    Address(IpAddr),
    /// Whoever has the API key of this number.
    Key(u64),
}

/// A client, and the network above it, as keyed hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Of an IPv4 address, the /64 of an IPv6 one, or a key.
    pub client: [u8; 16],
    /// Of the /48 of an IPv6 address; of others the same as `client`.
    pub network: [u8; 16],
}

/// Makes owners of sharers.
pub struct OwnerKey(hmac::Key);

impl OwnerKey {
    /// The key that is made from this secret: the same on each server that has it.
    pub fn of_secret(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The key in `folder`, which is made at random when it is not there.
    ///
    /// # Errors
    /// When it can neither be read nor made.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        let path = folder.join(KEY_FILE);
        let mut secret = String::new();
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                secret = random()?;
                file.write_all(secret.as_bytes())?;
                file.sync_all()?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                std::fs::File::open(&path)?.take(1 << 10).read_to_string(&mut secret)?;
            }
            Err(error) => return Err(error),
        }
        // A file that was cut short would be a key that can be guessed.
        if secret.trim().len() < 32 {
            let words = format!("{} has no key in it. Delete it", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, words));
        }
        Ok(Self::of_secret(secret.trim()))
    }

    /// A key that nobody else has, and that is gone with this process.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn for_now() -> io::Result<Self> {
        Ok(Self::of_secret(&random()?))
    }

    /// The owner of what `sharer` shares.
    pub fn owner(&self, sharer: Sharer) -> Owner {
        let [client, network] = match sharer {
            Sharer::Address(address) => match address.to_canonical() {
                IpAddr::V4(address) => [hash(&self.0, "address", &address.octets()); 2],
                IpAddr::V6(address) => IPV6_BITS.map(|bits| {
                    let masked = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)));
                    hash(&self.0, if bits == 64 { "client" } else { "network" }, &masked.octets())
                }),
            },
            Sharer::Key(number) => [hash(&self.0, "key", &number.to_be_bytes()); 2],
        };
        Owner { client, network }
    }
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

fn hash(key: &hmac::Key, kind: &str, bytes: &[u8]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(bytes);
    let mut hash = [0; 16];
    hash.copy_from_slice(&context.sign().as_ref()[..16]);
    hash
}

/// How much somebody may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// In bytes, all versions together.
    pub bytes: u64,
    /// In snippets.
    pub count: u64,
}

/// The share of the store that an owner has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub owner: Owner,
    /// Of a client. A network has [`NETWORK_CLIENTS`] times as much.
    pub client: Bounds,
}

/// Whose share is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The client's.
    Client,
    /// That of the network above it.
    Network,
    /// All of the store.
    Store,
}

impl Full {
    /// What it is called on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Network => "network",
            Self::Store => "store",
        }
    }
}

impl Share {
    /// Whose share is exceeded where the client and the network have this much.
    pub(super) fn exceeded(&self, client: Bounds, network: Bounds) -> Option<Full> {
        let is_over = |has: Bounds, times: u64| {
            has.bytes > self.client.bytes.saturating_mul(times)
                || has.count > self.client.count.saturating_mul(times)
        };
        if is_over(client, 1) {
            Some(Full::Client)
        } else {
            is_over(network, NETWORK_CLIENTS).then_some(Full::Network)
        }
    }
}

/// What came of writing to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is kept.
    Kept,
    /// The latest version is no longer the one before, or the snippet is gone.
    Stale,
    /// Nothing is kept: somebody's share would be exceeded.
    Full(Full),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Sharer {
        Sharer::Address(text.parse().expect("an address"))
    }

    #[test]
    fn owners_are_clients_and_networks() {
        let key = OwnerKey::of_secret("0123456789abcdef");
        let owner = |text| key.owner(address(text));
        assert_eq!(owner("192.0.2.1"), owner("::ffff:192.0.2.1"));
        assert_ne!(owner("192.0.2.1").network, owner("192.0.2.2").network);
        assert_eq!(owner("2001:db8:1:2::1"), owner("2001:db8:1:2:ffff::"));
        let (one, other) = (owner("2001:db8:1:2::1"), owner("2001:db8:1:3::1"));
        assert!(one.client != other.client && one.network == other.network);
        assert_ne!(owner("2001:db8:1::").client, owner("2001:db8:1::").network, "a /64 is not its /48");
        assert_ne!(owner("2001:db8:1:2::1").network, owner("2001:db8:2:2::1").network);
        assert_ne!(key.owner(Sharer::Key(1)), key.owner(Sharer::Key(2)));
        let elsewhere = OwnerKey::of_secret("0123456789abcdeg").owner(address("192.0.2.1"));
        assert_ne!(owner("192.0.2.1"), elsewhere, "another key gives other hashes");
    }

    #[test]
    fn key_is_made_once_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let made = OwnerKey::in_folder(folder.path()).expect("a key").owner(address("192.0.2.1"));
        assert_eq!(made, OwnerKey::in_folder(folder.path()).expect("a key").owner(address("192.0.2.1")));
        let file = folder.path().join(KEY_FILE);
        let mode = file.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&file, "").expect("it can be written");
        assert!(OwnerKey::in_folder(folder.path()).is_err(), "an empty key is none");
        assert!(OwnerKey::in_folder(&folder.path().join("not there")).is_err());
        assert_ne!(OwnerKey::for_now().expect("a key").owner(address("192.0.2.1")), made);
    }

    #[test]
    fn share_is_exceeded_by_bytes_or_count() {
        let owner = OwnerKey::of_secret("0123456789abcdef").owner(address("192.0.2.1"));
        let share = Share { owner, client: Bounds { bytes: 100, count: 10 } };
        let has = |bytes, count| Bounds { bytes, count };
        assert_eq!(share.exceeded(has(100, 10), has(400, 40)), None);
        assert_eq!(share.exceeded(has(101, 1), has(101, 1)), Some(Full::Client));
        assert_eq!(share.exceeded(has(1, 11), has(1, 11)), Some(Full::Client));
        assert_eq!(share.exceeded(has(1, 1), has(401, 1)), Some(Full::Network));
        assert_eq!(share.exceeded(has(1, 1), has(1, 41)), Some(Full::Network));
    }
}
