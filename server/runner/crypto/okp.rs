//! Ed25519 and X25519. Keys, private and public, are 32 bytes each.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use p256::pkcs8::der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef};
use p256::pkcs8::der::{Decode, Encode};
use p256::pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};

use super::{Answer, Arguments, Failure, random, unknown};

/// RFC 8410.
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

fn no_key() -> Failure {
    Failure::data("This is no key of that algorithm.")
}

fn key(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    bytes.try_into().map_err(|_| no_key())
}

fn public(oid: ObjectIdentifier, private: [u8; 32]) -> [u8; 32] {
    if oid == ED25519 {
        SigningKey::from_bytes(&private).verifying_key().to_bytes()
    } else {
        x25519_dalek::x25519(private, x25519_dalek::X25519_BASEPOINT_BYTES)
    }
}

pub(super) fn perform(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
    let oid = match args.text(1).as_str() {
        "Ed25519" => ED25519,
        "X25519" => X25519,
        _ => return Err(unknown()),
    };
    let algorithm = AlgorithmIdentifierRef { oid, parameters: None };
    let bytes = match operation {
        "okp.generate" => {
            let mut private = [0; 32];
            random(&mut private)?;
            return Ok(Answer::Parts(vec![private.to_vec(), public(oid, private).to_vec()]));
        }
        "okp.verify" => {
            let (key, signature, data) = (key(&args.bytes(2))?, args.bytes(3), args.bytes(4));
            let key = VerifyingKey::from_bytes(&key);
            let signature = Signature::from_slice(&signature);
            // Strictly: keys and signatures of a small order are no proof of anything.
            let valid =
                matches!((key, signature), (Ok(key), Ok(it)) if key.verify_strict(&data, &it).is_ok());
            return Ok(Answer::Truth(valid));
        }
        "okp.sign" => SigningKey::from_bytes(&key(&args.bytes(2))?).sign(&args.bytes(3)).to_bytes().to_vec(),
        "okp.agree" => {
            let secret = x25519_dalek::x25519(key(&args.bytes(2))?, key(&args.bytes(3))?);
            if secret == [0; 32] {
                return Err(Failure::operation("The public key is one of a small order."));
            }
            secret.to_vec()
        }
        "okp.public" => public(oid, key(&args.bytes(2))?).to_vec(),
        "okp.import.spki" => {
            let der = args.bytes(2);
            let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| no_key())?;
            let bytes = info.subject_public_key.as_bytes().filter(|_| info.algorithm == algorithm);
            key(bytes.ok_or_else(no_key)?)?.to_vec()
        }
        "okp.import.pkcs8" => {
            let der = args.bytes(2);
            let info = PrivateKeyInfoRef::from_der(&der).map_err(|_| no_key())?;
            if info.algorithm != algorithm {
                return Err(no_key());
            }
            // An octet string in an octet string.
            let inner = <&OctetStringRef>::from_der(info.private_key.as_bytes()).map_err(|_| no_key())?;
            key(inner.as_bytes())?.to_vec()
        }
        "okp.export.spki" => {
            let bytes = key(&args.bytes(2))?;
            let subject_public_key = BitStringRef::from_bytes(&bytes).map_err(|_| no_key())?;
            SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().map_err(|_| no_key())?
        }
        "okp.export.pkcs8" => {
            let bytes = key(&args.bytes(2))?;
            let inner = OctetStringRef::new(&bytes).and_then(|it| it.to_der()).map_err(|_| no_key())?;
            let inner = OctetStringRef::new(&inner).map_err(|_| no_key())?;
            PrivateKeyInfoRef::new(algorithm, inner).to_der().map_err(|_| no_key())?
        }
        _ => return Err(unknown()),
    };
    Ok(Answer::Bytes(bytes))
}
