//! What a program may import: its own files and the modules of the catalogue. deno_core's own loader, which
//! knows the runtime's internals by `ext:` names, is taken out of the isolate and never asked.
//!
//! A graph is loaded as a whole before any of it runs, file by file rather than by recursion: however a program's
//! imports are arranged, each file is read once, and a chain of them takes no stack of ours. What is no ES module
//! (CommonJS, JSON, the catalogue) takes part as a synthetic one, which `require`s it when its turn comes.

mod code_cache;
mod commonjs;
mod dynamic;
mod files;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use deno_core::v8;

pub use self::commonjs::{own_module, start};
pub use self::files::Files;
use self::files::Target;
use super::catalogue::{self, Allowed};
use super::program::{COMMONJS, Goal, commonjs::OWN};
use super::repl::with_door;
use super::visit::Visit;
use crate::protocol::value::StackFrame;

/// What stands before the name of a module of the catalogue in its script's name. No file has a colon.
const SCHEME: &str = "mayfly:";
/// How deep `module.exports = require(…)` is followed for names.
const REEXPORTS: usize = 32;

/// One module: a file, one of the catalogue, or what gives a file that is an ES module its `require`.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// The file of that number.
    File(usize),
    /// A module of the catalogue.
    Catalogue(&'static catalogue::Module),
    /// `require` and the like for a file.
    Own(usize),
}

/// [`Who`] as a key: a module of the catalogue by its address.
type Key = (u8, usize);

impl Who {
    fn key(self) -> Key {
        match self {
            Self::File(file) => (0, file),
            Self::Catalogue(module) => (1, std::ptr::from_ref(module) as usize),
            Self::Own(file) => (2, file),
        }
    }
}

/// The modules of one run.
pub struct Modules {
    /// The program's files.
    pub files: Rc<Files>,
    allowed: Allowed,
    /// The entry file gets a way into its scope: see [`super::repl`].
    pub has_door: Cell<bool>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// ES modules, synthetic ones among them, by their identity hash.
    records: HashMap<i32, Vec<(v8::Global<v8::Module>, Who)>>,
    /// The same.
    by_key: HashMap<Key, v8::Global<v8::Module>>,
    /// Those whose imports are loaded.
    loaded: HashSet<Key>,
    /// CommonJS: the objects `module`.
    commonjs: HashMap<Key, v8::Global<v8::Object>>,
    /// Who a `require` is for, by its number.
    requirers: Vec<Who>,
    /// Dynamic imports under way.
    imports: HashMap<u32, dynamic::Import>,
    next_import: u32,
}

impl Modules {
    /// Nothing is loaded.
    pub fn new(files: Rc<Files>, allowed: Allowed) -> Self {
        Self { files, allowed, has_door: Cell::new(false), state: RefCell::default() }
    }

    /// The name of a module's script.
    fn script_name(&self, who: Who) -> String {
        match who {
            Who::File(file) => self.files.name(file).to_owned(),
            Who::Catalogue(module) => format!("{SCHEME}{}", module.name),
            Who::Own(_) => COMMONJS.to_owned(),
        }
    }

    fn who(&self, scope: &v8::PinScope<'_, '_>, module: v8::Local<v8::Module>) -> Option<Who> {
        let state = self.state.borrow();
        let known = state.records.get(&module.get_identity_hash().get())?;
        known.iter().find(|(record, _)| v8::Local::new(scope, record) == module).map(|(_, who)| *who)
    }

    fn module<'s>(&self, scope: &v8::PinScope<'s, '_>, who: Who) -> Option<v8::Local<'s, v8::Module>> {
        self.state.borrow().by_key.get(&who.key()).map(|module| v8::Local::new(scope, module))
    }

    fn keep(&self, scope: &v8::PinScope<'_, '_>, who: Who, module: v8::Local<v8::Module>) {
        let hash = module.get_identity_hash().get();
        let module = v8::Global::new(scope, module);
        let mut state = self.state.borrow_mut();
        state.records.entry(hash).or_default().push((module.clone(), who));
        state.by_key.insert(who.key(), module);
    }

    /// Where `specifier` leads from `from`. `place` is where it stands, for the message.
    fn resolve(&self, from: Who, specifier: &str, place: Option<&StackFrame>) -> Result<Who, String> {
        let file = match from {
            Who::File(file) | Who::Own(file) => Some(file),
            Who::Catalogue(_) => None,
        };
        if let (COMMONJS, Some(file)) = (specifier, file) {
            return Ok(Who::Own(file));
        }
        // What the catalogue's modules need of each other is not the program's to import.
        let all = Allowed::default();
        let allowed = if file.is_some() { &self.allowed } else { &all };
        match self.files.resolve(file, specifier, allowed) {
            Ok(Target::File(file)) => Ok(Who::File(file)),
            Ok(Target::Catalogue(module)) => Ok(Who::Catalogue(module)),
            Err(message) => Err(match (file, place) {
                // Where there is but one file, there is nothing to tell apart.
                (Some(file), Some(place)) if self.files.len() > 1 => {
                    format!("{message} (imported by {}, line {})", self.files.name(file), place.line)
                }
                _ => message,
            }),
        }
    }

