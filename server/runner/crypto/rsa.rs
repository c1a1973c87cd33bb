//! RSA. A private key is its PKCS #8 structure, a public one its SPKI structure, both as made here.

use getrandom::SysRng;
use rsa::pkcs1::der::asn1::{BitStringRef, OctetStringRef, UintRef};
use rsa::pkcs1::der::{Decode, Encode};
use rsa::pkcs1::{ALGORITHM_ID, ALGORITHM_OID, RsaPrivateKeyRef, RsaPublicKeyRef};
use rsa::pkcs8::{EncodePrivateKey, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Oaep, Pkcs1v15Sign, PrivateKey, Pss, PublicKey};

use super::hash::{Hash, with_hash};
use super::{Answer, Arguments, Failure, unknown};

/// Bits that the modulus of a key may have. Shorter ones are a joke and longer ones an attack on patience.
const BITS: std::ops::RangeInclusive<usize> = 256..=16_384;
/// Bits that the modulus of a new key may have.
const NEW_BITS: std::ops::RangeInclusive<u32> = 1_024..=16_384;
/// Public exponents of new keys: odd ones from here, which the library has to be able to find primes for.
const EXPONENTS: std::ops::Range<u64> = 3..1 << 33;

fn no_private_key() -> Failure {
    Failure::data("This is no private key of RSA.")
}

fn no_public_key() -> Failure {
    Failure::data("This is no public key of RSA.")
}

fn uint(bytes: &[u8]) -> BoxedUint {
    let significant = bytes.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &bytes[first..]);
    // A number has a limb at least.
    BoxedUint::from_be_slice_vartime(if significant.is_empty() { &[0] } else { significant })
}

fn new_public(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, Failure> {
    PublicKey::new_with_size_limits(uint(modulus), uint(exponent), BITS).map_err(|_| no_public_key())
}

fn new_private(key: &RsaPrivateKeyRef<'_>) -> Result<PrivateKey, Failure> {
    let part = |part: &UintRef<'_>| uint(part.as_bytes());
    // Looks at the sizes first.
    new_public(key.modulus.as_bytes(), key.public_exponent.as_bytes()).map_err(|_| no_private_key())?;
    let primes = vec![part(&key.prime1), part(&key.prime2)];
    if key.other_prime_infos.is_some() {
        return Err(no_private_key());
    }
    PrivateKey::from_components(
        part(&key.modulus),
        part(&key.public_exponent),
        part(&key.private_exponent),
        primes,
    )
    .map_err(|_| no_private_key())
}

/// The structure inside a PKCS #8 structure.
fn private_parts(der: &[u8]) -> Result<RsaPrivateKeyRef<'_>, Failure> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| no_private_key())?;
    if info.algorithm.oid != ALGORITHM_OID {
        return Err(no_private_key());
    }
    let bytes: &OctetStringRef = info.private_key;
    RsaPrivateKeyRef::from_der(bytes.as_bytes()).map_err(|_| no_private_key())
}

/// The structure inside an SPKI structure.
fn public_parts(der: &[u8]) -> Result<RsaPublicKeyRef<'_>, Failure> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| no_public_key())?;
    let bytes = info.subject_public_key.as_bytes().filter(|_| info.algorithm.oid == ALGORITHM_OID);
    RsaPublicKeyRef::from_der(bytes.ok_or_else(no_public_key)?).map_err(|_| no_public_key())
}

fn private(der: &[u8]) -> Result<PrivateKey, Failure> {
    new_private(&private_parts(der)?)
}

fn public(der: &[u8]) -> Result<PublicKey, Failure> {
    let parts = public_parts(der)?;
    new_public(parts.modulus.as_bytes(), parts.public_exponent.as_bytes())
}

fn private_der(key: &PrivateKey) -> Result<Vec<u8>, Failure> {
    Ok(key.to_pkcs8_der().map_err(|_| no_private_key())?.as_bytes().to_vec())
}

fn public_der(key: &PublicKey) -> Result<Vec<u8>, Failure> {
    let (modulus, exponent) = (key.n_bytes(), key.e_bytes());
    let encode = || {
        let (modulus, public_exponent) = (UintRef::new(&modulus)?, UintRef::new(&exponent)?);
        let inner = RsaPublicKeyRef { modulus, public_exponent }.to_der()?;
        let subject_public_key = BitStringRef::from_bytes(&inner)?;
        SubjectPublicKeyInfoRef { algorithm: ALGORITHM_ID, subject_public_key }.to_der()
    };
    encode().map_err(|_| no_public_key())
}

/// The modulus and the exponent, as keys tell them.
fn numbers(key: &PublicKey) -> [Vec<u8>; 2] {
    [key.n_bytes().into_vec(), key.e_bytes().into_vec()].map(|bytes| {
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        bytes[first..].to_vec()
    })
}

/// A key with its modulus and its exponent.
fn told(der: Vec<u8>, key: &PublicKey) -> Answer {
    let [modulus, exponent] = numbers(key);
    Answer::Parts(vec![der, modulus, exponent])
}

/// The public exponent of a new key, if such a key can be made.
fn new_exponent(bits: u32, exponent: &[u8]) -> Result<u64, Failure> {
    let number = exponent
        .iter()
        .try_fold(0_u64, |number, byte| number.checked_mul(256).map(|number| number + u64::from(*byte)));
    let number = number.filter(|number| EXPONENTS.contains(number) && number % 2 == 1);
    let number = number.ok_or_else(|| {
        Failure::operation("The public exponent of a new key has to be odd, and from 3 to 8589934591.")
    })?;
    if !NEW_BITS.contains(&bits) {
        return Err(Failure::operation("The modulus of a new key has from 1024 to 16384 bits."));
    }
    Ok(number)
}

