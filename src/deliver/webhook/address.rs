//! Which addresses a webhook may reach: a rule's author must not be able to talk to what stands
//! behind the firewall, be it by a literal, by a name that points there, or by a form that a
//! careless check overlooks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is on the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// All but the special-purpose blocks of RFC 6890 and its successors.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        // The last of these are multicast, reserved and broadcast.
        0 | 10 | 127 | 224..=255 => true,
        100 => b & 0xC0 == 64,
        169 => b == 254,
        172 => b & 0xF0 == 16,
        192 => (b == 168) || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b & 0xFE == 18 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        1..=9
        | 11..=99
        | 101..=126
        | 128..=168
        | 170..=171
        | 173..=191
        | 193..=197
        | 199..=202
        | 204..=223 => false,
    };
    !special
}

/// Only global unicast (`2000::/3`) without its special blocks; an IPv4 address within is judged as such.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [a, b, ..] = segments;
    let within = |high: u16, low: u16| {
        let [h, l] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(h[0], h[1], l[0], l[1])
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match (a, b) {
        // NAT64 (RFC 6052), 64:ff9b::/96.
        (0x64, 0xff9b) if segments[2..6] == [0; 4] => is_public_v4(within(segments[6], segments[7])),
        // 6to4.
        (0x2002, _) => is_public_v4(within(b, segments[2])),
        // Teredo, ORCHID, benchmarks, documentation.
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x3fff, 0x0000..=0x0fff) => false,
        (a, _) => a & 0xE000 == 0x2000,
    }
}

/// The address that a URL names directly. The URL parser has already read decimal, octal and
/// hexadecimal forms of IPv4; an HTTP client asks no resolver for these.
pub(super) fn literal(url: &reqwest::Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse().ok()
}

/// Why a name was not resolved.
#[derive(Debug)]
pub(super) struct PrivateAddress;

impl std::fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "the endpoint's address is private; to allow it, set `allow_private = true` in `[webhooks]`",
        )
    }
}

impl std::error::Error for PrivateAddress {}

/// Who says which addresses a name has.
pub(super) trait Lookup: Send + Sync + 'static {
    /// The addresses of a name as they are now.
    fn lookup(&self, name: &str) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// The machine.
pub(super) struct System;

impl Lookup for System {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Resolves names to allowed addresses only. What it returns is what is connected to, so that a
/// name cannot change its mind in between.
pub(super) struct Only<L> {
    pub(super) lookup: Arc<L>,
    pub(super) allowed: fn(IpAddr) -> bool,
}

impl Only<System> {
    /// Public addresses.
    pub(super) fn public() -> Self {
        Self { lookup: Arc::new(System), allowed: is_public }
    }
}

impl<L: Lookup> Resolve for Only<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allowed) = (Arc::clone(&self.lookup), self.allowed);
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await?;
            let fit: Vec<SocketAddr> = found.iter().copied().filter(|at| allowed(at.ip())).collect();
            if fit.is_empty() && !found.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for special in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn every_way_to_write_an_address_is_read() {
        for (url, address) in [
            ("http://127.0.0.1/", Some("127.0.0.1")),
            ("http://2130706433/", Some("127.0.0.1")),
            ("http://0177.0.0.1/", Some("127.0.0.1")),
            ("http://0x7f.1/", Some("127.0.0.1")),
            ("http://127.1/", Some("127.0.0.1")),
            ("http://[::1]:80/", Some("::1")),
            ("http://[::ffff:127.0.0.1]/", Some("::ffff:127.0.0.1")),
            ("http://１２７.0.0.1/", Some("127.0.0.1")),
            ("http://localhost/", None),
        ] {
            let found = literal(&reqwest::Url::parse(url).unwrap());
            assert_eq!(found, address.map(|a| a.parse().unwrap()), "{url}");
        }
    }
}
