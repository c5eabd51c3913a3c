//! Systems whose C library is not answered for.

/// Defines functions of the C library that a world answers: here, an error of the compiler.
#[macro_export]
macro_rules! symbols {
    ($place:ty) => {
        compile_error!("functions of the C library can be answered from a world on Linux only");
    };
}