fn generate(bits: u32, exponent: &[u8]) -> Result<Answer, Failure> {
    let number = new_exponent(bits, exponent)?;
    let key = PrivateKey::new_with_exp(&mut SysRng, bits as usize, BoxedUint::from(number));
    let key = key.map_err(|_| Failure::operation("No such key can be made."))?;
    Ok(Answer::Parts(vec![private_der(&key)?, public_der(key.as_public_key())?]))
}

/// A private key from the members of a JSON Web Key, which is either `n`, `e` and `d` or all eight.
fn from_parts(parts: &[Vec<u8>]) -> Result<PrivateKey, Failure> {
    let [modulus, exponent, private, rest @ ..] = parts else { return Err(no_private_key()) };
    new_public(modulus, exponent).map_err(|_| no_private_key())?;
    let primes = rest.iter().take(2).map(|prime| uint(prime)).collect();
    let key = PrivateKey::from_components(uint(modulus), uint(exponent), uint(private), primes);
    let key = key.map_err(|_| no_private_key())?;
    if let [_, _, derived @ ..] = rest {
        let der = private_der(&key)?;
        let made = private_parts(&der)?;
        let made = [made.exponent1, made.exponent2, made.coefficient];
        if made.iter().zip(derived).any(|(made, given)| uint(made.as_bytes()) != uint(given)) {
            return Err(no_private_key());
        }
    }
    Ok(key)
}

fn unsignable() -> Failure {
    Failure::operation("The data can't be signed with this key and these parameters.")
}

fn sign(is_pss: bool, hash: Hash, key: &PrivateKey, salt: u32, data: &[u8]) -> Result<Vec<u8>, Failure> {
    let digest = hash.digest(data);
    // A salt longer than this is refused below; the library would ask for its memory first.
    if is_pss && salt as usize > key.size() {
        return Err(unsignable());
    }
    with_hash!(hash, D => {
        if is_pss {
            key.sign_with_rng(&mut SysRng, Pss::<D>::new_with_salt(salt as usize), &digest)
        } else {
            key.sign(Pkcs1v15Sign::new::<D>(), &digest)
        }
    })
    .map_err(|_| unsignable())
}

fn verify(is_pss: bool, hash: Hash, key: &PublicKey, salt: u32, signature: &[u8], data: &[u8]) -> bool {
    let digest = hash.digest(data);
    if is_pss && salt as usize > key.size() {
        return false;
    }
    with_hash!(hash, D => {
        if is_pss {
            key.verify(Pss::<D>::new_with_salt(salt as usize), &digest, signature)
        } else {
            key.verify(Pkcs1v15Sign::new::<D>(), &digest, signature)
        }
    })
    .is_ok()
}

pub(super) fn perform(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
    match operation {
        "rsa.check" => new_exponent(args.number(1), &args.bytes(2)).map(|_| Answer::Truth(true)),
        "rsa.generate" => generate(args.number(1), &args.bytes(2)),
        "rsa.import.spki" => {
            let key = public(&args.bytes(1))?;
            Ok(told(public_der(&key)?, &key))
        }
        "rsa.import.pkcs8" => {
            let key = private(&args.bytes(1))?;
            Ok(told(private_der(&key)?, key.as_public_key()))
        }
        "rsa.import.jwk" => {
            let parts: Vec<_> = (0..i32::try_from(args.number(1)).unwrap_or(0).min(8))
                .map(|index| args.bytes(2 + index))
                .collect();
            if let [modulus, exponent] = parts.as_slice() {
                let key = new_public(modulus, exponent)?;
                return Ok(told(public_der(&key)?, &key));
            }
            let key = from_parts(&parts)?;
            Ok(told(private_der(&key)?, key.as_public_key()))
        }
        "rsa.export.private" => {
            let der = args.bytes(1);
            let key = private_parts(&der)?;
            let parts = [
                key.modulus,
                key.public_exponent,
                key.private_exponent,
                key.prime1,
                key.prime2,
                key.exponent1,
                key.exponent2,
                key.coefficient,
            ];
            Ok(Answer::Parts(parts.iter().map(|part| part.as_bytes().to_vec()).collect()))
        }
        "rsa.export.public" => Ok(Answer::Parts(numbers(&public(&args.bytes(1))?).to_vec())),
        "rsa.sign" => {
            let (is_pss, hash, key) = (args.text(1) == "RSA-PSS", args.hash(2)?, private(&args.bytes(3))?);
            sign(is_pss, hash, &key, args.number(4), &args.bytes(5)).map(Answer::Bytes)
        }
        "rsa.verify" => {
            let (is_pss, hash, key) = (args.text(1) == "RSA-PSS", args.hash(2)?, public(&args.bytes(3))?);
            Ok(Answer::Truth(verify(is_pss, hash, &key, args.number(4), &args.bytes(5), &args.bytes(6))))
        }
        "rsa.encrypt" => {
            let (hash, key, label, data) =
                (args.hash(1)?, public(&args.bytes(2))?, args.bytes(3), args.bytes(4));
            with_hash!(hash, D => key.encrypt(&mut SysRng, Oaep::<D>::new_with_label(label), &data))
                .map(Answer::Bytes)
                .map_err(|_| Failure::operation("The data is too long to be encrypted with this key."))
        }
        "rsa.decrypt" => {
            let (hash, key, label, data) =
                (args.hash(1)?, private(&args.bytes(2))?, args.bytes(3), args.bytes(4));
            with_hash!(hash, D => key.decrypt(Oaep::<D>::new_with_label(label), &data))
                .map(Answer::Bytes)
                .map_err(|_| {
                    Failure::operation("The data can't be decrypted with this key and these parameters.")
                })
        }
        _ => Err(unknown()),
    }
}
