//! The printers of the record.

use super::common::*;
use minato_sim::record::{Fate, What};
use minato_sim::{PacketKind, World};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const REQUEST: &[u8] = b"GET /tide HTTP/1.1\r\nHost: harbour\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhigh";

/// A request and its answer, datagrams of both families, an answer to one that nobody takes, loss,
/// a cut, a reset and a crash.
fn run(capture: usize) -> World {
    let world = World::builder().seed(3).capture(capture).recorded_events(100_000).build();
    let Pair { world, a, b, client, server, listener } = pair_in(world);
    client.send(REQUEST).unwrap();
    settle(&world);
    receive(&server, 1000).unwrap();
    server.send(ANSWER).unwrap();
    settle(&world);
    receive(&client, 1000).unwrap();
    // More than one packet of IP has room for.
    client.send(&vec![7; 100_000]).unwrap();
    settle(&world);
    let receiver = bound(&b, 9000);
    let sender = datagram(&a);
    sender.send_message(b"ahoy", (b.ip(), 9000).into(), 1, None).unwrap();
    sender.connect((b.ip(), 9001).into()).unwrap();
    sender.send(b"nobody is there").unwrap();
    settle(&world);
    let six = a.socket(minato_sim::Family::V6, minato_sim::Kind::Datagram).unwrap();
    six.connect((b.ip_v6(), 9001).into()).unwrap();
    six.send(b"nobody is there, either").unwrap();
    settle(&world);
    world.mark("served");
    world.note("the tide <turns> & ebbs \"again\"\n");
    world.link("a", "b").unwrap().loss(1.0).unwrap();
    datagram(&a).send_to(b"lost", (b.ip(), 9000).into()).unwrap();
    world.link("a", "b").unwrap().loss(0.0).unwrap();
    world.advance(Some(world.now() + Duration::from_millis(3)));
    world.partition(&a, &b);
    client.send(b"stalls").unwrap();
    world.advance(Some(world.now() + Duration::from_millis(500)));
    world.heal(&a, &b);
    settle(&world);
    b.crash().unwrap();
    world.advance(Some(world.now()));
    client.send(b"too late").unwrap();
    settle(&world);
    drop((receiver, listener));
    world
}

