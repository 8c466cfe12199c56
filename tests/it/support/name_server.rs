//! A name server of the tests, over UDP and TCP, which says what it is told to: the truth, lies, nothing, or too much.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use elido::config::Config;
use hickory_resolver::proto::op::{Message, Metadata, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CAA, CNAME, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// The largest answer over UDP, in bytes.
const UDP_BYTES_MAX: usize = 1_232;
/// Where domains have to point in these tests.
pub const INGRESS: &str = "ingress.example.net";
pub const INGRESS_ADDRESS: &str = "192.0.2.10";

/// How the server is about a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It says what there is.
    Honest,
    /// It says that it failed.
    Failing,
    /// It says nothing.
    Silent,
    /// It turns at every question: what there is, or that there is nothing.
    Flipping,
}

#[derive(Default)]
struct Zone {
    records: HashMap<String, Vec<RData>>,
    moods: HashMap<String, Mood>,
    asked: usize,
}

/// A name server of one test.
pub struct NameServer {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

pub fn txt(text: &str) -> RData {
    RData::TXT(TXT::new(vec![text.to_owned()]))
}

pub fn cname(target: &str) -> RData {
    RData::CNAME(CNAME(name(target)))
}

pub fn address(text: &str) -> RData {
    match text.parse().expect("an address") {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

pub fn caa(issuer: &str) -> RData {
    let issuer = (!issuer.is_empty()).then(|| name(issuer));
    RData::CAA(CAA::new_issue(false, issuer, Vec::new()))
}

fn name(text: &str) -> Name {
    Name::from_str(&format!("{text}.")).expect("a name")
}

impl NameServer {
    pub async fn start() -> Self {
        let (udp, tcp) = sockets().await;
        let address = udp.local_addr().expect("an address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let tasks = [tokio::spawn(over_udp(udp, Arc::clone(&zone))), tokio::spawn(over_tcp(tcp, Arc::clone(&zone)))];
        Self { address, zone, tasks }
    }

    /// The settings of a platform that asks this server.
    pub fn configure(&self, config: &mut Config) {
        config.domains.resolvers = self.address.to_string();
        config.domains.ingress_name = INGRESS.to_owned();
        config.domains.ingress_addresses = INGRESS_ADDRESS.to_owned();
        config.domains.dns_timeout_ms = 2_000;
        config.domains.quarantine_after_seconds = 0;
    }

    /// From now on a name has these records, and none besides.
    pub fn set(&self, name: &str, records: Vec<RData>) {
        self.zone.lock().expect("a zone").records.insert(name.to_ascii_lowercase(), records);
    }

    pub fn clear(&self, name: &str) {
        self.zone.lock().expect("a zone").records.remove(name);
    }

    pub fn be(&self, name: &str, mood: Mood) {
        self.zone.lock().expect("a zone").moods.insert(name.to_owned(), mood);
    }

    pub fn asked(&self) -> usize {
        self.zone.lock().expect("a zone").asked
    }

    /// Sets the TXT record that a domain needs.
    pub fn own(&self, domain: &Value) {
        let record = &domain["records"][0];
        let text = |field: &str| record[field].as_str().expect("a text").to_owned();
        self.set(&text("name"), vec![txt(&text("value"))]);
    }

    /// Sets every record that a domain needs.
    pub fn delegate(&self, domain: &Value) {
        self.own(domain);
        self.set(domain["hostname"].as_str().expect("a name"), vec![cname(INGRESS)]);
    }
}

/// The same port for both.
async fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().expect("an address")).await {
            return (udp, tcp);
        }
    }
}

async fn over_udp(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut room = [0; 4_096];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut room).await else { continue };
        let Some(mut answer) = answer(&room[..length], &zone) else { continue };
        // What is larger than any message cannot even be written.
        let mut bytes = answer.to_vec().unwrap_or_default();
        if bytes.is_empty() || bytes.len() > UDP_BYTES_MAX {
            answer.answers.clear();
            answer.metadata.truncation = true;
            bytes = answer.to_vec().expect("a message");
        }
        drop(socket.send_to(&bytes, peer).await);
    }
}

async fn over_tcp(listener: TcpListener, zone: Arc<Mutex<Zone>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let zone = Arc::clone(&zone);
        tokio::spawn(async move { drop(converse(stream, &zone).await) });
    }
}

async fn converse(mut stream: TcpStream, zone: &Mutex<Zone>) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        let Some(mut answer) = answer(&question, zone) else { return Ok(()) };
        let mut bytes = answer.to_vec().unwrap_or_default();
        while bytes.is_empty() || bytes.len() > usize::from(u16::MAX) {
            answer.answers.truncate(answer.answers.len() * 3 / 4);
            bytes = answer.to_vec().unwrap_or_default();
        }
        stream.write_u16(bytes.len() as u16).await?;
        stream.write_all(&bytes).await?;
    }
}

fn answer(question: &[u8], zone: &Mutex<Zone>) -> Option<Message> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let mut zone = zone.lock().expect("a zone");
    zone.asked += 1;
    let asked = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let mood = zone.moods.get(&asked).copied().unwrap_or(Mood::Honest);
    let is_hidden = mood == Mood::Flipping && zone.asked.is_multiple_of(2);
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata = Metadata::response_from_request(&question.metadata);
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    match mood {
        Mood::Silent => return None,
        Mood::Failing => answer.metadata.response_code = ResponseCode::ServFail,
        Mood::Honest | Mood::Flipping if is_hidden => answer.metadata.response_code = ResponseCode::NXDomain,
        Mood::Honest | Mood::Flipping => match found(&zone, &asked, query.query_type(), 0) {
            Some(records) => drop(answer.add_answers(records)),
            None => answer.metadata.response_code = ResponseCode::NXDomain,
        },
    }
    Some(answer)
}

/// The records of a type, or an alias and those behind it; none if there is no such name.
fn found(zone: &Zone, asked: &str, kind: RecordType, depth: usize) -> Option<Vec<Record>> {
    let is_above = |known: &String| known.ends_with(&format!(".{asked}"));
    let Some(records) = zone.records.get(asked) else {
        return zone.records.keys().any(is_above).then(Vec::new);
    };
    let mut answers: Vec<Record> =
        records.iter().filter(|data| data.record_type() == kind).map(|data| record(asked, data)).collect();
    if answers.is_empty()
        && let Some(alias) = records.iter().find(|data| data.record_type() == RecordType::CNAME)
    {
        answers.push(record(asked, alias));
        if let RData::CNAME(target) = alias {
            let target = target.0.to_ascii().trim_end_matches('.').to_owned();
            if depth < 10 {
                answers.extend(found(zone, &target, kind, depth + 1).unwrap_or_default());
            }
        }
    }
    Some(answers)
}

fn record(owner: &str, data: &RData) -> Record {
    Record::from_rdata(name(owner), 60, data.clone())
}
