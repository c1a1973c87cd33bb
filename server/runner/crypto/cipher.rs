//! AES in the modes of the standard. Counter modes are put together here: no library has counters of any width,
//! or GCM for nonces and tags of any length, at run time.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::AesKw;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::{Answer, Arguments, Failure, unknown, zeroes};

/// A block of any key's cipher.
type Block = aes::Block;

/// Bytes in a block.
const BLOCK: usize = 16;
/// Blocks that are enciphered at once.
const BATCH: usize = 64;

/// Does `$body` with `$type` standing for the cipher of such a key.
macro_rules! with_cipher {
    ($key:expr, $type:ident => $body:expr) => {
        match $key.len() {
            16 => {
                type $type = Aes128;
                $body
            }
            24 => {
                type $type = Aes192;
                $body
            }
            32 => {
                type $type = Aes256;
                $body
            }
            _ => return Err(Failure::operation("The key can't be used for AES.")),
        }
    };
}

pub(super) fn perform(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
    let key = args.bytes(1);
    let bytes = match operation {
        "aes.cbc.encrypt" => cbc_encrypt(&key, &args.bytes(2), &args.bytes(3)),
        "aes.cbc.decrypt" => cbc_decrypt(&key, &args.bytes(2), &args.bytes(3)),
        "aes.ctr" => ctr(&key, &args.bytes(2), args.number(3), args.bytes(4)),
        "aes.gcm.encrypt" => gcm_encrypt(&key, &args.bytes(2), &args.bytes(3), args.number(4), args.bytes(5)),
        "aes.gcm.decrypt" => gcm_decrypt(&key, &args.bytes(2), &args.bytes(3), args.number(4), args.bytes(5)),
        "aes.kw.wrap" => wrap(&key, &args.bytes(2)),
        "aes.kw.unwrap" => unwrap(&key, &args.bytes(2)),
        _ => Err(unknown()),
    };
    bytes.map(Answer::Bytes)
}

fn bad_iv() -> Failure {
    Failure::operation("The initialization vector of AES-CBC has 16 bytes.")
}

fn cbc_encrypt(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    with_cipher!(key, Cipher => {
        let cipher = cbc::Encryptor::<Cipher>::new_from_slices(key, iv).map_err(|_| bad_iv())?;
        Ok(cipher.encrypt_padded_vec::<Pkcs7>(data))
    })
}

fn cbc_decrypt(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    with_cipher!(key, Cipher => {
        let cipher = cbc::Decryptor::<Cipher>::new_from_slices(key, iv).map_err(|_| bad_iv())?;
        cipher.decrypt_padded_vec::<Pkcs7>(data).map_err(|_| undecipherable())
    })
}

fn undecipherable() -> Failure {
    Failure::operation("The data can't be decrypted with this key and these parameters.")
}

/// Adds the key stream to `data`. Of the counter block, only the bits in `mask` count up.
fn add_key_stream(
    cipher: &impl BlockCipherEncrypt<BlockSize = ghash::universal_hash::consts::U16>,
    start: u128,
    mask: u128,
    data: &mut [u8],
) {
    let mut counter = start;
    let mut blocks = [Block::default(); BATCH];
    for batch in data.chunks_mut(BATCH * BLOCK) {
        let used = batch.len().div_ceil(BLOCK);
        for block in &mut blocks[..used] {
            *block = counter.to_be_bytes().into();
            counter = (counter & !mask) | (counter.wrapping_add(1) & mask);
        }
        cipher.encrypt_blocks(&mut blocks[..used]);
        for (byte, key) in batch.iter_mut().zip(blocks.iter().flatten()) {
            *byte ^= key;
        }
    }
}

fn ctr(key: &[u8], counter: &[u8], width: u32, mut data: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let counter = <[u8; BLOCK]>::try_from(counter)
        .map_err(|_| Failure::operation("The counter block of AES-CTR has 16 bytes."))?;
    if !(1..=128).contains(&width) {
        return Err(Failure::operation("The counter of AES-CTR has from 1 to 128 bits."));
    }
    if width < 64 && data.len().div_ceil(BLOCK) as u64 > 1 << width {
        return Err(Failure::operation("The counter of AES-CTR has too few bits for that much data."));
    }
    let mask = u128::MAX >> (128 - width);
    with_cipher!(key, Cipher => {
        let cipher = Cipher::new_from_slice(key).map_err(|_| unknown())?;
        add_key_stream(&cipher, u128::from_be_bytes(counter), mask, &mut data);
    });
    Ok(data)
}

