//! Wire types and nothing else: what the browser and the server say to each other ([`browser`]), what a
//! console value looks like ([`value`]), and what server, zygote and runner say ([`runner`], [`frame`]).

pub mod browser;
pub mod frame;
pub mod runner;
pub mod value;
