//! Addresses in their many spellings, and who can be at them.

use super::*;

fn reach_of(text: &str) -> Reach {
    reach(text.parse().unwrap())
}

#[test]
fn metadata_link_local_and_reserved_addresses_are_forbidden() {
    for text in [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "::",
        "ff02::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378::1",
    ] {
        assert_eq!(reach_of(text), Reach::Forbidden, "{text}");
    }
}

#[test]
fn loopback_and_private_networks_are_private() {
    for text in [
        "127.0.0.1",
        "127.255.255.254",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
        "::1",
        "fd12::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ] {
        assert_eq!(reach_of(text), Reach::Private, "{text}");
    }
}

#[test]
fn the_rest_of_the_internet_is_public() {
    for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
        assert_eq!(reach_of(text), Reach::Public, "{text}");
    }
}

#[test]
fn a_connection_opens_the_private_ranges_that_it_names_and_no_others() {
    let guard = Guard::new(&["10.0.0.0/8".parse().unwrap(), "fd12::/16".parse().unwrap()]);
    let admit = |text: &str| guard.admit(text.parse().unwrap(), false);
    assert!(admit("10.1.2.3").is_ok());
    assert!(admit("::ffff:10.1.2.3").is_ok());
    assert!(admit("fd12::5").is_ok());
    assert!(admit("8.8.8.8").is_ok());
    assert!(matches!(admit("127.0.0.1"), Err(Refusal::Private(_))));
    assert!(matches!(admit("192.168.0.1"), Err(Refusal::Private(_))));
}

#[test]
fn no_network_opens_a_forbidden_address() {
    let guard = Guard::new(&["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
    for text in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0"] {
        assert!(matches!(guard.admit(text.parse().unwrap(), false), Err(Refusal::Forbidden(_))), "{text}");
    }
}

#[test]
fn plain_http_reaches_only_what_the_connection_names() {
    let guard = Guard::new(&["127.0.0.0/8".parse().unwrap()]);
    assert!(guard.admit("127.0.0.1".parse().unwrap(), true).is_ok());
    assert!(matches!(guard.admit("8.8.8.8".parse().unwrap(), true), Err(Refusal::Plain(_))));
}
