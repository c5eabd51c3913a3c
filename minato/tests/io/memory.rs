//! Slices, vectors and cursors as streams.

use std::io::{Cursor, ErrorKind, IoSlice};

use minato::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::script::run;

#[test]
fn a_slice_reads_from_its_front() {
    let mut reader = &b"abcd"[..];
    let mut buf = [0; 3];
    assert_eq!(run(reader.read(&mut buf)).unwrap(), 3);
    assert_eq!((&buf, reader), (b"abc", &b"d"[..]));
    reader.consume(9);
    assert!(reader.is_empty());
}

#[test]
fn a_cursor_reads_from_its_position() {
    let mut reader = Cursor::new("abcd");
    reader.set_position(1);
    assert_eq!(run(reader.fill_buf()).unwrap(), b"bcd");
    assert_eq!(run(reader.read_u16()).unwrap(), 0x6263);
    assert_eq!(reader.position(), 3);
    AsyncBufReadExt::consume(&mut reader, usize::MAX);
    assert_eq!(reader.position(), 4);
}

#[test]
fn a_cursor_behind_its_end_is_at_the_end() {
    for position in [5, u64::MAX] {
        let mut reader = Cursor::new(vec![1, 2, 3]);
        reader.set_position(position);
        assert_eq!(run(reader.read(&mut [0; 4])).unwrap(), 0);
        assert_eq!(run(reader.fill_buf()).unwrap(), b"");
        AsyncBufReadExt::consume(&mut reader, 1);
        assert_eq!(reader.position(), position);
    }
}

/// Writes `ab`, then `c` and `d` in one call.
fn write_abcd(writer: &mut (impl AsyncWrite + Unpin)) {
    run(async {
        writer.write_all(b"ab").await?;
        writer.write_vectored(&[IoSlice::new(b"c"), IoSlice::new(b"d")]).await?;
        writer.flush().await?;
        writer.shutdown().await
    })
    .unwrap();
    assert!(writer.is_write_vectored());
}

#[test]
fn memory_takes_writes() {
    let mut vec = b">".to_vec();
    write_abcd(&mut vec);
    assert_eq!(vec, b">abcd");

    let mut cursor = Cursor::new(b"12345678".to_vec());
    cursor.set_position(2);
    write_abcd(&mut cursor);
    assert_eq!((cursor.position(), &cursor.get_ref()[..]), (6, &b"12abcd78"[..]));

    write_abcd(&mut Cursor::new(&mut vec));
    assert_eq!(vec, b"abcdd");

    let mut cursor = Cursor::new(vec![0; 4].into_boxed_slice());
    write_abcd(&mut cursor);
    assert_eq!(**cursor.get_ref(), *b"abcd");

    let mut array = [0; 4];
    write_abcd(&mut Cursor::new(&mut array[..]));
    assert_eq!(&array, b"abcd");
}

#[test]
fn memory_that_is_full_is_write_zero() {
    let mut array = [0; 3];
    let mut cursor = Cursor::new(&mut array[..]);
    assert_eq!(run(cursor.write_all(b"abcd")).unwrap_err().kind(), ErrorKind::WriteZero);
    assert_eq!(&array, b"abc");
    let mut cursor = Cursor::new(vec![0; 3].into_boxed_slice());
    assert_eq!(run(cursor.write_all(b"abcd")).unwrap_err().kind(), ErrorKind::WriteZero);
}
