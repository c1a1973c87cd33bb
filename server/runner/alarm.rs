//! What wakes a runner's second thread, the watch.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// A timer and a bell. Most programs have ended before there is anything to watch, and a thread that comes up just as they
/// begin would take a processor from them or from whoever shows what they say: so the timer wakes the watch a moment later,
/// or the main thread rings.
pub struct Alarm {
    timer: TimerFd,
    bell: EventFd,
}

impl Alarm {
    /// One that is not set.
    ///
    /// # Errors
    /// When the kernel has no descriptor left for it.
    pub fn new() -> nix::Result<Self> {
        let timer =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        let bell = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        Ok(Self { timer, bell })
    }

    /// Sets the timer, or rings where that can't be.
    pub fn set(&self, after: Duration) {
        let after = Expiration::OneShot(TimeSpec::from_duration(after));
        if self.timer.set(after, TimerSetTimeFlags::empty()).is_err() {
            self.ring();
        }
    }

    /// Rings.
    pub fn ring(&self) {
        // The counter can't be full: the watch empties it each time.
        let _ = self.bell.write(1);
    }

    /// Waits until the timer has run down or somebody rings, which is still to be heard then. Whether it went.
    pub fn wait(&self) -> bool {
        let mut polled = [self.timer.as_fd(), self.bell.as_fd()].map(|it| PollFd::new(it, PollFlags::POLLIN));
        loop {
            match ppoll(&mut polled, None, None) {
                Ok(_) => return true,
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Where it shows that somebody has rung.
    pub fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Takes note of whoever has rung.
    pub fn hear(&self) {
        let _ = self.bell.read();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_and_the_bell_both_wake() {
        let alarm = Alarm::new().unwrap();
        alarm.set(Duration::from_millis(1));
        assert!(alarm.wait());
        let alarm = Alarm::new().unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| alarm.wait());
            alarm.ring();
            assert!(waits.join().unwrap());
        });
        assert!(alarm.wait(), "it is still to be heard");
        alarm.hear();
        assert_eq!(alarm.bell.read(), Err(Errno::EAGAIN));
    }
}
