//! The register where it is used: on real sockets, as a program.

use std::process::Command;

#[test]
fn it_is_right_on_real_sockets() {
    let output = Command::new(env!("CARGO_BIN_EXE_register")).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told, "100 operations on real sockets, and no contradiction\n", "{output:?}");
}
