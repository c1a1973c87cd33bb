//! Which thread gets a processor when: hints to the scheduler.

/// Puts this thread into `SCHED_BATCH`, so that waking it does not preempt the thread that reads the output. Best
/// effort.
///
/// As a process ends, the last thread to leave frees its memory: a third of what a run takes.
pub fn batch() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: reads what it is given.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const priority) };
}
