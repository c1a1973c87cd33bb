//! Vectors from the standards, and anything at all: the bytes come from programs.

use proptest::prelude::*;

use super::*;

/// What an operation is done with.
#[derive(Debug, Clone)]
enum Arg {
    Text(String),
    Bytes(Vec<u8>),
    Number(u32),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<u8>> for Arg {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

struct Args(Vec<Arg>);

impl Args {
    fn get(&self, index: i32) -> Option<&Arg> {
        self.0.get(usize::try_from(index).ok()?)
    }
}

impl Arguments for Args {
    fn text(&mut self, index: i32) -> String {
        if let Some(Arg::Text(text)) = self.get(index) { text.clone() } else { String::new() }
    }

    fn bytes(&mut self, index: i32) -> Vec<u8> {
        if let Some(Arg::Bytes(bytes)) = self.get(index) { bytes.clone() } else { Vec::new() }
    }

    fn number(&mut self, index: i32) -> u32 {
        if let Some(Arg::Number(number)) = self.get(index) { *number } else { 0 }
    }
}

macro_rules! perform {
    ($($arg:expr),+ $(,)?) => { perform(&mut Args(vec![$(Arg::from($arg)),+])) };
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn bytes(answer: Result<Answer, Failure>) -> Vec<u8> {
    match answer {
        Ok(Answer::Bytes(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

fn parts(answer: Result<Answer, Failure>) -> Vec<Vec<u8>> {
    match answer {
        Ok(Answer::Parts(parts)) => parts,
        other => panic!("{other:?}"),
    }
}

fn fails(answer: Result<Answer, Failure>) -> &'static str {
    answer.expect_err("a failure").name
}

/// The GCM specification's test cases 3, 4, 5 and 6: one key, with nonces of 12, 8 and 60 bytes.
#[test]
fn gcm_takes_nonces_of_any_length() {
    let key = hex("feffe9928665731c6d6a8f9467308308");
    let data = hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    let associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let long_nonce = "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b";
    for (nonce, sealed) in [
        (
            "cafebabefacedbaddecaf888",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            "cafebabefacedbad",
            "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f45983612d2e79e3b0785561be14aaca2fccb",
        ),
        (
            long_nonce,
            "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca701e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5619cc5aefffe0bfa462af43c1699d050",
        ),
    ] {
        let (nonce, sealed) = (hex(nonce), hex(sealed));
        let made =
            perform!("aes.gcm.encrypt", key.clone(), nonce.clone(), associated.clone(), 128, data.clone());
        assert_eq!(bytes(made), sealed);
        let opened =
            perform!("aes.gcm.decrypt", key.clone(), nonce.clone(), associated.clone(), 128, sealed.clone());
        assert_eq!(bytes(opened), data);
        let mut tampered = sealed;
        tampered[3] ^= 1;
        let opened = perform!("aes.gcm.decrypt", key.clone(), nonce, associated.clone(), 128, tampered);
        assert_eq!(fails(opened), "OperationError");
    }
}

/// SP 800-38A, F.5.1, and what happens where a counter of 4 bits begins again.
#[test]
fn counters_of_any_width_begin_again() {
    let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
    let data = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    let counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let made = perform!("aes.ctr", key.clone(), counter.clone(), 128, data);
    assert_eq!(bytes(made), hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"));

    let zeroes = vec![0; 16 * 300];
    let stream = bytes(perform!("aes.ctr", key.clone(), counter.clone(), 128, zeroes.clone()));
    let narrow = bytes(perform!("aes.ctr", key.clone(), counter.clone(), 16, zeroes[..32].to_vec()));
    assert_eq!(narrow[..16], stream[..16]);
    // ...feff is followed by ...ff00 in 16 bits as in 128.
    assert_eq!(narrow[16..], stream[16..32]);
    let narrow = bytes(perform!("aes.ctr", key.clone(), counter.clone(), 8, zeroes[..32].to_vec()));
    let block = |counter: &str| bytes(perform!("aes.ctr", key.clone(), hex(counter), 128, vec![0; 16]));
    assert_eq!(narrow[16..], block("f0f1f2f3f4f5f6f7f8f9fafbfcfdfe00"));
    assert_eq!(fails(perform!("aes.ctr", key.clone(), counter.clone(), 4, zeroes)), "OperationError");
    assert_eq!(fails(perform!("aes.ctr", key, counter, 129, vec![0; 16])), "OperationError");
}

#[test]
fn keys_survive_their_formats() {
    for curve in ["P-256", "P-384", "P-521"] {
        let pair = parts(perform!("ec.generate", curve));
        let [private, public] = pair.as_slice() else { panic!("a pair") };
        assert_eq!(&bytes(perform!("ec.public", curve, private.clone())), public);
        let pkcs8 = bytes(perform!("ec.export.pkcs8", curve, private.clone()));
        assert_eq!(&bytes(perform!("ec.import.pkcs8", curve, pkcs8.clone())), private);
        let spki = bytes(perform!("ec.export.spki", curve, public.clone()));
        assert_eq!(&bytes(perform!("ec.import.spki", curve, spki.clone())), public);
        assert_eq!(fails(perform!("ec.import.pkcs8", curve, spki)), "DataError");
        assert_eq!(fails(perform!("ec.import.spki", curve, pkcs8.clone())), "DataError");
        let other = if curve == "P-256" { "P-384" } else { "P-256" };
        assert_eq!(fails(perform!("ec.import.pkcs8", other, pkcs8)), "DataError");
    }
    for name in ["Ed25519", "X25519"] {
        let pair = parts(perform!("okp.generate", name));
        let [private, public] = pair.as_slice() else { panic!("a pair") };
        let pkcs8 = bytes(perform!("okp.export.pkcs8", name, private.clone()));
        assert_eq!(&bytes(perform!("okp.import.pkcs8", name, pkcs8)), private);
        let spki = bytes(perform!("okp.export.spki", name, public.clone()));
        assert_eq!(&bytes(perform!("okp.import.spki", name, spki)), public);
    }
    let pair = parts(perform!("rsa.generate", 1024, vec![1, 0, 1]));
    let [private, public] = pair.as_slice() else { panic!("a pair") };
    assert_eq!(&parts(perform!("rsa.import.pkcs8", private.clone()))[0], private);
    assert_eq!(&parts(perform!("rsa.import.spki", public.clone()))[0], public);
    let numbers = parts(perform!("rsa.export.private", private.clone()));
    let mut args = vec!["rsa.import.jwk".into(), 8.into()];
    args.extend(numbers.iter().cloned().map(Arg::from));
    assert_eq!(&parts(perform(&mut Args(args.clone())))[0], private);
    // A factor that is none; one of the numbers that follow from the others, changed; too few.
    for (index, change) in [(5, 2), (7, 1), (4, 1)] {
        let mut args = args.clone();
        let mut number = numbers[index - 2].clone();
        *number.last_mut().unwrap() ^= change;
        args[index] = number.into();
        assert_eq!(fails(perform(&mut Args(args))), "DataError", "{index}");
    }
    let [n, e, d] = [0, 1, 2].map(|index| numbers[index].clone());
    // The factors that are found from these three may change places.
    let recovered = parts(perform!("rsa.import.jwk", 3, n.clone(), e.clone(), d));
    assert_eq!(recovered[1..], [n.clone(), e.clone()]);
    assert!(perform!("rsa.sign", "RSA-PSS", "SHA-256", recovered[0].clone(), 20, vec![1]).is_ok());
    assert_eq!(&parts(perform!("rsa.import.jwk", 2, n, e))[0], public);
}

#[test]
fn keys_that_can_be_no_keys_are_refused() {
    for (bits, exponent) in [
        (2048, vec![]),
        (2048, vec![1]),
        (2048, vec![2]),
        (2048, vec![0; 9]),
        (2048, vec![255; 9]),
        (1023, vec![3]),
        (16_385, vec![3]),
        (0, vec![1, 0, 1]),
    ] {
        assert_eq!(fails(perform!("rsa.generate", bits, exponent.clone())), "OperationError", "{exponent:?}");
    }
    for numbers in
        [[vec![], vec![]], [vec![0; 32], vec![3]], [vec![255; 32], vec![]], [vec![254; 128], vec![3]]]
    {
        let [n, e] = numbers;
        assert_eq!(fails(perform!("rsa.import.jwk", 2, n, e)), "DataError");
    }
    assert_eq!(fails(perform!("ec.public", "P-256", vec![0; 32])), "DataError");
    assert_eq!(fails(perform!("ec.public", "P-256", vec![255; 32])), "DataError");
    assert_eq!(fails(perform!("ec.import.raw", "P-256", vec![0])), "DataError");
    // X25519: a point of a small order.
    assert_eq!(fails(perform!("okp.agree", "X25519", vec![7; 32], vec![0; 32])), "OperationError");
}

/// Names of operations, some of which there are not.
fn operation() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "",
        "aes",
        "aes.cbc.encrypt",
        "aes.cbc.decrypt",
        "aes.ctr",
        "aes.gcm.encrypt",
        "aes.gcm.decrypt",
        "aes.kw.wrap",
        "aes.kw.unwrap",
        "base64.decode",
        "base64.encode",
        "digest",
        "hmac.sign",
        "hmac.verify",
        "hkdf",
        "ec.verify",
        "ec.sign",
        "ec.agree",
        "ec.public",
        "ec.import.raw",
        "ec.import.spki",
        "ec.import.pkcs8",
        "ec.export.spki",
        "ec.export.pkcs8",
        "okp.verify",
        "okp.sign",
        "okp.agree",
        "okp.import.spki",
        "okp.import.pkcs8",
        "rsa.check",
        "rsa.import.spki",
        "rsa.import.pkcs8",
        "rsa.import.jwk",
        "rsa.export.private",
        "rsa.export.public",
        "rsa.sign",
        "rsa.verify",
        "rsa.encrypt",
        "rsa.decrypt",
    ])
}

fn argument() -> impl Strategy<Value = Arg> {
    prop_oneof![
        proptest::sample::select(vec![
            "SHA-1", "SHA-256", "SHA-512", "P-256", "P-521", "Ed25519", "X25519", "RSA-PSS", "AQAB"
        ])
        .prop_map(Arg::from),
        (0_u32..5_000).prop_map(Arg::from),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Arg::from),
        proptest::sample::select(vec![16, 24, 32, 48, 66, 128])
            .prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length))
            .prop_map(Arg::from),
    ]
}

proptest! {
    #[test]
    fn nothing_panics(operation in operation(), rest in proptest::collection::vec(argument(), 0..8)) {
        let mut args = vec![Arg::from(operation)];
        args.extend(rest);
        let _ = perform(&mut Args(args));
    }

    /// Structures that are nearly keys.
    #[test]
    fn damaged_keys_do_not_panic(at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        static KEYS: std::sync::LazyLock<Vec<(&'static str, Vec<u8>)>> = std::sync::LazyLock::new(|| {
            let pair = parts(perform!("rsa.generate", 1024, vec![3]));
            let ec = parts(perform!("ec.generate", "P-256"));
            let okp = parts(perform!("okp.generate", "Ed25519"));
            vec![
                ("rsa.import.pkcs8", pair[0].clone()),
                ("rsa.import.spki", pair[1].clone()),
                ("ec.import.pkcs8", bytes(perform!("ec.export.pkcs8", "P-256", ec[0].clone()))),
                ("ec.import.spki", bytes(perform!("ec.export.spki", "P-256", ec[1].clone()))),
                ("okp.import.pkcs8", bytes(perform!("okp.export.pkcs8", "Ed25519", okp[0].clone()))),
            ]
        });
        for (operation, key) in KEYS.iter() {
            let mut key = key.clone();
            let index = at.index(key.len());
            key[index] = byte;
            if cut {
                key.truncate(index);
            }
            let name = if operation.starts_with("ec") { "P-256" } else { "Ed25519" };
            if operation.starts_with("rsa") {
                if let Ok(Answer::Parts(parts)) = perform!(*operation, key) {
                    let signed = perform!("rsa.sign", "RSA-PSS", "SHA-256", parts[0].clone(), 20, vec![1]);
                    let _ = perform!("rsa.encrypt", "SHA-256", parts[0].clone(), vec![], vec![1]);
                    drop(signed);
                }
            } else {
                let _ = perform!(*operation, name, key);
            }
        }
    }
}
