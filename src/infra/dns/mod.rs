//! Questions to DNS about host names that people claim.
//!
//! Invariants: a question ends within its deadline, and so many at most are asked at once. What a resolver says is bounded by the size of
//! a DNS message over TCP (64 KiB), and is believed or not as a whole: a failure of any kind is trouble, never an answer.
//! Nothing is remembered, because whoever asks wants to know how it is now. Where resolvers come from is a setting.

mod metrics;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use self::metrics::DnsMetrics;
use crate::domain::custom_domain::Looked;

/// How many questions are asked at once.
const QUESTIONS_MAX: usize = 32;
/// How many names are followed from one to the next. Resolvers give up after some ten.
const CHAIN_MAX: usize = 8;
/// How many parts of a name are climbed for CAA records.
const CLIMBED_MAX: usize = 10;
/// How many questions one look may take, each for its time: what it takes altogether is bounded by that.
const LOOK_QUESTIONS: u32 = 3;

/// Asks DNS. Clones share the connections.
#[derive(Clone)]
pub struct Dns {
    resolver: Option<TokioResolver>,
    questions: Arc<Semaphore>,
    /// How long one question may take.
    timeout: Duration,
}

/// Why DNS did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsTrouble {
    /// It took too long.
    #[error("no answer in time")]
    Late,
    /// A server says that it failed.
    #[error("the name server answered {0}")]
    Failed(String),
    /// There is no name server to ask.
    #[error("no name server can be reached")]
    Unreachable,
}

/// What there is: nothing where there is no such name, or no such record of it.
enum Answer {
    Records(Vec<RData>),
    NoRecord,
    NoName,
}

impl Dns {
    /// Asks these resolvers, or those of the system if there are none. A question takes at most `timeout`. Call it within a runtime.
    #[must_use]
    pub fn new(resolvers: &[SocketAddr], timeout: Duration) -> Self {
        let resolver = connect(resolvers, timeout);
        if let Err(error) = &resolver {
            tracing::warn!(%error, "no DNS resolver is known: domains cannot be verified");
        }
        Self { resolver: resolver.ok(), questions: Arc::new(Semaphore::new(QUESTIONS_MAX)), timeout }
    }

    /// The texts of TXT records, each put together of its parts.
    pub async fn texts(&self, name: &str) -> Looked<String> {
        let text = |record| match record {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        };
        looked(self.ask(name, RecordType::TXT, self.end()).await.map(|answer| answer.values(text)))
    }

    /// The names that CNAME records lead to, one after the other, lower-case and without the dot of the root.
    pub async fn canonical_names(&self, name: &str) -> Looked<String> {
        looked(self.follow(name).await)
    }