    /// The names that `import` finds in a file that is no ES module, or in a module of the catalogue.
    fn export_names(&self, who: Who) -> Vec<String> {
        let mut names = std::collections::BTreeSet::from(["default".to_owned()]);
        let (mut open, mut seen) = (vec![who], HashSet::new());
        while let Some(who) = open.pop() {
            if seen.len() > REEXPORTS || !seen.insert(who.key()) {
                continue;
            }
            match who {
                Who::Catalogue(module) => names.extend(module.exports.iter().cloned()),
                Who::Own(file) => {
                    let globals = self.files.program(file).map(|program| program.mentions.globals());
                    let names = OWN.into_iter().chain(globals.unwrap_or_default());
                    return names.map(str::to_owned).collect();
                }
                Who::File(file) => {
                    let Some(program) = self.files.program(file) else { continue };
                    names.extend(program.mentions.exported.iter().cloned());
                    let from = &program.mentions.from;
                    open.extend(from.iter().filter_map(|name| self.resolve(who, name, None).ok()));
                }
            }
        }
        names.into_iter().collect()
    }
}

/// Puts our callbacks where deno_core's were.
pub fn replace_loader(isolate: &mut v8::Isolate) {
    isolate.set_host_import_module_dynamically_callback(dynamic::import);
    isolate.set_host_import_module_with_phase_dynamically_callback(dynamic::import_with_phase);
    isolate.set_host_initialize_import_meta_object_callback(initialize_import_meta);
}

/// A JavaScript string.
fn text<'s>(scope: &v8::PinScope<'s, '_>, text: &str) -> v8::Local<'s, v8::String> {
    v8::String::new(scope, text).unwrap_or_else(|| v8::String::empty(scope))
}

/// Kinds of errors that are thrown here.
#[derive(Clone, Copy)]
enum Kind {
    Error,
    Syntax,
    Type,
}

/// Throws an error at the program. `stack` is where it stands, where V8 could not know.
fn throw(
    scope: &mut v8::PinScope<'_, '_>,
    visit: &Visit,
    kind: Kind,
    message: &str,
    stack: Option<Vec<StackFrame>>,
) {
    let message = text(scope, message);
    let error = match kind {
        Kind::Error => v8::Exception::error(scope, message),
        Kind::Syntax => v8::Exception::syntax_error(scope, message),
        Kind::Type => v8::Exception::type_error(scope, message),
    };
    if let Some(stack) = stack {
        visit.note_place(scope, error, stack);
    }
    scope.throw_exception(error);
}

/// How a script is named for V8.
fn origin<'s>(scope: &v8::PinScope<'s, '_>, name: &str, module: bool) -> v8::ScriptOrigin<'s> {
    let name = text(scope, name).into();
    v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, module, None)
}

/// A module without its imports; `None` when it threw.
pub fn make<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
) -> Option<v8::Local<'s, v8::Module>> {
    let modules = &visit.modules;
    if let Some(module) = modules.module(scope, who) {
        return Some(module);
    }
    let name = modules.script_name(who);
    if let Who::File(file) = who
        && !modules.files.is_json(file)
    {
        let program = readable(scope, visit, file)?;
        if matches!(program.goal, Goal::Module | Goal::Unknown) {
            let text = program.text.changed();
            let has_door = modules.has_door.get() && file == modules.files.entry();
            let text = if has_door { Cow::Owned(with_door(text)) } else { Cow::Borrowed(text) };
            let Some(source) = v8::String::new(scope, &text) else {
                throw(scope, visit, Kind::Error, "the program is too long for V8", None);
                return None;
            };
            let origin = origin(scope, &name, true);
            let mut source = v8::script_compiler::Source::new(source, Some(&origin));
            let module = v8::script_compiler::compile_module(scope, &mut source)?;
            modules.keep(scope, who, module);
            return Some(module);
        }
    }
    let names: Vec<_> = modules.export_names(who).iter().map(|name| text(scope, name)).collect();
    let name = text(scope, &name);
    let module = v8::Module::create_synthetic_module(scope, name, &names, evaluate_synthetic);
    modules.keep(scope, who, module);
    Some(module)
}