/// A packet of a file, taken apart.
#[derive(Debug)]
struct Captured {
    at: Duration,
    bytes: Vec<u8>,
    len: usize,
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Reads a file of libpcap.
fn read(file: &[u8]) -> Vec<Captured> {
    assert_eq!(word(file, 0), 0xa1b2_3c4d, "libpcap, in nanoseconds");
    assert_eq!(file[4..8], [2, 0, 4, 0]);
    assert_eq!(word(file, 20), 101, "raw IP");
    let (mut packets, mut at) = (Vec::new(), 24);
    while at < file.len() {
        let captured = word(file, at + 8);
        packets.push(Captured {
            at: Duration::new(word(file, at) as u64, word(file, at + 4) as u32),
            bytes: file[at + 16..at + 16 + captured].to_vec(),
            len: word(file, at + 12),
        });
        at += 16 + captured;
    }
    assert_eq!(at, file.len());
    packets
}

/// The complement of the sum of all words, which is 0 where the checksum is right.
fn sum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

impl Captured {
    /// Checks lengths and checksums, and returns the protocol, and the body of the packet.
    fn check(&self) -> (u8, &[u8]) {
        let bytes = &self.bytes;
        let (protocol, body, addresses) = match bytes[0] >> 4 {
            4 => {
                assert_eq!(usize::from(bytes[2]) << 8 | usize::from(bytes[3]), self.len);
                assert_eq!(sum(&[&bytes[..20]]), 0, "the header of IP: {self:?}");
                (bytes[9], &bytes[20..], &bytes[12..20])
            }
            6 => {
                assert_eq!((usize::from(bytes[4]) << 8 | usize::from(bytes[5])) + 40, self.len);
                (bytes[6], &bytes[40..], &bytes[8..40])
            }
            version => panic!("version {version} of IP"),
        };
        if bytes.len() == self.len {
            let len = (body.len() as u32).to_be_bytes();
            let rest = [0, 0, 0, protocol];
            let parts: &[&[u8]] =
                if protocol == 1 { &[body] } else { &[addresses, &len, &rest, body] };
            assert_eq!(sum(parts), 0, "the checksum: {self:?}");
        }
        (protocol, body)
    }
}

#[test]
fn a_file_of_packets_has_the_numbers_and_checksums_of_its_protocols() {
    let record = run(usize::MAX).record();
    let packets = read(&record.pcap("a").unwrap());
    assert!(packets.is_sorted_by_key(|packet| packet.at));
    // The numbers of the stream from the client follow each other.
    let mut next = None;
    let mut segments = 0;
    let mut flags = Vec::new();
    for packet in &packets {
        let (protocol, body) = packet.check();
        let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        if protocol == 6 {
            flags.push(body[13]);
            if port(2) == 7000 {
                let number = u32::from_be_bytes(body[4..8].try_into().unwrap());
                let bytes = body.len() - usize::from(body[12] >> 4) * 4;
                let syn = body[13] & 2 != 0;
                if bytes > 0 || syn {
                    // What was lost is sent again.
                    let expected = next.unwrap_or(number);
                    assert!(number <= expected, "{number} after {expected}");
                    next = Some(number + bytes as u32 + u32::from(syn));
                    segments += 1;
                }
            }
        } else if protocol == 17 && port(2) == 9000 && body.ends_with(b"ahoy") {
            assert_eq!(packet.bytes[1], 1, "the bits of congestion");
        }
    }
    assert!(segments > 4, "{segments}");
    for (flag, name) in [(0x02, "SYN"), (0x12, "SYN ACK"), (0x18, "PSH ACK"), (0x10, "ACK")] {
        assert!(flags.contains(&flag), "{name}");
    }
    let protocols: Vec<u8> = packets.iter().map(|packet| packet.check().0).collect();
    for protocol in [6, 17, 1, 58] {
        assert!(protocols.contains(&protocol), "{protocol}");
    }
}

#[test]
fn a_host_sees_what_it_sends_and_what_reaches_it() {
    let record = run(usize::MAX).record();
    let has = |host: &str, bytes: &[u8]| {
        let packets = read(&record.pcap(host).unwrap());
        packets.iter().filter(|packet| packet.bytes.ends_with(bytes)).count()
    };
    assert_eq!((has("a", REQUEST), has("b", REQUEST)), (1, 1));
    assert_eq!((has("a", b"lost"), has("b", b"lost")), (1, 0), "it is lost on its way");
    assert!(has("a", b"stalls") > 1, "it is sent again");
    assert_eq!(has("b", b"stalls"), 1);
    assert_eq!(has("a", b"too late"), 1);
    assert_eq!(has("b", b"too late"), 0, "the host is down");
    let error = record.pcap("c").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("'c'"), "{error}");
}

#[test]
fn without_capture_there_are_headers_with_the_true_lengths() {
    let (short, full) = (run(0).record(), run(usize::MAX).record());
    assert_eq!(short.hash(), full.hash(), "what is captured is no part of the run");
    let (short, full) = (read(&short.pcap("b").unwrap()), read(&full.pcap("b").unwrap()));
    assert_eq!(short.len(), full.len());
    for (short, full) in short.iter().zip(&full) {
        short.check();
        assert_eq!((short.at, short.len), (full.at, full.len));
        assert!(full.bytes.starts_with(&short.bytes[..10]));
        assert!(short.bytes.len() <= 40 + 28 + 48);
    }
}

/// What tshark prints for a file; `None` where there is no tshark.
fn tshark(file: &[u8], name: &str, arguments: &[&str]) -> Option<String> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, file).unwrap();
    let output = Command::new("tshark").arg("-r").arg(&path).args(arguments).output();
    std::fs::remove_file(&path).unwrap();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            println!("skipped: tshark cannot be run: {error}");
            None
        }
    }
}

#[test]
fn tshark_finds_nothing_wrong_and_reads_the_request() {
    for host in ["a", "b"] {
        let file = run(usize::MAX).record().pcap(host).unwrap();
        let name = format!("full-{host}.pcap");
        let checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
        let bad = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 \
                   || udp.checksum.status == 0 || icmp.checksum.status == 0 \
                   || icmpv6.checksum.status == 0";
        let check = [&checks[..], &["-o", "udp.check_checksum:TRUE", "-Y", bad]].concat();
        let Some(wrong) = tshark(&file, &name, &check) else { return };
        assert_eq!(wrong, "");
        let requests =
            tshark(&file, &name, &["-d", "tcp.port==7000,http", "-Y", "http.request"]).unwrap();
        assert!(requests.contains("GET /tide HTTP/1.1"), "{requests}");
        let stream = tshark(&file, &name, &["-q", "-z", "follow,tcp,ascii,0"]).unwrap();
        assert!(stream.contains("GET /tide") && stream.contains("200 OK"), "{stream}");
        let short = run(0).record().pcap(host).unwrap();
        let wrong = tshark(&short, &name, &["-Y", "_ws.malformed"]).unwrap();
        assert_eq!(wrong, "");
    }
    let file = run(usize::MAX).record().pcap("a").unwrap();
    let again = tshark(&file, "again.pcap", &["-Y", "tcp.analysis.retransmission"]).unwrap();
    assert!(!again.is_empty(), "what was lost is sent again");
}

