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
fn the_name_of_a_host_has_an_ipv6_address_only_where_the_world_says_so() {
    for (both, expected) in [(false, 1), (true, 2)] {
        let world = World::builder().ipv6_names(both).build();
        let a = world.host("a");
        assert_eq!(a.lookup("a").unwrap(), [a.ip(), a.ip_v6()][..expected]);
    }
}

#[test]
fn names_are_looked_up() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    assert_eq!(a.lookup("b").unwrap(), [b.ip()]);
    assert_eq!(a.lookup("B.").unwrap(), [b.ip()], "case and a final dot do not count");
    assert!(a.lookup("localhost").unwrap().iter().all(IpAddr::is_loopback));
    assert_eq!(a.lookup("::1").unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
    world.dns_insert("service", [a.ip(), b.ip()]);
    assert_eq!(a.lookup("service").unwrap(), [a.ip(), b.ip()]);
    world.dns_insert("service", []);
    for unknown in ["service", "nowhere.example"] {
        let error = a.lookup(unknown).unwrap_err();
        // The kind that std gives has no name.
        assert_eq!(format!("{:?}", error.kind()), "Uncategorized");
        let text = "failed to lookup address information: Name or service not known";
        assert_eq!(error.to_string(), text);
        assert!(world.record().tail(1)[0].ends_with(unknown));
    }
}
