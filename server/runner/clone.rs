//! Structured clone, for `structuredClone`, `postMessage` and transfers: V8 does the cloning, and what is here
//! answers for the platform's own objects.
//!
//! deno_core has such functions too. They take any object under a registered symbol for one of the platform's,
//! call what they find for the type that it names, unchecked, and so let a program abort its process. These
//! believe an object nothing but a type's name, and that only if there is such a type.
//!
//! <https://html.spec.whatwg.org/multipage/structured-data.html>

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use deno_core::v8;
use deno_core::v8::{ValueDeserializerHelper, ValueSerializerHelper};

use super::globals::throw_type_error;

/// What is written before an object that was transferred: its number among those. A platform object that is
/// cloned is written as the number of its type, from 1, and its fields.
const TRANSFERRED: u32 = 0;

/// What a function of this file answers, or `None` when it threw.
type Thrown<T> = Option<T>;

/// What cloning needs to know of the platform, and what is on its way from one object to another.
struct Cloner {
    /// The symbol under which a platform object says how it is cloned. A program can find it.
    brand: v8::Global<v8::Symbol>,
    /// Makes a `DataCloneError` of a message.
    error: v8::Global<v8::Function>,
    /// Types of platform objects that can be cloned, and what makes one of its fields.
    types: Vec<(String, v8::Global<v8::Function>)>,
    transit: RefCell<Transit>,
}

/// What a message holds by number. What nobody takes out stays until the run's process ends.
#[derive(Default)]
struct Transit {
    last: u32,
    buffers: HashMap<u32, v8::SharedRef<v8::BackingStore>>,
    modules: HashMap<u32, v8::CompiledWasmModule>,
}

impl Transit {
    fn number(&mut self) -> u32 {
        // From there on up are those of streams, see js/transfer.js.
        self.last = self.last % (u32::MAX >> 1) + 1;
        self.last
    }
}

/// Makes the functions: `clone(value)`, `serialize(value, hostObjects, buffers)` and
/// `deserialize(bytes, hostObjects, buffers)`, where `buffers` is an array whose elements are replaced by
/// their numbers, and those by buffers again. `None` when `platform` is not what the bootstrap makes.
pub fn install<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    brand: v8::Local<'s, v8::Value>,
    error: v8::Local<'s, v8::Value>,
    types: v8::Local<'s, v8::Object>,
) -> Option<[v8::Local<'s, v8::Function>; 3]> {
    let names = types.get_own_property_names(scope, v8::GetPropertyNamesArgs::default())?;
    let mut known = Vec::new();
    for index in 0..names.length() {
        let name = names.get_index(scope, index)?;
        let make = types.get(scope, name)?.try_cast::<v8::Function>().ok()?;
        known.push((name.to_rust_string_lossy(scope), v8::Global::new(scope, make)));
    }
    let brand = brand.try_cast::<v8::Symbol>().ok()?;
    let error = error.try_cast::<v8::Function>().ok()?;
    let cloner = Cloner {
        brand: v8::Global::new(scope, brand),
        error: v8::Global::new(scope, error),
        types: known,
        transit: RefCell::default(),
    };
    scope.set_slot(Rc::new(cloner));
    Some([
        v8::Function::builder(clone).build(scope)?,
        v8::Function::builder(serialize).build(scope)?,
        v8::Function::builder(deserialize).build(scope)?,
    ])
}

impl Cloner {
    fn of(scope: &v8::Isolate) -> Option<Rc<Self>> {
        scope.get_slot::<Rc<Self>>().cloned()
    }

    /// Throws a `DataCloneError`.
    fn throw(&self, scope: &mut v8::PinScope<'_, '_>, message: v8::Local<'_, v8::String>) {
        let receiver = v8::undefined(scope).into();
        let error = v8::Local::new(scope, &self.error);
        let message = v8::Local::new(scope, message);
        if let Some(error) = error.call(scope, receiver, &[message.into()]) {
            scope.throw_exception(error);
        }
    }

    fn throw_words(&self, scope: &mut v8::PinScope<'_, '_>, words: &str) {
        if let Some(message) = v8::String::new(scope, words) {
            self.throw(scope, message);
        }
    }

