//! Modules that the build has compiled already (`build/code_caches.rs`).
//!
//! V8 takes such code only if it is of its own version, of the same startup snapshot, and made with the same flags; if it
//! does not, it compiles as ever. The flags are others here than in the build, but none that code depends on
//! (`isolate.rs` sets them: for WebAssembly's memory, and for threads), so their hash is put in its place.

use std::cell::OnceCell;

use deno_core::v8;

/// Where in code that was kept the hash of V8's version ends, and where that of its flags is.
const VERSION_END: usize = 8;
const FLAGS: std::ops::Range<usize> = 12..16;

thread_local! {
    /// The beginning of code that is kept here and now.
    static OWN: OnceCell<Vec<u8>> = const { OnceCell::new() };
}

/// `kept`, as V8 wants it here; `None` if it is another V8's.
pub fn fitted(scope: &mut v8::PinScope<'_, '_>, kept: &[u8]) -> Option<Vec<u8>> {
    OWN.with(|own| {
        let own = own.get_or_init(|| sample(scope).unwrap_or_default());
        if own.len() < FLAGS.end || kept.len() < FLAGS.end || own[..VERSION_END] != kept[..VERSION_END] {
            return None;
        }
        let mut kept = kept.to_vec();
        kept[FLAGS].copy_from_slice(&own[FLAGS]);
        Some(kept)
    })
}

/// Some code, as it is kept here.
fn sample(scope: &mut v8::PinScope<'_, '_>) -> Option<Vec<u8>> {
    let text = v8::String::new(scope, "0")?;
    let mut source = v8::script_compiler::Source::new(text, None);
    let (options, reason) = super::super::isolate::compile_options();
    let function = v8::script_compiler::compile_function(scope, &mut source, &[], &[], options, reason)?;
    let mut sample = function.create_code_cache()?.to_vec();
    sample.truncate(FLAGS.end);
    Some(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::Catalogue;
    use crate::runner::isolate::Template;

    #[test]
    fn v8_takes_what_the_build_has_compiled() {
        let catalogue = Catalogue::embedded().expect("they were built");
        let of_packages = catalogue.packages.values().flat_map(|package| package.modules.values());
        let modules: Vec<_> = catalogue.builtins.values().chain(of_packages).collect();
        let mut template = Template::new(256 << 20, 64 << 20).expect("V8 starts");
        template.with_realm(|scope| {
            for module in modules {
                let kept = module.compiled.unwrap_or_else(|| panic!("{} is not compiled", module.name));
                let kept = fitted(scope, kept).expect("it is of this V8");
                let text = v8::String::new_external_onebyte_static(scope, module.source.as_bytes())
                    .expect("a string");
                let kept = v8::CachedData::new(&kept);
                let mut source = v8::script_compiler::Source::new_with_cached_data(text, None, kept);
                let names = crate::runner::program::commonjs::OWN
                    .map(|name| v8::String::new(scope, name).expect("a string"));
                let function = v8::script_compiler::compile_function(
                    scope,
                    &mut source,
                    &names,
                    &[],
                    v8::script_compiler::CompileOptions::ConsumeCodeCache,
                    v8::script_compiler::NoCacheReason::NoReason,
                );
                assert!(function.is_some(), "{}", module.name);
                let refused = source.get_cached_data().is_none_or(v8::CachedData::rejected);
                assert!(!refused, "{}", module.name);
            }
        });
    }

    #[test]
    fn what_is_another_v8s_is_left() {
        let mut template = Template::new(64 << 20, 64 << 20).expect("V8 starts");
        template.with_realm(|scope| {
            for kept in [&[][..], &[0; 12], &[0; 100]] {
                assert_eq!(fitted(scope, kept), None);
            }
        });
    }
}
