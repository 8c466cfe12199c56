//! Writes small databases of MaxMind's format (version 2.0), so that tests need no file of anybody else's.

use std::net::IpAddr;

/// Something that a record holds.
#[derive(Clone)]
pub enum Value {
    Text(&'static str),
    Short(u16),
    Number(u32),
    Long(u64),
    List(Vec<Value>),
    Map(Vec<(&'static str, Value)>),
}

/// What one side of a node of the search tree leads to.
#[derive(Clone, Copy)]
enum Side {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of networks (address, prefix length, record) for IP version 4 or 6.
pub fn database(ip_version: u16, networks: &[(&str, usize, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Side::Nothing; 2]];
    let mut data = Vec::new();
    for (address, prefix_length, record) in networks {
        let address: IpAddr = address.parse().expect("an address");
        insert(&mut nodes, &bits(address, *prefix_length, ip_version), Side::Data(data.len()));
        write(record, &mut data);
    }
    let mut file = Vec::new();
    for side in nodes.iter().flatten() {
        let number = match side {
            Side::Nothing => nodes.len(),
            Side::Node(index) => *index,
            Side::Data(offset) => nodes.len() + 16 + offset,
        };
        file.extend(u32::try_from(number).expect("a small database").to_be_bytes());
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let node_count = u32::try_from(nodes.len()).expect("a small database");
    write(&metadata(ip_version, node_count), &mut file);
    file
}

fn metadata(ip_version: u16, node_count: u32) -> Value {
    Value::Map(vec![
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_780_000_000)),
        ("database_type", Value::Text("Test")),
        ("description", Value::Map(vec![("en", Value::Text("For tests"))])),
        ("ip_version", Value::Short(ip_version)),
        ("languages", Value::List(vec![Value::Text("en")])),
        ("node_count", Value::Number(node_count)),
        ("record_size", Value::Short(32)),
    ])
}

/// The bits of a network, most significant first; IPv4 lies under `::/96` of an IPv6 tree.
fn bits(address: IpAddr, prefix_length: usize, ip_version: u16) -> Vec<usize> {
    let (octets, before) = match address {
        IpAddr::V4(address) => (address.octets().to_vec(), if ip_version == 6 { 96 } else { 0 }),
        IpAddr::V6(address) => (address.octets().to_vec(), 0),
    };
    let own = octets.iter().flat_map(|octet| (0..8).rev().map(move |shift| usize::from(octet >> shift & 1)));
    std::iter::repeat_n(0, before).chain(own.take(prefix_length)).collect()
}

fn insert(nodes: &mut Vec<[Side; 2]>, bits: &[usize], data: Side) {
    let (last, path) = bits.split_last().expect("a prefix");
    let mut node = 0;
    for bit in path {
        if let Side::Node(next) = nodes[node][*bit] {
            node = next;
        } else {
            nodes.push([Side::Nothing; 2]);
            nodes[node][*bit] = Side::Node(nodes.len() - 1);
            node = nodes.len() - 1;
        }
    }
    nodes[node][*last] = data;
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            control(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Short(number) => {
            control(5, 2, out);
            out.extend(number.to_be_bytes());
        }
        Value::Long(number) => {
            control(9, 8, out);
            out.extend(number.to_be_bytes());
        }
        Value::Number(number) => {
            control(6, 4, out);
            out.extend(number.to_be_bytes());
        }
        Value::Map(entries) => {
            control(7, entries.len(), out);
            for (key, value) in entries {
                write(&Value::Text(key), out);
                write(value, out);
            }
        }
        Value::List(values) => {
            control(11, values.len(), out);
            for value in values {
                write(value, out);
            }
        }
    }
}

/// The control byte of a value: its type, and its size as long as that is small.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, long) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
    let short = u8::try_from(short).expect("at most 29");
    if kind > 7 {
        out.extend([short, kind - 7]);
    } else {
        out.push(kind << 5 | short);
    }
    out.extend(long.map(|size| u8::try_from(size).expect("a small value")));
}
