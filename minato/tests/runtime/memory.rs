//! Whether the sanitizer sees what it is there for; only under `cargo xtask asan`.

use crate::kit::{child_command, is_child};

#[test]
fn the_canary_reads_freed_memory_and_is_found() {
    const NAME: &str = "memory::the_canary_reads_freed_memory_and_is_found";
    if !cfg!(minato_asan) {
        println!("skipped: {NAME}: the program was built without AddressSanitizer");
        return;
    }
    if is_child(NAME) {
        let owner = Box::new(7_u8);
        let freed = &raw const *owner;
        drop(owner);
        // SAFETY: there is none; this is the bug.
        let byte = unsafe { freed.read_volatile() };
        println!("read {byte} and lived");
        return;
    }
    let output = child_command(NAME).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the child lived");
    assert!(text.contains("heap-use-after-free"), "{text}");
}
