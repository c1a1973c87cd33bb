//! Which thread gets a processor when: hints to the scheduler, and a cheap way to start the watchdog thread.

use std::ffi::c_void;

use nix::errno::Errno;

/// The stack of the watchdog thread, in bytes. It recurses nowhere.
const STACK_BYTES: usize = 128 << 10;

/// Puts this thread into `SCHED_BATCH`, so that waking it does not preempt the thread that reads the output. Best
/// effort.
///
/// As a process ends, the last thread to leave frees its memory: a third of what a run takes.
pub fn batch() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: reads what it is given.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const priority) };
}

/// Starts the watchdog thread; `raw` without what Rust's standard library does for each thread: it looks a function up by its
/// name in all libraries and maps a stack for signals.
///
/// # Errors
/// The system's, when no thread can be started.
pub fn start_thread<F: FnOnce() + Send + 'static>(raw: bool, life: F) -> Result<(), Errno> {
    if !raw {
        let builder = std::thread::Builder::new().name("watch".into()).stack_size(STACK_BYTES);
        let started = builder.spawn(life).map(drop);
        return started.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EAGAIN)));
    }
    start_raw(life)
}

fn start_raw<F: FnOnce() + Send + 'static>(life: F) -> Result<(), Errno> {
    extern "C" fn live<F: FnOnce()>(life: *mut c_void) -> *mut c_void {
        // SAFETY: the name is text with its end. The pointer is the one below, which is given away.
        unsafe {
            libc::prctl(libc::PR_SET_NAME, c"watch".as_ptr());
            Box::from_raw(life.cast::<F>())();
        }
        std::ptr::null_mut()
    }
    let life = Box::into_raw(Box::new(life));
    // SAFETY: pthread_attr_init makes a value of what it is given. The thread gets a box of its own, and is not joined.
    let error = unsafe {
        let mut attributes = std::mem::MaybeUninit::uninit();
        libc::pthread_attr_init(attributes.as_mut_ptr());
        let mut attributes = attributes.assume_init();
        libc::pthread_attr_setstacksize(&raw mut attributes, STACK_BYTES);
        let mut thread = std::mem::zeroed();
        libc::pthread_create(&raw mut thread, &raw const attributes, live::<F>, life.cast())
    };
    match error {
        0 => Ok(()),
        error => {
            // SAFETY: no thread has it.
            drop(unsafe { Box::from_raw(life) });
            Err(Errno::from_raw(error))
        }
    }
}
