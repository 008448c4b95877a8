//! Where a call may go: the public internet, one's own network when the destination says so, and nothing else.
//!
//! Whoever may write a definition must not thereby reach what only this machine can. Names are resolved here, every
//! address is judged, and the connection goes to a judged address: a name that answers differently the second time
//! (rebinding) is never asked a second time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What lies at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The public internet.
    Public,
    /// This machine, or a network of one's own.
    Private,
    /// Nothing that receives webhooks: metadata services, link-local, multicast, reserved, and forms that hide another address.
    Never,
}

/// A name or an address leads where no call may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forbidden {
    #[error("the address is not on the public internet")]
    Private,
    #[error("the address is one that no call may go to")]
    Never,
}

impl Reach {
    /// Judges an address.
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether a call may go there.
    pub(super) fn allow(self, allow_private: bool) -> Result<(), Forbidden> {
        match self {
            Self::Public => Ok(()),
            Self::Private if allow_private => Ok(()),
            Self::Private => Err(Forbidden::Private),
            Self::Never => Err(Forbidden::Never),
        }
    }
}

/// Addresses inside otherwise ordinary ranges at which clouds answer questions about the machine that asks.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: [Ipv6Addr; 2] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

fn of_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, _] = address.octets();
    if METADATA_V4.contains(&address) {
        return Reach::Never;
    }
    if address.is_loopback() || address.is_private() || (first == 100 && (64..128).contains(&second)) {
        return Reach::Private;
    }
    let is_this_network = first == 0;
    let is_protocol_assignment = (first, second, third) == (192, 0, 0);
    let is_relay_of_6to4 = (first, second, third) == (192, 88, 99);
    let is_benchmark = first == 198 && (second == 18 || second == 19);
    let is_reserved = first >= 240;
    let never = address.is_link_local() || address.is_multicast() || address.is_documentation();
    let never = never || is_this_network || is_protocol_assignment || is_relay_of_6to4 || is_benchmark || is_reserved;
    if never { Reach::Never } else { Reach::Public }
}

/// Public are only the addresses given out for that (`2000::/3`), less what is set apart among them.
fn of_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    if METADATA_V6.contains(&address) {
        return Reach::Never;
    }
    if address.is_loopback() || address.is_unique_local() {
        return Reach::Private;
    }
    let is_given_out = segments[0] & 0xe000 == 0x2000;
    let is_protocol_assignment = segments[0] == 0x2001 && segments[1] < 0x0200;
    let is_documentation = (segments[0] == 0x2001 && segments[1] == 0x0db8) || (segments[0] == 0x3fff && segments[1] < 0x1000);
    let is_6to4 = segments[0] == 0x2002;
    if is_given_out && !is_protocol_assignment && !is_documentation && !is_6to4 { Reach::Public } else { Reach::Never }
}

/// Resolves names, and refuses one of whose addresses any is forbidden.
pub(super) struct JudgedNames {
    pub(super) allow_private: bool,
}

impl Resolve for JudgedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                Reach::of(address.ip()).allow(allow_private)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], expected: Reach) {
        for text in addresses {
            assert_eq!(Reach::of(text.parse().expect("an address")), expected, "{text}");
        }
    }

    #[test]
    fn the_public_internet_is_reached() {
        check(
            &["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255"],
            Reach::Public,
        );
        check(&["2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::1", "3fff:1000::1"], Reach::Public);
    }

    #[test]
    fn ones_own_network_is_private() {
        check(&["127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"], Reach::Private);
        check(&["100.64.0.1", "100.127.255.255", "::1", "fc00::1", "fdff::1"], Reach::Private);
    }

    #[test]
    fn nothing_else_is_reached_at_all() {
        check(&["0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1"], Reach::Never);
        check(&["198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"], Reach::Never);
        check(&["100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"], Reach::Never);
        check(&["::", "fe80::1", "ff02::1", "fec0::1", "2001:db8::1", "3fff::1", "5f00::1"], Reach::Never);
        // An address inside an address: mapped, compatible, NAT64, 6to4, Teredo.
        check(
            &["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1"],
            Reach::Never,
        );
    }

    #[test]
    fn the_destination_may_allow_its_own_network_and_no_more() {
        assert_eq!(Reach::Private.allow(true), Ok(()));
        assert_eq!(Reach::Private.allow(false), Err(Forbidden::Private));
        assert_eq!(Reach::Never.allow(true), Err(Forbidden::Never));
    }

    #[tokio::test]
    async fn a_name_is_judged_by_where_it_leads() {
        let resolve = |allow_private| JudgedNames { allow_private }.resolve("localhost".parse().expect("a name"));
        let refused = resolve(false).await.err().expect("refused");
        assert_eq!(refused.downcast_ref::<Forbidden>(), Some(&Forbidden::Private));
        assert!(resolve(true).await.expect("allowed").count() > 0);
    }
}