    /// Writes `value`, without the objects in `host_objects` and `buffers`: these are transferred.
    fn serialize<'s>(
        self: &Rc<Self>,
        scope: &mut v8::PinScope<'s, '_>,
        value: v8::Local<'s, v8::Value>,
        host_objects: Option<v8::Local<'s, v8::Array>>,
        buffers: Option<v8::Local<'s, v8::Array>>,
    ) -> Thrown<Vec<u8>> {
        let delegate = Delegate { cloner: self.clone(), host_objects };
        let serializer = v8::ValueSerializer::new(scope, Box::new(delegate));
        serializer.write_header();
        let mut transferred: Vec<(u32, v8::Local<v8::ArrayBuffer>)> = Vec::new();
        for index in 0..buffers.map_or(0, |buffers| buffers.length()) {
            let buffer = buffers?.get_index(scope, index)?.try_cast::<v8::ArrayBuffer>().ok()?;
            let refusal = if buffer.was_detached() {
                Some("is detached already")
            } else if !buffer.is_detachable() {
                Some("belongs to a WebAssembly memory and can't be transferred")
            } else if transferred.iter().any(|(_, other)| *other == buffer) {
                Some("is in the transfer list twice")
            } else {
                None
            };
            if let Some(refusal) = refusal {
                self.throw_words(scope, &format!("The ArrayBuffer at index {index} {refusal}."));
                return None;
            }
            let number = self.transit.borrow_mut().number();
            serializer.transfer_array_buffer(number, buffer);
            transferred.push((number, buffer));
        }
        let context = scope.get_current_context();
        let written = serializer.write_value(context, value);
        if written != Some(true) {
            return None;
        }
        // Only now: V8 refuses a view whose buffer is detached before it looks at what is transferred.
        for (index, (number, buffer)) in (0..).zip(transferred) {
            let store = buffer.get_backing_store();
            // A getter of the program's may have detached it meanwhile.
            if buffer.detach(None) == Some(true) {
                self.transit.borrow_mut().buffers.insert(number, store);
            }
            let number = v8::Integer::new_from_unsigned(scope, number);
            buffers?.set_index(scope, index, number.into())?;
        }
        Some(serializer.release())
    }

    /// Reads what [`Self::serialize`] wrote.
    fn deserialize<'s>(
        self: &Rc<Self>,
        scope: &mut v8::PinScope<'s, '_>,
        bytes: &[u8],
        host_objects: Option<v8::Local<'s, v8::Array>>,
        buffers: Option<v8::Local<'s, v8::Array>>,
    ) -> Thrown<v8::Local<'s, v8::Value>> {
        let delegate = Delegate { cloner: self.clone(), host_objects };
        let deserializer = v8::ValueDeserializer::new(scope, Box::new(delegate), bytes);
        let context = scope.get_current_context();
        if deserializer.read_header(context) != Some(true) {
            return None;
        }
        for index in 0..buffers.map_or(0, |buffers| buffers.length()) {
            let number = buffers?.get_index(scope, index)?.uint32_value(scope)?;
            let store = self.transit.borrow_mut().buffers.remove(&number);
            let Some(store) = store else {
                self.throw_words(scope, "A transferred ArrayBuffer is gone.");
                return None;
            };
            let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
            deserializer.transfer_array_buffer(number, buffer);
            buffers?.set_index(scope, index, buffer.into())?;
        }
        deserializer.read_value(context)
    }
}

/// The class of an object of `Temporal` that V8 says can't be cloned, if that is what `message` says.
fn of_temporal(message: &str) -> Option<&str> {
    let class = message.strip_prefix("[object ")?.strip_suffix("] could not be cloned.")?;
    let name = class.strip_prefix("Temporal.")?;
    name.chars().all(|c| c.is_ascii_alphabetic()).then_some(class)
}

/// Answers V8's questions while it writes or reads one value.
struct Delegate<'s> {
    cloner: Rc<Cloner>,
    host_objects: Option<v8::Local<'s, v8::Array>>,
}

impl v8::ValueSerializerImpl for Delegate<'_> {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        message: v8::Local<'s, v8::String>,
    ) {
        // A program's own name for a class can be of any length.
        let words = if message.length() < 100 { message.to_rust_string_lossy(scope) } else { String::new() };
        match of_temporal(&words) {
            Some(class) => self.cloner.throw_words(
                scope,
                &format!("{words} Clone its text, String(it), and read that with {class}.from()."),
            ),
            None => self.cloner.throw(scope, message),
        }
    }

    fn has_custom_host_object(&self, _: &v8::Isolate) -> bool {
        true
    }

    fn is_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> Thrown<bool> {
        let brand = v8::Local::new(scope, &self.cloner.brand);
        object.has(scope, brand.into())
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        serializer: &dyn ValueSerializerHelper,
    ) -> Thrown<bool> {
        for index in 0..self.host_objects.map_or(0, |objects| objects.length()) {
            if self.host_objects?.get_index(scope, index)? == object {
                serializer.write_uint32(TRANSFERRED);
                serializer.write_uint32(index);
                return Some(true);
            }
        }
        let brand = v8::Local::new(scope, &self.cloner.brand);
        let branded = object.get(scope, brand.into())?;
        let Ok(fields) = branded.try_cast::<v8::Function>() else {
            // A name is that of what to do with a transferred one.
            let words = if branded.is_string() {
                "An object that can only be transferred is not in the transfer list."
            } else {
                "An object of this class can't be cloned."
            };
            self.cloner.throw_words(scope, words);
            return None;
        };
        let fields = fields.call(scope, object.into(), &[])?;
        let named = match fields.try_cast::<v8::Object>() {
            Ok(fields) => {
                let key = v8::String::new(scope, "type")?;
                fields.get(scope, key.into())?.try_cast::<v8::String>().ok()
            }
            Err(_) => None,
        };
        let named = named.map(|name| name.to_rust_string_lossy(scope));
        let known = self.cloner.types.iter().position(|(name, _)| Some(name) == named.as_ref());
        let Some(number) = known.and_then(|index| u32::try_from(index + 1).ok()) else {
            self.cloner.throw_words(scope, "An object of the platform's that is none can't be cloned.");
            return None;
        };
        serializer.write_uint32(number);
        serializer.write_value(scope.get_current_context(), fields)
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        _: &mut v8::PinScope<'s, '_>,
        buffer: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        let mut transit = self.cloner.transit.borrow_mut();
        let number = transit.number();
        transit.buffers.insert(number, buffer.get_backing_store());
        Some(number)
    }

    fn get_wasm_module_transfer_id(
        &self,
        _: &mut v8::PinScope<'_, '_>,
        module: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        let mut transit = self.cloner.transit.borrow_mut();
        let number = transit.number();
        transit.modules.insert(number, module.get_compiled_module());
        Some(number)
    }
}

