//! Hash functions, and what is made of them: HMAC, HKDF, PBKDF2.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest;

use super::{Answer, Arguments, Failure, first_bits, unknown, zeroes};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// Does `$body` with `$type` standing for the function that `$hash` is.
macro_rules! with_hash {
    ($hash:expr, $type:ident => $body:expr) => {
        match $hash {
            $crate::runner::crypto::hash::Hash::Sha1 => {
                type $type = sha1::Sha1;
                $body
            }
            $crate::runner::crypto::hash::Hash::Sha256 => {
                type $type = sha2::Sha256;
                $body
            }
            $crate::runner::crypto::hash::Hash::Sha384 => {
                type $type = sha2::Sha384;
                $body
            }
            $crate::runner::crypto::hash::Hash::Sha512 => {
                type $type = sha2::Sha512;
                $body
            }
        }
    };
}
pub(super) use with_hash;

impl Hash {
    /// By the name that the standard has for it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SHA-1" => Self::Sha1,
            "SHA-256" => Self::Sha256,
            "SHA-384" => Self::Sha384,
            "SHA-512" => Self::Sha512,
            _ => return None,
        })
    }

    /// Of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        with_hash!(self, D => D::digest(data).to_vec())
    }
}

pub(super) fn perform(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
    let hash = args.hash(1)?;
    match operation {
        "digest" => Ok(Answer::Bytes(hash.digest(&args.bytes(2)))),
        "hmac.sign" => hmac(hash, &args.bytes(2), &args.bytes(3)).map(Answer::Bytes),
        "hmac.verify" => {
            let (key, signature, data) = (args.bytes(2), args.bytes(3), args.bytes(4));
            with_hash!(hash, D => {
                let mac = Hmac::<D>::new_from_slice(&key).map_err(|_| unusable())?;
                Ok(Answer::Truth(mac.chain_update(&data).verify_slice(&signature).is_ok()))
            })
        }
        "hkdf" => {
            let (key, salt, info, bits) = (args.bytes(2), args.bytes(3), args.bytes(4), args.number(5));
            let mut out = zeroes((bits as usize).div_ceil(8))?;
            with_hash!(hash, D => hkdf::Hkdf::<D>::new(Some(&salt), &key).expand(&info, &mut out))
                .map_err(|_| Failure::operation("HKDF can't make that many bits with this hash."))?;
            Ok(Answer::Bytes(first_bits(out, bits)))
        }
        "pbkdf2" => {
            let (key, salt, rounds, bits) = (args.bytes(2), args.bytes(3), args.number(4), args.number(5));
            let mut out = zeroes((bits as usize).div_ceil(8))?;
            with_hash!(hash, D => pbkdf2::pbkdf2_hmac::<D>(&key, &salt, rounds, &mut out));
            Ok(Answer::Bytes(first_bits(out, bits)))
        }
        _ => Err(unknown()),
    }
}

fn hmac(hash: Hash, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    with_hash!(hash, D => {
        let mac = Hmac::<D>::new_from_slice(key).map_err(|_| unusable())?;
        Ok(mac.chain_update(data).finalize().into_bytes().to_vec())
    })
}

fn unusable() -> Failure {
    Failure::operation("The key can't be used for HMAC.")
}
