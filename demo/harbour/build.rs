//! Makes the types and services of `proto/harbour.proto`. The compiler of the protocol is a Rust
//! library, so that the machine needs no `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    // The library embeds these folders.
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=page");
    let files = protox::compile(["harbour.proto"], ["proto"])?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