/// A file as a program, or `None` when an error says why it is none.
fn readable<'v>(
    scope: &mut v8::PinScope<'_, '_>,
    visit: &'v Visit,
    file: usize,
) -> Option<&'v super::program::Program> {
    let files = &visit.modules.files;
    let Some(program) = files.program(file) else {
        let name = files.name(file);
        let message = format!("'{name}' can't be imported: it is neither JavaScript nor TypeScript nor JSON");
        throw(scope, visit, Kind::Type, &message, None);
        return None;
    };
    if let Some((message, point)) = &program.error {
        let file = (file != files.entry()).then(|| files.name(file).to_owned());
        let frame = StackFrame {
            function: String::new(),
            line: point.line,
            column: point.column,
            file,
            is_async: false,
        };
        throw(scope, visit, Kind::Syntax, message, Some(vec![frame]));
        return None;
    }
    Some(program)
}

/// Loads a module and all that it imports; `None` when an error was thrown.
pub fn load<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    who: Who,
) -> Option<v8::Local<'s, v8::Module>> {
    let root = make(scope, visit, who)?;
    let (mut open, mut done) = (vec![who], Vec::new());
    while let Some(from) = open.pop() {
        if !visit.modules.state.borrow_mut().loaded.insert(from.key()) {
            continue;
        }
        done.push(from.key());
        if load_imports(scope, visit, from, &mut open).is_none() {
            // So that whoever tries again is told the same.
            let mut state = visit.modules.state.borrow_mut();
            done.iter().for_each(|key| {
                state.loaded.remove(key);
            });
            return None;
        }
    }
    Some(root)
}

fn load_imports(
    scope: &mut v8::PinScope<'_, '_>,
    visit: &Visit,
    from: Who,
    open: &mut Vec<Who>,
) -> Option<()> {
    let module = visit.modules.module(scope, from)?;
    if !module.is_source_text_module() {
        return Some(());
    }
    let requests = module.get_module_requests();
    for index in 0..requests.length() {
        let request = requests.get(scope, index)?.try_cast::<v8::ModuleRequest>().ok()?;
        let specifier = request.get_specifier().to_rust_string_lossy(scope);
        let location = module.source_offset_to_location(request.get_source_offset());
        let from_zero = |n: i32| u32::try_from(n).unwrap_or(0) + 1;
        let (line, column) = (from_zero(location.get_line_number()), from_zero(location.get_column_number()));
        let place = visit.frames.locate(&visit.modules.script_name(from), line, column);
        let frame = place.map(|place| place.frame(String::new()));
        let attributes = attributes(scope, request.get_import_attributes(), 3);
        let is_evaluated = request.get_phase() == v8::ModuleImportPhase::kEvaluation;
        let target = target(visit, from, &specifier, frame.as_ref(), &attributes, is_evaluated);
        let target = match target {
            Ok(target) => target,
            Err(message) => {
                throw(scope, visit, Kind::Type, &message, frame.map(|frame| vec![frame]));
                return None;
            }
        };
        make(scope, visit, target)?;
        if !visit.modules.state.borrow().loaded.contains(&target.key()) {
            open.push(target);
        }
    }
    Some(())
}

/// Who an import leads to, its attributes considered.
fn target(
    visit: &Visit,
    from: Who,
    specifier: &str,
    place: Option<&StackFrame>,
    attributes: &[(String, String)],
    is_evaluated: bool,
) -> Result<Who, String> {
    if !is_evaluated {
        return Err("`import source` and `import defer` are not available in this sandbox".to_owned());
    }
    let target = visit.modules.resolve(from, specifier, place)?;
    let is_json = matches!(target, Who::File(file) if visit.modules.files.is_json(file));
    match attributes.iter().find(|(key, _)| key == "type") {
        Some((_, kind)) if kind == "json" && !is_json => {
            Err(format!("{} is imported as JSON, which it is not", files::shown(specifier)))
        }
        Some((_, kind)) if kind != "json" => {
            Err(format!("{} can't be imported with the type {}", files::shown(specifier), files::shown(kind)))
        }
        _ => Ok(target),
    }
}

/// Import attributes, of which V8 gives `step` values each.
fn attributes(
    scope: &v8::PinScope<'_, '_>,
    attributes: v8::Local<v8::FixedArray>,
    step: usize,
) -> Vec<(String, String)> {
    let value = |index: i32| {
        let value = attributes.get(scope, index as usize)?;
        let value = v8::Local::<v8::Value>::try_from(value).ok()?;
        Some(value.try_cast::<v8::String>().ok()?.to_rust_string_lossy(scope))
    };
    let starts = (0..attributes.length() as i32).step_by(step);
    starts.filter_map(|index| Some((value(index)?, value(index + 1)?))).collect()
}

