//! However a stream comes in pieces, the same bytes come out.

use minato::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, BufStream, BufWriter, join,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::script::{ScriptReader, ScriptWriter, Step, Taking, run};

/// Pieces of a stream; an empty one stands for a wait.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), 0..40), 0..12)
}

fn reader(pieces: &[Vec<u8>]) -> ScriptReader {
    ScriptReader::new(pieces.iter().map(|piece| match &piece[..] {
        [] => Step::Wait,
        bytes => Step::Data(bytes.to_vec()),
    }))
}

/// Reads to the end in reads of the given sizes, over and over.
async fn drain(mut reader: impl AsyncRead + Unpin, sizes: &[usize]) -> Vec<u8> {
    let mut all = Vec::new();
    for size in sizes.iter().cycle() {
        let mut buf = vec![0; *size];
        let count = reader.read(&mut buf).await.unwrap();
        if count == 0 {
            break;
        }
        all.extend_from_slice(&buf[..count]);
    }
    all
}

fn taking() -> impl Strategy<Value = Taking> {
    prop_oneof![(1..20_usize).prop_map(Taking::UpTo), Just(Taking::Wait)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_buffered_reader_gives_all(
        pieces in pieces(),
        capacity in 1..50_usize,
        sizes in vec(1..60_usize, 1..6),
    ) {
        let buffered = BufReader::with_capacity(capacity, reader(&pieces));
        prop_assert_eq!(run(drain(buffered, &sizes)), pieces.concat());
    }

    #[test]
    fn a_chain_and_a_take_cut_where_they_should(
        first in pieces(),
        second in pieces(),
        limit in 0..600_u64,
        sizes in vec(1..60_usize, 1..6),
    ) {
        let mut expected = [first.concat(), second.concat()].concat();
        let mut left = reader(&first).chain(reader(&second)).take(limit);
        let got = run(drain(&mut left, &sizes));
        let rest = run(drain(left.into_inner(), &sizes));
        let later = expected.split_off(expected.len().min(limit as usize));
        prop_assert_eq!((got, rest), (expected, later));
    }

    #[test]
    fn buffered_chains_and_takes_show_the_same(
        first in pieces(),
        second in pieces(),
        limit in 0..600_u64,
        capacity in 1..50_usize,
        delimiter in any::<u8>(),
    ) {
        let buffered = |pieces: &[Vec<u8>]| BufReader::with_capacity(capacity, reader(pieces));
        let mut expected = [first.concat(), second.concat()].concat();
        expected.truncate(limit as usize);
        let mut segments = buffered(&first).chain(buffered(&second)).take(limit).split(delimiter);
        let mut got = Vec::new();
        while let Some(segment) = run(segments.next_segment()).unwrap() {
            got.push(segment);
        }
        let mut wanted: Vec<_> = expected.split(|byte| *byte == delimiter).collect();
        if wanted.last().is_some_and(|last| last.is_empty()) {
            wanted.pop();
        }
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn reading_to_the_end_gives_all(
        pieces in pieces(),
        before in vec(any::<u8>(), 0..40),
        spare in 0..80_usize,
    ) {
        let mut all = before.clone();
        all.reserve_exact(spare);
        let count = run(reader(&pieces).read_to_end(&mut all)).unwrap();
        prop_assert_eq!(count, pieces.concat().len());
        prop_assert_eq!(all, [before, pieces.concat()].concat());
    }

    #[test]
    fn a_buffered_writer_hands_on_all(
        pieces in pieces(),
        capacity in 0..50_usize,
        steps in vec(taking(), 0..30),
        vectored: bool,
    ) {
        let mut inner = ScriptWriter::new(steps);
        inner.vectored = vectored;
        let mut writer = BufWriter::with_capacity(capacity, inner);
        run(async {
            for (index, piece) in pieces.iter().enumerate() {
                if index % 2 == 0 {
                    writer.write_all(piece).await?;
                } else {
                    let (front, back) = piece.split_at(piece.len() / 2);
                    let mut buf = bytes::Buf::chain(front, back);
                    writer.write_all_buf(&mut buf).await?;
                }
            }
            writer.shutdown().await
        }).unwrap();
        prop_assert_eq!(writer.buffer(), b"");
        prop_assert_eq!(writer.into_inner().taken, pieces.concat());
    }

    #[test]
    fn a_buffered_stream_echoes_all(
        pieces in pieces(),
        capacities in (1..50_usize, 0..50_usize),
        steps in vec(taking(), 0..30),
        sizes in vec(1..60_usize, 1..6),
    ) {
        let inner = join(reader(&pieces), ScriptWriter::new(steps));
        let mut stream = BufStream::with_capacity(capacities.0, capacities.1, inner);
        run(async {
            let all = drain(&mut stream, &sizes).await;
            stream.write_all(&all).await?;
            stream.shutdown().await
        }).unwrap();
        prop_assert_eq!(stream.into_inner().into_inner().1.taken, pieces.concat());
    }

    #[test]
    fn text_survives_any_cut(
        text in "\\PC{0,60}",
        cuts in vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|ends| bytes[ends[0]..ends[1]].to_vec()).collect();
        let mut line = String::new();
        run(BufReader::new(reader(&pieces)).read_line(&mut line)).unwrap();
        prop_assert_eq!(&line, &text);
        let mut all = String::new();
        run(reader(&pieces).read_to_string(&mut all)).unwrap();
        prop_assert_eq!(all, text);
    }
}