/// Goes over `data` with the key stream of GCM. Gives the whole tag, of the ciphertext: that is what `data` is
/// afterwards when `encrypts` and before when not.
fn gcm(
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    data: &mut [u8],
    encrypts: bool,
) -> Result<[u8; BLOCK], Failure> {
    if iv.is_empty() {
        return Err(Failure::operation("The initialization vector of AES-GCM is empty."));
    }
    let lengths = |first: &[u8], second: &[u8]| -> ghash::Block {
        (((first.len() as u128 * 8) << 64) | (second.len() as u128 * 8)).to_be_bytes().into()
    };
    with_cipher!(key, Cipher => {
        let cipher = Cipher::new_from_slice(key).map_err(|_| unknown())?;
        let mut subkey = Block::default();
        cipher.encrypt_block(&mut subkey);
        let ghash = GHash::new(&subkey);
        let start = if let Ok(iv) = <[u8; 12]>::try_from(iv) {
            let mut block = [0; BLOCK];
            block[..12].copy_from_slice(&iv);
            block[15] = 1;
            u128::from_be_bytes(block)
        } else {
            let mut ghash = ghash.clone();
            ghash.update_padded(iv);
            ghash.update(&[lengths(&[], iv)]);
            u128::from_be_bytes(ghash.finalize().into())
        };
        let mask = u128::from(u32::MAX);
        let next = (start & !mask) | (start.wrapping_add(1) & mask);
        let mut tag = ghash;
        tag.update_padded(associated);
        if encrypts {
            add_key_stream(&cipher, next, mask, data);
        }
        tag.update_padded(data);
        tag.update(&[lengths(associated, data)]);
        if !encrypts {
            add_key_stream(&cipher, next, mask, data);
        }
        let mut tag: [u8; BLOCK] = tag.finalize().into();
        add_key_stream(&cipher, start, mask, &mut tag);
        Ok(tag)
    })
}

/// The bytes of a tag with so many bits.
fn tag_bytes(bits: u32) -> Result<usize, Failure> {
    match bits {
        32 | 64 | 96 | 104 | 112 | 120 | 128 => Ok(bits as usize / 8),
        _ => Err(Failure::operation("The tag of AES-GCM has 32, 64, 96, 104, 112, 120 or 128 bits.")),
    }
}

fn gcm_encrypt(
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    tag_bits: u32,
    mut data: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let tag_bytes = tag_bytes(tag_bits)?;
    let tag = gcm(key, iv, associated, &mut data, true)?;
    data.extend_from_slice(&tag[..tag_bytes]);
    Ok(data)
}

fn gcm_decrypt(
    key: &[u8],
    iv: &[u8],
    associated: &[u8],
    tag_bits: u32,
    mut data: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let tag_bytes = tag_bytes(tag_bits)?;
    let length = data.len().checked_sub(tag_bytes).ok_or_else(undecipherable)?;
    let given = data.split_off(length);
    let tag = gcm(key, iv, associated, &mut data, false)?;
    // Whoever could time this has the key.
    if tag[..tag_bytes] == given[..] { Ok(data) } else { Err(undecipherable()) }
}

fn wrap(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut wrapped = zeroes(data.len() + 8)?;
    with_cipher!(key, Cipher => {
        let wrapping = AesKw::<Cipher>::new_from_slice(key).map_err(|_| unknown())?;
        // RFC 3394: n is 2 at least.
        if data.len() < BLOCK || wrapping.wrap_key(data, &mut wrapped).is_err() {
            return Err(Failure::operation("AES-KW wraps 16 bytes or more, and a multiple of 8 bytes."));
        }
    });
    Ok(wrapped)
}

fn unwrap(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    let length = data.len().checked_sub(8).filter(|length| *length >= BLOCK).ok_or_else(undecipherable)?;
    let mut unwrapped = zeroes(length)?;
    with_cipher!(key, Cipher => {
        let wrapping = AesKw::<Cipher>::new_from_slice(key).map_err(|_| unknown())?;
        wrapping.unwrap_key(data, &mut unwrapped).map_err(|_| undecipherable())?;
    });
    Ok(unwrapped)
}
