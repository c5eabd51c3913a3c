//! The numbers that can be read and written, as one table.

/// Calls `$methods!` with a row for each kind of number in each order of its bytes: the methods
/// that read and write it, its type and size, how it is made of bytes and they of it, and what they
/// are in words.
macro_rules! numbers {
    ($methods:ident) => {
        $methods! {
            read_u8 write_u8: u8, 1, from_be_bytes to_be_bytes, "1 byte";
            read_i8 write_i8: i8, 1, from_be_bytes to_be_bytes, "1 byte";
            read_u16 write_u16: u16, 2, from_be_bytes to_be_bytes, "2 bytes, big-endian";
            read_i16 write_i16: i16, 2, from_be_bytes to_be_bytes, "2 bytes, big-endian";
            read_u32 write_u32: u32, 4, from_be_bytes to_be_bytes, "4 bytes, big-endian";
            read_i32 write_i32: i32, 4, from_be_bytes to_be_bytes, "4 bytes, big-endian";
            read_u64 write_u64: u64, 8, from_be_bytes to_be_bytes, "8 bytes, big-endian";
            read_i64 write_i64: i64, 8, from_be_bytes to_be_bytes, "8 bytes, big-endian";
            read_u128 write_u128: u128, 16, from_be_bytes to_be_bytes, "16 bytes, big-endian";
            read_i128 write_i128: i128, 16, from_be_bytes to_be_bytes, "16 bytes, big-endian";
            read_f32 write_f32: f32, 4, from_be_bytes to_be_bytes, "4 bytes, big-endian";
            read_f64 write_f64: f64, 8, from_be_bytes to_be_bytes, "8 bytes, big-endian";
            read_u16_le write_u16_le: u16, 2, from_le_bytes to_le_bytes, "2 bytes, little-endian";
            read_i16_le write_i16_le: i16, 2, from_le_bytes to_le_bytes, "2 bytes, little-endian";
            read_u32_le write_u32_le: u32, 4, from_le_bytes to_le_bytes, "4 bytes, little-endian";
            read_i32_le write_i32_le: i32, 4, from_le_bytes to_le_bytes, "4 bytes, little-endian";
            read_u64_le write_u64_le: u64, 8, from_le_bytes to_le_bytes, "8 bytes, little-endian";
            read_i64_le write_i64_le: i64, 8, from_le_bytes to_le_bytes, "8 bytes, little-endian";
            read_u128_le write_u128_le: u128, 16, from_le_bytes to_le_bytes,
                "16 bytes, little-endian";
            read_i128_le write_i128_le: i128, 16, from_le_bytes to_le_bytes,
                "16 bytes, little-endian";
            read_f32_le write_f32_le: f32, 4, from_le_bytes to_le_bytes, "4 bytes, little-endian";
            read_f64_le write_f64_le: f64, 8, from_le_bytes to_le_bytes, "8 bytes, little-endian";
        }
    };
}

pub(super) use numbers;
