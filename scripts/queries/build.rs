//! Says which database's queries are meant, and makes the compiler ask that database each time.

fn main() {
    let which = std::env::var("QUERIES").unwrap_or_default();
    println!("cargo:rustc-check-cfg=cfg(queries, values(\"postgres\", \"sqlite\"))");
    println!("cargo:rustc-check-cfg=cfg(test)");
    if !which.is_empty() {
        println!("cargo:rustc-cfg=queries=\"{which}\"");
    }
    println!("cargo:rerun-if-env-changed=QUERIES");
    println!("cargo:rerun-if-env-changed=QUERIES_STAMP");
    println!("cargo:rustc-env=QUERIES_STAMP={}", std::env::var("QUERIES_STAMP").unwrap_or_default());
}
