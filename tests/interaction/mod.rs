//! Programs that ask, and programs that show more than text.

mod display;
mod prompts;
