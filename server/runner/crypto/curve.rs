//! ECDSA and ECDH over the curves of NIST. A private key is its scalar, a public one its uncompressed point, each
//! in as many bytes as the curve's field has.

use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::der::Decode;
use p256::pkcs8::{DecodePublicKey, EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};

use super::hash::Hash;
use super::{Answer, Arguments, Failure, random, unknown};

pub(super) fn perform(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
    match args.text(1).as_str() {
        "P-256" => p256_curve::perform(operation, args),
        "P-384" => p384_curve::perform(operation, args),
        "P-521" => p521_curve::perform(operation, args),
        _ => Err(unknown()),
    }
}

fn no_private_key() -> Failure {
    Failure::data("This is no private key of that curve.")
}

fn no_public_key() -> Failure {
    Failure::data("This is no public key of that curve.")
}

/// A hash as the scalar that is signed, in `bytes` bytes at least: the libraries refuse hashes that are much shorter
/// than the curve's order, and zeroes in front don't change the number.
fn prehash(hash: Hash, data: &[u8], bytes: usize) -> Vec<u8> {
    let digest = hash.digest(data);
    let mut padded = vec![0; bytes.saturating_sub(digest.len())];
    padded.extend(digest);
    padded
}

/// The same for each curve.
macro_rules! curve {
    ($module:ident, $library:ident, $bytes:literal, $top_byte:literal) => {
        mod $module {
            use super::*;
            use $library::ecdsa::{Signature, SigningKey, VerifyingKey};
            use $library::{PublicKey, SecretKey};

            fn private(bytes: &[u8]) -> Result<SecretKey, Failure> {
                if bytes.len() != $bytes {
                    return Err(no_private_key());
                }
                SecretKey::from_slice(bytes).map_err(|_| no_private_key())
            }

            fn public(bytes: &[u8]) -> Result<PublicKey, Failure> {
                PublicKey::from_sec1_bytes(bytes).map_err(|_| no_public_key())
            }

            fn point(key: &PublicKey) -> Vec<u8> {
                key.to_sec1_point(false).as_bytes().to_vec()
            }

            fn generate() -> Result<SecretKey, Failure> {
                let mut bytes = [0; $bytes];
                loop {
                    random(&mut bytes)?;
                    bytes[0] &= $top_byte;
                    // Of the numbers that long, nearly all are scalars.
                    if let Ok(key) = SecretKey::from_slice(&bytes) {
                        return Ok(key);
                    }
                }
            }

            /// Of a PKCS #8 structure, whose own public key, if it has one, has to be that of the private key.
            fn import_private(der: &[u8]) -> Result<SecretKey, Failure> {
                let info = PrivateKeyInfoRef::from_der(der).map_err(|_| no_private_key())?;
                SecretKey::try_from(info).map_err(|_| no_private_key())
            }

            pub fn perform(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
                let bytes = match operation {
                    "ec.generate" => {
                        let key = generate()?;
                        return Ok(Answer::Parts(vec![key.to_bytes().to_vec(), point(&key.public_key())]));
                    }
                    "ec.verify" => {
                        let key = VerifyingKey::from(public(&args.bytes(3))?);
                        let data = prehash(args.hash(2)?, &args.bytes(5), $bytes);
                        let signature = Signature::from_slice(&args.bytes(4));
                        let valid = signature.is_ok_and(|it| key.verify_prehash(&data, &it).is_ok());
                        return Ok(Answer::Truth(valid));
                    }
                    "ec.sign" => {
                        let key = SigningKey::from(private(&args.bytes(3))?);
                        let data = prehash(args.hash(2)?, &args.bytes(4), $bytes);
                        let signature: Result<Signature, _> =
                            key.sign_prehash_with_rng(&mut getrandom::SysRng, &data);
                        let signature = signature
                            .map_err(|_| Failure::operation("The data can't be signed with this key."))?;
                        signature.to_bytes().to_vec()
                    }
                    "ec.agree" => {
                        let (private, public) = (private(&args.bytes(2))?, public(&args.bytes(3))?);
                        private.diffie_hellman(&public).raw_secret_bytes().to_vec()
                    }
                    "ec.public" => point(&private(&args.bytes(2))?.public_key()),
                    "ec.import.raw" => point(&public(&args.bytes(2))?),
                    "ec.import.spki" => {
                        let key =
                            PublicKey::from_public_key_der(&args.bytes(2)).map_err(|_| no_public_key())?;
                        point(&key)
                    }
                    "ec.import.pkcs8" => import_private(&args.bytes(2))?.to_bytes().to_vec(),
                    "ec.export.spki" => {
                        let der = public(&args.bytes(2))?.to_public_key_der().map_err(|_| no_public_key())?;
                        der.as_bytes().to_vec()
                    }
                    "ec.export.pkcs8" => {
                        let der = private(&args.bytes(2))?.to_pkcs8_der().map_err(|_| no_private_key())?;
                        der.as_bytes().to_vec()
                    }
                    _ => return Err(unknown()),
                };
                Ok(Answer::Bytes(bytes))
            }
        }
    };
}

curve!(p256_curve, p256, 32, 0xff);
curve!(p384_curve, p384, 48, 0xff);
curve!(p521_curve, p521, 66, 0x01);