    /// The addresses behind a name, of both families.
    pub async fn addresses(&self, name: &str) -> Looked<IpAddr> {
        let address = |record| match record {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        let (v4, v6) =
            tokio::join!(self.ask(name, RecordType::A, self.end()), self.ask(name, RecordType::AAAA, self.end()));
        let both = v4.and_then(|v4| Ok([v4.values(address), v6?.values(address)].concat()));
        looked(both)
    }

    /// Whether there is such a name; `None` where DNS could not be asked.
    pub async fn exists(&self, name: &str) -> Option<bool> {
        let answer = self.ask(name, RecordType::A, self.end()).await.ok()?;
        Some(!matches!(answer, Answer::NoName))
    }

    /// The authorities that may issue certificates for a name, by its CAA records or those of the nearest name above it that has any
    /// (RFC 8659, section 3); `None` if whoever wants may.
    ///
    /// # Errors
    /// DNS could not be asked.
    pub async fn issuers(&self, name: &str) -> Result<Option<Vec<String>>, DnsTrouble> {
        let end = self.end();
        let mut rest = Some(name);
        for _ in 0..CLIMBED_MAX {
            let Some(name) = rest else { return Ok(None) };
            let properties = self.ask(name, RecordType::CAA, end).await?.values(|record| match record {
                RData::CAA(record) => Some((record.tag.to_ascii_lowercase(), record.value)),
                _ => None,
            });
            if !properties.is_empty() {
                let issue = properties.into_iter().filter(|(tag, _)| tag == "issue");
                let issuers: Vec<String> = issue.map(|(_, value)| issuer(&value)).collect();
                let is_limited = !issuers.is_empty();
                return Ok(is_limited.then(|| issuers.into_iter().filter(|name| !name.is_empty()).collect()));
            }
            rest = name.split_once('.').map(|(_, above)| above);
        }
        Ok(None)
    }

    async fn follow(&self, name: &str) -> Result<Vec<String>, DnsTrouble> {
        let end = self.end();
        let mut names: Vec<String> = Vec::new();
        while names.len() < CHAIN_MAX {
            let current = names.last().map_or(name, String::as_str);
            let targets = self.ask(current, RecordType::CNAME, end).await?.values(|record| match record {
                RData::CNAME(target) => Some(written(&target.0)),
                _ => None,
            });
            match targets.into_iter().next() {
                Some(target) if target != name && !names.contains(&target) => names.push(target),
                _ => break,
            }
        }
        Ok(names)
    }

    /// When a look that begins now has to be over.
    fn end(&self) -> Instant {
        Instant::now() + self.timeout.saturating_mul(LOOK_QUESTIONS)
    }

    async fn ask(&self, name: &str, kind: RecordType, end: Instant) -> Result<Answer, DnsTrouble> {
        let started = Instant::now();
        let answer = timeout_at(end.min(started + self.timeout), self.ask_patiently(name, kind));
        let answer = answer.await.unwrap_or(Err(DnsTrouble::Late));
        DnsMetrics::global().count(&answer, started.elapsed());
        answer
    }

    async fn ask_patiently(&self, name: &str, kind: RecordType) -> Result<Answer, DnsTrouble> {
        let resolver = self.resolver.as_ref().ok_or(DnsTrouble::Unreachable)?;
        let _place = self.questions.acquire().await.map_err(|_| DnsTrouble::Unreachable)?;
        // A name that DNS cannot hold has no records.
        let Ok(name) = Name::from_ascii(format!("{name}.")) else { return Ok(Answer::NoName) };
        match Box::pin(resolver.lookup(name, kind)).await {
            Ok(lookup) => Ok(Answer::Records(lookup.answers().iter().map(|record| record.data.clone()).collect())),
            Err(NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code, .. }))) => match response_code {
                ResponseCode::NoError => Ok(Answer::NoRecord),
                ResponseCode::NXDomain => Ok(Answer::NoName),
                failure => Err(DnsTrouble::Failed(failure.to_string())),
            },
            Err(NetError::Dns(DnsError::ResponseCode(failure))) => Err(DnsTrouble::Failed(failure.to_string())),
            Err(NetError::Timeout) => Err(DnsTrouble::Late),
            Err(error) => {
                tracing::debug!(%error, "a name server could not be asked");
                Err(DnsTrouble::Unreachable)
            }
        }
    }
}

impl Answer {
    fn values<T>(self, value: impl Fn(RData) -> Option<T>) -> Vec<T> {
        match self {
            Self::Records(records) => records.into_iter().filter_map(value).collect(),
            Self::NoRecord | Self::NoName => Vec::new(),
        }
    }
}

fn looked<T>(result: Result<Vec<T>, DnsTrouble>) -> Looked<T> {
    match result {
        Ok(values) => Looked::Found(values),
        Err(trouble) => Looked::Trouble(trouble.to_string()),
    }
}

fn written(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

/// The name in the value of a CAA record, which parameters may follow.
fn issuer(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn connect(resolvers: &[SocketAddr], timeout: Duration) -> Result<TokioResolver, NetError> {
    let mut builder = if resolvers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = resolvers.iter().map(|address| name_server(*address)).collect();
        let config = ResolverConfig::from_name_servers(servers);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    adjust(builder.options_mut(), timeout);
    builder.build()
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

fn adjust(options: &mut ResolverOpts, timeout: Duration) {
    // Several tries within the time of a question, over UDP and then over TCP.
    options.timeout = timeout / 2;
    options.attempts = 2;
    options.cache_size = 0;
    options.positive_max_ttl = Some(Duration::ZERO);
    options.negative_max_ttl = Some(Duration::ZERO);
    options.use_hosts_file = ResolveHosts::Never;
    options.try_tcp_on_error = true;
    options.preserve_intermediates = true;
}