impl v8::ValueDeserializerImpl for Delegate<'_> {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        deserializer: &dyn ValueDeserializerHelper,
    ) -> Thrown<v8::Local<'s, v8::Object>> {
        let (mut number, mut index) = (0, 0);
        if !deserializer.read_uint32(&mut number) {
            return None;
        }
        if number == TRANSFERRED {
            if !deserializer.read_uint32(&mut index) {
                return None;
            }
            let object = self.host_objects?.get_index(scope, index)?.try_cast::<v8::Object>().ok()?;
            return Some(v8::Local::new(scope, object));
        }
        let fields = deserializer.read_value(scope.get_current_context())?;
        let (_, make) = self.cloner.types.get(number as usize - 1)?;
        let make = v8::Local::new(scope, make);
        let receiver = v8::undefined(scope).into();
        // V8 reads where no JavaScript may run. What makes the object is the platform's own.
        let scope = std::pin::pin!(v8::AllowJavascriptExecutionScope::new(scope));
        let scope = &mut scope.init();
        make.call(scope, receiver, &[fields])?.try_cast().ok()
    }

    fn get_shared_array_buffer_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        number: u32,
    ) -> Option<v8::Local<'s, v8::SharedArrayBuffer>> {
        let store = self.cloner.transit.borrow_mut().buffers.remove(&number)?;
        Some(v8::SharedArrayBuffer::with_backing_store(scope, &store))
    }

    fn get_wasm_module_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        number: u32,
    ) -> Option<v8::Local<'s, v8::WasmModuleObject>> {
        let module = self.cloner.transit.borrow_mut().modules.remove(&number)?;
        v8::WasmModuleObject::from_compiled_module(scope, &module)
    }
}

/// Gives what `work` gives. Where it gives nothing and threw nothing either, throws that.
fn answer<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    mut result: v8::ReturnValue<'s, v8::Value>,
    work: impl for<'a> FnOnce(&mut v8::PinScope<'s, 'a>, &Rc<Cloner>) -> Thrown<v8::Local<'s, v8::Value>>,
) {
    let Some(cloner) = Cloner::of(scope) else { return };
    v8::tc_scope!(let scope, scope);
    if let Some(value) = work(scope, &cloner) {
        result.set(value);
    } else if scope.has_caught() {
        scope.rethrow();
    } else {
        throw_type_error(scope, "This value can't be cloned.");
    }
}

fn array<'s>(args: &v8::FunctionCallbackArguments<'s>, index: i32) -> Option<v8::Local<'s, v8::Array>> {
    args.get(index).try_cast().ok()
}

fn clone<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    result: v8::ReturnValue<'s, v8::Value>,
) {
    answer(scope, result, |scope, cloner| {
        let bytes = cloner.serialize(scope, args.get(0), None, None)?;
        cloner.deserialize(scope, &bytes, None, None)
    });
}

fn serialize<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    result: v8::ReturnValue<'s, v8::Value>,
) {
    answer(scope, result, |scope, cloner| {
        let bytes = cloner.serialize(scope, args.get(0), array(&args, 1), array(&args, 2))?;
        let length = bytes.len();
        let store = v8::ArrayBuffer::new_backing_store_from_vec(bytes).make_shared();
        let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
        v8::Uint8Array::new(scope, buffer, 0, length).map(Into::into)
    });
}

fn deserialize<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    result: v8::ReturnValue<'s, v8::Value>,
) {
    answer(scope, result, |scope, cloner| {
        let view = args.get(0).try_cast::<v8::ArrayBufferView>().ok()?;
        let mut bytes = vec![0; view.byte_length()];
        view.copy_contents(&mut bytes);
        cloner.deserialize(scope, &bytes, array(&args, 1), array(&args, 2))
    });
}
