//! Writes `web/protocol.ts` from the wire types. `MAYFLY_BLESS=1 cargo nextest run typescript` rewrites the
//! file; without it the test says whether the file is what the types say.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use super::browser::{ClientMsg, RunReport, RunResponse, ServerMsg, WIRE_VERSION};

/// Collects the declarations of types by name: the order in which types name each other is not fixed.
struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types without a file of their own are built in, or containers: only what they hold counts.
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = T::decl(&self.config);
            self.by_name.insert(T::ident(&self.config), format!("\n{docs}export {declaration}\n"));
        }
    }
}

fn generate() -> String {
    // JSON has no integers beyond 2^53, and none of ours gets near.
    let config = Config::new().with_large_int("number");
    let mut all = Declarations { config, seen: HashSet::new(), by_name: BTreeMap::new() };
    all.visit::<ClientMsg>();
    all.visit::<ServerMsg>();
    all.visit::<RunReport>();
    all.visit::<RunResponse>();
    let head = format!(
        "// The wire between page and server. Generated from server/protocol/: don't edit, run `make types`.\n\n\
         /** Version of this wire, told in `hello`. */\nexport const WIRE_VERSION = {WIRE_VERSION};\n"
    );
    let text = head + &all.by_name.into_values().collect::<String>();
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn typescript_is_what_the_types_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/protocol.ts");
    let generated = generate();
    if std::env::var_os("MAYFLY_BLESS").is_some() {
        std::fs::write(path, &generated).expect("web/protocol.ts can be written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == generated, "web/protocol.ts is not what server/protocol says. Run `make types`.");
}