#[test]
fn each_kind_of_event_has_its_line_in_text_and_in_json() {
    let record = run(4).record();
    let (text, json) = (record.text(), record.json());
    assert_eq!(text.lines().count(), record.events().count() + 1, "one note has two lines");
    assert_eq!(json.lines().count(), record.events().count());
    for part in [
        "SYN",
        "a>b#0>0 syn 10.0.0.1:32768 > 10.0.0.2:7000, arrives at ",
        " lost: loss",
        " lost: cut",
        "cut begins: a > b",
        "cut ends: b > a",
        "crash begins: b",
        "mark served",
        " is lost at b: the host is down",
    ] {
        assert!(part == "SYN" || text.contains(part), "{part} in\n{text}");
    }
    for part in [
        "\"event\":\"packet\",\"name\":\"a>b#0>0\",\"kind\":\"syn\",\"from\":\"a\",\"to\":\"b\"",
        "\"fate\":\"lost\",\"faults\":[\"cut\"]",
        "\"payload\":\"47455420\"",
        "\"event\":\"mark\",\"name\":\"served\"",
        "\"text\":\"the tide <turns> & ebbs \\\"again\\\"\\n\"",
    ] {
        assert!(json.contains(part), "{part} in\n{json}");
    }
}

#[test]
fn python_reads_the_json() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("record.json");
    let world = run(100);
    let controls: String = (0..0x3000).filter_map(char::from_u32).collect();
    world.note(controls);
    std::fs::write(&path, world.record().json()).unwrap();
    let program = "import json, sys\n\
                   lines = [json.loads(line) for line in open(sys.argv[1], encoding='utf-8')]\n\
                   assert [line['nth'] for line in lines] == list(range(len(lines)))\n\
                   assert ''.join(map(chr, range(0x3000))) in [line.get('text') for line in lines]";
    let output = Command::new("python3").args(["-c", program]).arg(&path).output();
    std::fs::remove_file(&path).unwrap();
    match output {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(error) => println!("skipped: python3 cannot be run: {error}"),
    }
}

#[test]
fn events_are_data() {
    let record = run(0).record();
    let syn = record.events().find_map(|event| match event.what {
        What::Packet { from, to, kind: PacketKind::Syn, name, fate, .. } => {
            Some((event.at, from.to_owned(), to.map(str::to_owned), name.to_string(), fate))
        }
        _ => None,
    });
    let (sent, from, to, name, fate) = syn.unwrap();
    assert_eq!((from.as_str(), to.as_deref(), name.as_str()), ("a", Some("b"), "a>b#0>0"));
    let Fate::Arrives(at) = fate else { panic!("{fate:?}") };
    let latency = at - sent;
    assert!((100..=1000).contains(&latency.as_micros()), "{latency:?}");
    // It is written down when it arrives, too.
    let arrivals = record.events().filter(|event| {
        matches!(event.what, What::Arrival { host: "b", lost: None, .. }) && event.at == at
    });
    assert_eq!(arrivals.count(), 1);
}

#[test]
fn the_timeline_shows_what_happened() {
    let svg = run(0).record().timeline(..);
    if let Ok(path) = std::env::var("MINATO_SIM_TIMELINE") {
        std::fs::write(path, &svg).unwrap();
    }
    for part in [
        ">a</text>",
        ">b</text>",
        "SYN",
        "datagram 4 B, lost<",
        "lost: cut",
        "cut a ↔ b",
        "crash",
        "⚑ served",
        "the tide &lt;turns&gt; &amp; ebbs &quot;again&quot;·",
    ] {
        assert!(svg.contains(part), "{part} in\n{svg}");
    }
    // Each element ends, and no text is markup.
    let (begun, ended) = (svg.matches("<text").count(), svg.matches("</text>").count());
    assert_eq!(begun, ended);
    let first = run(0).record().timeline(..Duration::from_millis(1));
    assert!(first.contains("SYN") && !first.contains("crash"), "{first}");
}