/// V8 asks for an import's module here. All of them are loaded already.
pub fn find<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
    referrer: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    v8::callback_scope!(unsafe scope, context);
    let visit = Visit::of(scope)?;
    let specifier = specifier.to_rust_string_lossy(scope);
    let from = visit.modules.who(scope, referrer);
    let target = from.map_or_else(
        || Err(format!("{} was imported by nobody", files::shown(&specifier))),
        |from| visit.modules.resolve(from, &specifier, None),
    );
    match target {
        Ok(target) => {
            let module = visit.modules.module(scope, target);
            if module.is_none() {
                throw(scope, &visit, Kind::Error, "a module was not loaded", None);
            }
            module
        }
        Err(message) => {
            throw(scope, &visit, Kind::Type, &message, None);
            None
        }
    }
}

/// Links a loaded module and evaluates it; gives the promise of that, or `None` when it threw.
pub fn evaluate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    visit: &Visit,
    module: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Promise>> {
    if is_under_way(scope, visit, module) {
        // V8 must not be asked to evaluate what it evaluates.
        let message = "A module can't be required while it, or one that it imports, is being evaluated: \
                       the modules require each other in a circle";
        throw(scope, visit, Kind::Error, message, None);
        return None;
    }
    if module.get_status() == v8::ModuleStatus::Uninstantiated {
        module.instantiate_module(scope, find)?;
    }
    module.evaluate(scope)?.try_cast::<v8::Promise>().ok()
}

/// Whether `module`, or one that it imports, is being linked or evaluated further down the stack.
fn is_under_way(scope: &mut v8::PinScope<'_, '_>, visit: &Visit, module: v8::Local<v8::Module>) -> bool {
    let mut open: Vec<Who> = visit.modules.who(scope, module).into_iter().collect();
    let mut seen = HashSet::new();
    while let Some(who) = open.pop() {
        if !seen.insert(who.key()) {
            continue;
        }
        v8::scope!(let scope, scope);
        let Some(module) = visit.modules.module(scope, who) else { continue };
        if matches!(module.get_status(), v8::ModuleStatus::Instantiating | v8::ModuleStatus::Evaluating) {
            return true;
        }
        if !module.is_source_text_module() {
            continue;
        }
        let requests = module.get_module_requests();
        for index in 0..requests.length() {
            let request = requests.get(scope, index).and_then(|it| it.try_cast::<v8::ModuleRequest>().ok());
            let Some(request) = request else { continue };
            let specifier = request.get_specifier().to_rust_string_lossy(scope);
            open.extend(visit.modules.resolve(who, &specifier, None).ok());
        }
    }
    false
}

/// What is no ES module, as one.
fn evaluate_synthetic<'s>(
    context: v8::Local<'s, v8::Context>,
    module: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Value>> {
    v8::callback_scope!(unsafe scope, context);
    let visit = Visit::of(scope)?;
    let who = visit.modules.who(scope, module)?;
    let exports = match who {
        Who::Own(file) => commonjs::own(scope, &visit, Who::File(file))?.into(),
        who => commonjs::require(scope, &visit, who)?,
    };
    let object = exports.try_cast::<v8::Object>().ok();
    let member = |scope: &mut v8::PinScope<'s, '_>, name: &str| match object {
        Some(object) => {
            let key = text(scope, name);
            object.get(scope, key.into())
        }
        None => Some(v8::undefined(scope).into()),
    };
    for name in visit.modules.export_names(who) {
        let value = if name != "default" || matches!(who, Who::Own(_)) {
            member(scope, &name)?
        } else if object.is_some() && !matches!(who, Who::File(file) if visit.modules.files.is_json(file)) {
            // What was an ES module before somebody compiled it says where its default export is.
            let is_es_module = member(scope, "__esModule")?.is_true();
            if is_es_module { member(scope, "default")? } else { exports }
        } else {
            exports
        };
        let name = text(scope, &name);
        module.set_synthetic_module_export(scope, name, value)?;
    }
    let resolver = v8::PromiseResolver::new(scope)?;
    let undefined = v8::undefined(scope).into();
    resolver.resolve(scope, undefined)?;
    Some(resolver.get_promise(scope).into())
}

/// `import.meta` says where the file is among the program's, as if these stood at the root of a disk.
unsafe extern "C" fn initialize_import_meta(
    context: v8::Local<v8::Context>,
    module: v8::Local<v8::Module>,
    meta: v8::Local<v8::Object>,
) {
    v8::callback_scope!(unsafe scope, context);
    let Some(visit) = Visit::of(scope) else { return };
    let Some(Who::File(file)) = visit.modules.who(scope, module) else { return };
    let path = format!("/{}", visit.modules.files.name(file));
    let folder = commonjs::folder(&path);
    for (key, value) in [("url", format!("file://{path}")), ("filename", path.clone()), ("dirname", folder)] {
        let (key, value) = (text(scope, key), text(scope, &value));
        meta.create_data_property(scope, key.into(), value.into());
    }
    let key = text(scope, "main");
    let is_main = v8::Boolean::new(scope, file == visit.modules.files.entry());
    meta.create_data_property(scope, key.into(), is_main.into());
}
