//! Hosts, addresses and names.

use minato_sim::World;
use std::net::IpAddr;

#[test]
fn hosts_get_addresses_in_order_and_are_made_once() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let expected: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
    assert_eq!([a.ip(), b.ip()], expected);
    assert_eq!(b.ip_v6(), "fd00::2".parse::<IpAddr>().unwrap());
    assert_eq!(world.host("a").ip(), a.ip());
    assert_eq!((a.name(), b.number()), ("a".to_owned(), 1));
}

#[test]
fn names_are_looked_up() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    assert_eq!(a.lookup("b").unwrap(), [b.ip(), b.ip_v6()]);
    assert_eq!(a.lookup("B.").unwrap(), [b.ip(), b.ip_v6()], "case and a final dot do not count");
    assert!(a.lookup("localhost").unwrap().iter().all(IpAddr::is_loopback));
    assert_eq!(a.lookup("::1").unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
    world.dns_insert("service", [a.ip(), b.ip()]);
    assert_eq!(a.lookup("service").unwrap(), [a.ip(), b.ip()]);
    world.dns_insert("service", []);
    for unknown in ["service", "nowhere.example"] {
        let error = a.lookup(unknown).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert!(error.to_string().contains(unknown), "{error}");
    }
}