/// Five hosts of which each talks to each other, through everything that can happen.
fn storm() -> World {
    let world = World::builder().seed(5).recorded_events(1 << 20).build();
    let hosts: Vec<_> = ["r0", "r1", "r2", "c0", "c1"].map(|name| world.host(name)).into();
    let sockets: Vec<_> = hosts.iter().map(|host| bound(host, 7000)).collect();
    for round in 0_u64..200 {
        for (from, socket) in sockets.iter().enumerate() {
            let to = (from + 1 + round as usize % 4) % 5;
            let _ = socket.send_to(&vec![1; 20 + 10 * from], (hosts[to].ip(), 7000).into());
        }
        match round {
            20 => world.partition(&hosts[0], &hosts[1]),
            35 => world.link("c0", "r2").unwrap().cut(),
            50 => world.heal(&hosts[0], &hosts[1]),
            60 => drop(world.link("c1", "r0").unwrap().slow(Duration::from_millis(2))),
            70 => world.links().loss(0.2).map(drop).unwrap(),
            90 => world.links().loss(0.0).map(drop).unwrap(),
            100 => world.heal_all(),
            110 => world.link("r1", "r2").unwrap().clog(),
            130 => world.link("r1", "r2").unwrap().unclog(),
            140 => world.links().duplicate(0.3).map(drop).unwrap(),
            150 => world.mark("decided"),
            160 => world.note("the leader is r1"),
            170 => hosts[2].crash().unwrap(),
            _ => {}
        }
        world.advance(Some(world.now() + Duration::from_micros(500)));
        while world.next_event().is_some_and(|at| at < Duration::from_micros(500 * (round + 1))) {
            world.advance(None);
        }
    }
    settle(&world);
    world
}

/// The hashes of runs with all kinds of events.
fn hashes() -> String {
    let [one, other] = [run(0), storm()].map(|world| world.record());
    format!("{:016x} {:016x} {}", one.hash(), other.hash(), one.count() + other.count())
}

#[test]
fn another_process_has_the_same_hash() {
    const ASKED: &str = "MINATO_SIM_TEST_HASHES";
    if std::env::var_os(ASKED).is_some() {
        return println!("hashes {}", hashes());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "record::another_process_has_the_same_hash", "--nocapture"])
        .env(ASKED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs = text.lines().find_map(|line| line.split_once("hashes ")).unwrap().1;
    assert_eq!(theirs, hashes());
}

#[test]
fn the_first_difference_is_found_even_where_it_was_dropped() {
    let run = |kept: usize, odd: u64| {
        let world = World::builder().recorded_events(kept).hash_history(true).build();
        for nth in 0..1000 {
            world.note(if nth == odd { "odd".to_owned() } else { format!("even {nth}") });
        }
        world.record()
    };
    assert_eq!(run(10, 5000).first_difference(&run(10, 5000)), None);
    let far = run(10, 5000).first_difference(&run(10, 400)).unwrap();
    assert_eq!((far.nth, far.one, far.before.len()), (400, None, 0));
    let near = run(2000, 5000).first_difference(&run(2000, 400)).unwrap();
    assert_eq!(near.before.len(), 10);
    let text = near.to_string();
    assert!(text.contains("even 399") && text.contains("one:   0.000000000s even 400"), "{text}");
    assert!(text.ends_with("other: 0.000000000s odd"), "{text}");
    // One run goes on where the other has ended.
    let world = World::builder().hash_history(true).build();
    world.note("even 0");
    let ended = world.record().first_difference(&run(2000, 5000)).unwrap();
    assert_eq!((ended.nth, ended.one), (1, None));
    assert!(ended.other.unwrap().ends_with("even 1"));
}

#[test]
fn a_picture_of_many_packets_is_no_larger_than_can_be_read() {
    let record = storm().record();
    let packets = record.events().filter(|event| matches!(event.what, What::Packet { .. }));
    assert!(packets.count() > 900);
    let svg = record.timeline(..);
    if let Ok(path) = std::env::var("MINATO_SIM_TIMELINE") {
        std::fs::write(path + ".storm.svg", &svg).unwrap();
    }
    for part in [
        "cut r0 ↔ r1",
        "cut r2 ← c0",
        "slow r0 ← c1",
        "loss on all links",
        "clog r1 → r2",
        "⚑ decided",
    ] {
        assert!(svg.contains(part), "{part}");
    }
    let height: f64 =
        svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    assert!(height < 9_200.0, "{height}");
}
