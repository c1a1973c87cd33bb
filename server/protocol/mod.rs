//! Wire types and nothing else: what the browser and the server say to each other ([`browser`], read by
//! [`parse`]), what a console value looks like ([`value`]), and what server, zygote and runner say
//! ([`runner`], [`frame`]).

pub mod bounds;
pub mod browser;
pub mod fetch;
pub mod frame;
pub mod nesting;
pub mod parse;
pub mod prompt;
pub mod repl;
pub mod runner;
pub mod usage;
pub mod value;
pub mod websocket;

#[cfg(test)]
mod typescript;
