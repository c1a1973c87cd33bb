//! The mathematics of WebCrypto: what `crypto.subtle` in server/runner/js/subtle.js leaves to native code. Keys,
//! parameters and who may do what with a key are that script's; here are bytes, and nothing is kept.
//!
//! All of it happens on the caller's thread and in one go: a child can make no thread. What takes long is ended
//! like any native code that does not yield: the watch says the last word and leaves.
//!
//! What comes in is a program's, also where it says that it is a key: each function takes any bytes there are.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64ct::{Base64UrlUnpadded, Encoding};
use deno_core::v8;

mod cipher;
mod curve;
mod hash;
mod okp;
mod rsa;
#[cfg(test)]
mod tests;

use hash::Hash;

/// Why something could not be done.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of the `DOMException`.
    name: &'static str,
    message: &'static str,
}

impl Failure {
    /// What was asked for can't be done with these bytes.
    fn operation(message: &'static str) -> Self {
        Self { name: "OperationError", message }
    }

    /// What was given is no key, or none of this kind.
    fn data(message: &'static str) -> Self {
        Self { name: "DataError", message }
    }
}

/// What came of an operation.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Bytes(Vec<u8>),
    /// The parts of a key.
    Parts(Vec<Vec<u8>>),
    Truth(bool),
    Text(String),
}

/// Fills `bytes` from the kernel.
fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|_| Failure::operation("The system has no random bytes to give."))
}

/// `length` zeroes, unless that is more memory than there is.
fn zeroes(length: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| Failure::operation("There is not enough memory for that."))?;
    bytes.resize(length, 0);
    Ok(bytes)
}

/// As many bits of `bytes` as were asked for: whole bytes, the last of them with zeroes behind.
fn first_bits(mut bytes: Vec<u8>, bits: u32) -> Vec<u8> {
    bytes.truncate((bits as usize).div_ceil(8));
    if let (Some(last), rest @ 1..) = (bytes.last_mut(), bits % 8) {
        *last &= 0xff << (8 - rest);
    }
    bytes
}

/// An operation and what it is done with.
trait Arguments {
    /// A string.
    fn text(&mut self, index: i32) -> String;
    /// A copy of a view's bytes.
    fn bytes(&mut self, index: i32) -> Vec<u8>;
    /// A number.
    fn number(&mut self, index: i32) -> u32;
    /// The name of a hash function.
    fn hash(&mut self, index: i32) -> Result<Hash, Failure> {
        let name = self.text(index);
        Hash::named(&name).ok_or(Failure { name: "NotSupportedError", message: "There is no such hash." })
    }
}

/// Does what the first argument names with the others.
fn perform(args: &mut impl Arguments) -> Result<Answer, Failure> {
    let operation = args.text(0);
    let family = operation.split('.').next().unwrap_or_default();
    match (family, operation.as_str()) {
        (_, "random") => {
            let bits = args.number(1);
            let mut bytes = zeroes((bits as usize).div_ceil(8))?;
            random(&mut bytes)?;
            Ok(Answer::Bytes(first_bits(bytes, bits)))
        }
        ("base64", _) => base64(&operation, args),
        ("aes", _) => cipher::perform(&operation, args),
        ("digest" | "hmac" | "hkdf" | "pbkdf2", _) => hash::perform(&operation, args),
        ("rsa", _) => rsa::perform(&operation, args),
        ("ec", _) => curve::perform(&operation, args),
        ("okp", _) => okp::perform(&operation, args),
        _ => Err(unknown()),
    }
}

/// What bytes look like in a JSON Web Key.
fn base64(operation: &str, args: &mut impl Arguments) -> Result<Answer, Failure> {
    match operation {
        "base64.encode" => Ok(Answer::Text(Base64UrlUnpadded::encode_string(&args.bytes(1)))),
        "base64.decode" => Base64UrlUnpadded::decode_vec(&args.text(1))
            .map(Answer::Bytes)
            .map_err(|_| Failure::data("A member of the JSON Web Key is not base64url without padding.")),
        _ => Err(unknown()),
    }
}

/// For an operation that there is not. Only our own script names them.
fn unknown() -> Failure {
    Failure { name: "NotSupportedError", message: "There is no such operation." }
}

struct Given<'a, 's, 'i> {
    scope: &'a mut v8::PinScope<'s, 'i>,
    args: v8::FunctionCallbackArguments<'s>,
}

impl Arguments for Given<'_, '_, '_> {
    fn text(&mut self, index: i32) -> String {
        match self.args.get(index).try_cast::<v8::String>() {
            Ok(text) => text.to_rust_string_lossy(self.scope),
            Err(_) => String::new(),
        }
    }

    fn bytes(&mut self, index: i32) -> Vec<u8> {
        let Ok(view) = self.args.get(index).try_cast::<v8::ArrayBufferView>() else { return Vec::new() };
        let mut bytes = vec![0; view.byte_length()];
        view.copy_contents(&mut bytes);
        bytes
    }

    fn number(&mut self, index: i32) -> u32 {
        self.args.get(index).try_cast::<v8::Number>().map_or(0, |number| number.value() as u32)
    }
}

/// Makes the function that does all of it: `perform(operation, …)` gives a `Uint8Array`, an array of those, a
/// boolean or a string, or throws what `error(name, message)` makes.
pub fn install<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Value>,
) -> Option<v8::Local<'s, v8::Function>> {
    v8::Function::builder(call).data(error).constructor_behavior(v8::ConstructorBehavior::Throw).build(scope)
}

fn call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let error = args.data();
    // The libraries take care not to panic on what they are given. Should one do so, its program gets to know.
    let performed = catch_unwind(AssertUnwindSafe(|| perform(&mut Given { scope, args })));
    let performed = performed.unwrap_or(Err(Failure::operation("The operation failed.")));
    let answer = match performed {
        Ok(Answer::Bytes(bytes)) => array(scope, bytes).map(Into::into),
        Ok(Answer::Parts(parts)) => {
            let parts: Option<Vec<v8::Local<v8::Value>>> =
                parts.into_iter().map(|part| array(scope, part).map(Into::into)).collect();
            parts.map(|parts| v8::Array::new_with_elements(scope, &parts).into())
        }
        Ok(Answer::Text(text)) => v8::String::new(scope, &text).map(Into::into),
        Ok(Answer::Truth(truth)) => Some(v8::Boolean::new(scope, truth).into()),
        Err(failure) => return throw(scope, error, &failure),
    };
    match answer {
        Some(answer) => result.set(answer),
        None => throw(scope, error, &Failure::operation("There is not enough memory for that.")),
    }
}

fn array<'s>(scope: &mut v8::PinScope<'s, '_>, bytes: Vec<u8>) -> Option<v8::Local<'s, v8::Uint8Array>> {
    let length = bytes.len();
    let store = v8::ArrayBuffer::new_backing_store_from_vec(bytes).make_shared();
    let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
    v8::Uint8Array::new(scope, buffer, 0, length)
}

fn throw(scope: &mut v8::PinScope<'_, '_>, error: v8::Local<'_, v8::Value>, failure: &Failure) {
    let Ok(make) = error.try_cast::<v8::Function>() else { return };
    let words = [failure.name, failure.message].map(|text| v8::String::new(scope, text));
    let [Some(name), Some(message)] = words else { return };
    let receiver = v8::undefined(scope).into();
    if let Some(error) = make.call(scope, receiver, &[name.into(), message.into()]) {
        scope.throw_exception(error);
    }
}
