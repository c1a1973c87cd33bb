//! The op behind `readLine`. As with `fetch`, the build script compiles it, too, so what it becomes is up to
//! [`Lines`].

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use deno_core::{OpState, op2};

/// Where lines come from.
pub trait Lines {
    /// The line that the call of this number asked for; `None` when there is none.
    fn next(&self, number: u32) -> Pin<Box<dyn Future<Output = Option<String>>>>;
}

/// Waits for a line.
#[op2]
#[string]
pub async fn op_read_line(state: Rc<RefCell<OpState>>, #[smi] number: u32) -> Option<String> {
    let line = {
        let state = state.borrow();
        state.try_borrow::<Box<dyn Lines>>()?.next(number)
    };
    line.await
}
