//! The parent's side of a run against processes that the tests play: hostile, dead, silent or slow. Time is
//! paused, so that what takes ten seconds takes none, and what is to happen at a moment can be held to it.

mod asking;
mod fake;
mod hostile;
mod random;
mod repl;
mod settling;
mod unwanted;
