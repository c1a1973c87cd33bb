//! Has V8 take its memory side by side.
//!
//! V8 asks for each piece of its heap, a quarter of a megabyte, at an address of its own choice, anywhere in 64 TiB. A
//! piece that lies alone needs page tables of its own, up to three of them, which every fork copies and every exit
//! frees: they were half of a child's. Here, pieces are placed one behind the other from one random address on.
//!
//! What that costs in safety: whoever can write outside of an object in one piece knows where the next piece is. That was
//! never more than a hurdle (V8's own cage for compressed pointers is dense, too), a program that took it is still in
//! its confined process, and how one zygote's memory lies says nothing about another's.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What V8 aligns the pieces of its heap to.
const PIECE: usize = 256 << 10;
/// The largest that is placed: what is larger are ranges with a place that counts, as that for code, near the program's.
const LARGEST: usize = 8 << 20;
/// From where pieces are placed: a random multiple of 1 GiB in what V8 itself draws from.
const WHERE: usize = 0x3fff_c000_0000;

/// Where the next piece goes; 0 while V8 has its way.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// From now on places what V8 asks for side by side, in this process and those forked from it.
///
/// # Errors
/// In words, without random numbers.
pub fn apply() -> Result<(), String> {
    let mut random = [0; size_of::<usize>()];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    NEXT.store((usize::from_ne_bytes(random) & WHERE).max(1 << 30), Relaxed);
    Ok(())
}

/// Where to place memory that V8 would like at `wanted`: there, or elsewhere if that was chance.
fn place(wanted: usize, length: usize, flags: libc::c_int) -> usize {
    let is_hint = flags & (libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) == 0 && wanted != 0;
    if !is_hint || flags & libc::MAP_ANONYMOUS == 0 || length > LARGEST || NEXT.load(Relaxed) == 0 {
        return wanted;
    }
    // It asks for so much more than it keeps that an aligned piece is inside wherever it is put.
    NEXT.fetch_add((length / PIECE * PIECE).max(PIECE), Relaxed)
}

/// The C library's `mmap` for those that call it by this name, which on 64-bit machines is V8: there is no other way to
/// its choice of addresses.
///
/// # Safety
/// As with `mmap`: what is said with `MAP_FIXED` happens.
#[cfg(all(target_env = "gnu", target_pointer_width = "64", not(fuzzing)))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap64(
    wanted: *mut c_void,
    length: libc::size_t,
    rights: libc::c_int,
    flags: libc::c_int,
    file: libc::c_int,
    offset: libc::off64_t,
) -> *mut c_void {
    let wanted = wanted.with_addr(place(wanted.addr(), length, flags));
    // SAFETY: the caller's; an address without `MAP_FIXED` is a wish, which the kernel grants if nothing is there.
    unsafe { libc::mmap(wanted, length, rights, flags, file, offset) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAP: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

    // Each test has a process of its own, and so a place of its own.
    #[test]
    fn pieces_are_placed_one_behind_the_other_and_all_else_where_it_wants_to_be() {
        assert_eq!(place(0x1234_5000, PIECE, HEAP), 0x1234_5000, "V8 has its way");
        apply().unwrap();
        let first = place(0x1234_5000, PIECE, HEAP);
        assert!(first >= 1 << 30 && first.is_multiple_of(1 << 30) && first >> 46 == 0, "{first:x}");
        // With room to align it, as V8 asks for it.
        assert_eq!(place(0x1234_5000, 2 * PIECE - 4096, HEAP), first + PIECE);
        assert_eq!(place(0x1234_5000, 4096, HEAP), first + 2 * PIECE);
        assert_eq!(place(0x1234_5000, 3 * PIECE, HEAP), first + 3 * PIECE);
        assert_eq!(place(0x1234_5000, 1, HEAP), first + 6 * PIECE);
        for flags in [HEAP | libc::MAP_FIXED, HEAP | libc::MAP_FIXED_NOREPLACE, libc::MAP_PRIVATE] {
            assert_eq!(place(0x1234_5000, PIECE, flags), 0x1234_5000);
        }
        assert_eq!(place(0, PIECE, HEAP), 0, "it wants to be anywhere");
        assert_eq!(place(0x1234_5000, LARGEST + 1, HEAP), 0x1234_5000);
    }

    #[test]
    #[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
    fn what_calls_the_c_library_by_that_name_comes_here() {
        apply().unwrap();
        let at = NEXT.load(Relaxed);
        let wish = std::ptr::without_provenance_mut(0x1234_5000);
        // SAFETY: new memory, which is given back.
        unsafe {
            let rights = libc::PROT_READ | libc::PROT_WRITE;
            let memory = libc::mmap64(wish, PIECE, rights, HEAP, -1, 0);
            assert_eq!(memory.addr(), at, "nothing else is there");
            libc::munmap(memory, PIECE);
        }
    }
}
