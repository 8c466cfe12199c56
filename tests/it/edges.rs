//! Several edges in front of one api, as operators run them: what one of them learns, and how soon all know of an edit.

use std::net::SocketAddr;

use elido::config::Loaded;
use elido::roles::{Roles, Running, start};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::support::cache;
use crate::support::platform::{Account, Platform, body, eventually};

/// An api with everything, and edges beside it.
struct Deployment {
    platform: Platform,
    account: Account,
    edges: Vec<(Running, TempDir)>,
}

impl Deployment {
    async fn start(edges: usize) -> Self {
        let platform = Platform::start().await;
        let account = platform.account().await;
        let mut deployment = Self { platform, account, edges: Vec::new() };
        for _ in 0..edges {
            deployment.add_edge().await;
        }
        deployment
    }

    async fn add_edge(&mut self) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = self.platform.config.clone();
        config.data_folder = folder.path().to_path_buf();
        config.grpc.origin_url = self.platform.grpc().parse().expect("a URL");
        let roles: Roles = "edge".parse().expect("a role");
        let edge = Box::pin(start(&Loaded { config, entries: Vec::new() }, roles)).await.expect("the edge starts");
        self.edges.push((edge, folder));
    }

    fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.edges.iter().map(|(edge, _)| edge.addresses().edge.expect("the edge role"))
    }

    /// Where this edge sends visitors of a slug; the status where it sends nobody.
    async fn visit(&self, edge: SocketAddr, slug: &str) -> Result<String, u16> {
        let request = self.platform.client.get(format!("http://{edge}/{slug}")).header("host", "localhost");
        let response = request.send().await.expect("a response");
        let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        location.ok_or_else(|| response.status().as_u16())
    }

    async fn everywhere(&self, slug: &str, wanted: Result<String, u16>) -> bool {
        for edge in self.addresses() {
            if self.visit(edge, slug).await != wanted {
                return false;
            }
        }
        true
    }

    async fn stop(&mut self) {
        for (edge, _folder) in &self.edges {
            assert!(edge.stop().await, "everything ended in time");
        }
        self.platform.stop().await;
    }
}

fn place(number: usize) -> String {
    format!("https://example.com/{number}")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edge_hears_of_every_edit() {
    let mut deployment = Deployment::start(3).await;
    let (platform, account) = (&deployment.platform, &deployment.account);
    assert!(deployment.everywhere("moving", Err(404)).await);
    let draft = json!({"destination_url": place(0), "slug": "moving"});
    let link = platform.create_link(account, &draft).await;
    let path = format!("/links/{}", link["id"].as_str().expect("an id"));
    eventually("the new link everywhere", || deployment.everywhere("moving", Ok(place(0)))).await;
    for number in 1..20 {
        let edit = json!({"destination_url": place(number)});
        body(platform.of(account, Method::PATCH, &path).json(&edit), reqwest::StatusCode::OK).await;
        eventually("the edit everywhere", || deployment.everywhere("moving", Ok(place(number)))).await;
        assert!(deployment.everywhere("moving", Ok(place(number))).await, "it does not go back");
    }
    let deleted = platform.of(account, Method::DELETE, &path).send().await.expect("a response");
    assert_eq!(deleted.status(), 204);
    eventually("the deletion everywhere", || deployment.everywhere("moving", Err(410))).await;
    let purge = path.replace("/links/", "/deleted-links/");
    body(platform.of(account, Method::DELETE, &purge), reqwest::StatusCode::NO_CONTENT).await;
    eventually("it is forgotten everywhere", || deployment.everywhere("moving", Err(404))).await;
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domains_new_root_reaches_every_edge() {
    let mut deployment = Deployment::start(2).await;
    let (platform, account) = (&deployment.platform, &deployment.account);
    assert!(deployment.everywhere("", Err(404)).await);
    let domains = platform.read(account, "/domains").await;
    let path = format!("/domains/{}", domains["data"][0]["id"].as_str().expect("an id"));
    let edit = json!({"root_url": "https://example.com/root"});
    body(platform.of(account, Method::PATCH, &path).json(&edit), reqwest::StatusCode::OK).await;
    let wanted = Ok("https://example.com/root".to_owned());
    eventually("the new root everywhere", || deployment.everywhere("", wanted.clone())).await;
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_random_slugs_stays_away_from_the_source_of_truth() {
    let mut deployment = Deployment::start(1).await;
    let (platform, account) = (&deployment.platform, &deployment.account);
    platform.create_link(account, &json!({"destination_url": "https://example.com/", "slug": "known"})).await;
    let edge = deployment.addresses().next().expect("an edge");
    let metric = async |name: &str| {
        let text = platform.client.get(platform.internal("/metrics")).send().await.expect("a response");
        let text = text.text().await.expect("a text");
        let lines =
            text.lines().filter_map(|line| line.rsplit_once(' ')).filter(|(series, _)| series.starts_with(name));
        lines.filter_map(|(_, value)| value.parse::<f64>().ok()).sum::<f64>()
    };
    // Metrics are of the whole process, which other tests share: only what this flood adds is looked at.
    eventually("a filter", || async {
        let before = metric("elido_filter_refused_total").await;
        for number in 0..20 {
            drop(deployment.visit(edge, &format!("nothing-{number}")).await);
        }
        metric("elido_filter_refused_total").await > before
    })
    .await;
    let before = metric("elido_filter_refused_total").await;
    for number in 0..500 {
        // For a moment in which it has heard nothing of the log, an edge does not say what is not there.
        let slug = format!("random-{number}");
        eventually("there is no such link", || async { deployment.visit(edge, &slug).await == Err(404) }).await;
    }
    assert!(metric("elido_filter_refused_total").await - before > 300.0, "most of the flood ends in the filter");
    assert_eq!(deployment.visit(edge, "known").await, Ok("https://example.com/".to_owned()));
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_joins_later_serves_what_others_have_read_while_the_api_is_away() {
    if cache::of_its_own().key_prefix.is_empty() {
        return;
    }
    let mut deployment = Deployment::start(1).await;
    let draft = json!({"destination_url": place(1), "slug": "shared"});
    deployment.platform.create_link(&deployment.account, &draft).await;
    eventually("the link", || deployment.everywhere("shared", Ok(place(1)))).await;
    deployment.add_edge().await;
    deployment.platform.stop().await;
    eventually("the link on the new edge", || deployment.everywhere("shared", Ok(place(1)))).await;
    for (edge, _folder) in &deployment.edges {
        assert!(edge.stop().await, "everything ended in time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edges_share_the_rate_limit_of_an_address() {
    if cache::of_its_own().key_prefix.is_empty() {
        return;
    }
    let platform = Platform::start_with(|config| {
        config.edge.rate_limit_per_second = 1;
        config.edge.rate_limit_burst = 6;
        config.edge.trusted_proxy_hops = 1;
    })
    .await;
    let account = platform.account().await;
    let mut deployment = Deployment { platform, account, edges: Vec::new() };
    deployment.add_edge().await;
    deployment.add_edge().await;
    let edges: Vec<SocketAddr> = deployment.addresses().collect();
    // Until both edges have their connection, each has a limit of its own; so another address comes in each attempt.
    let mut addresses = 1..=200_u8;
    eventually("one limit for both", || {
        let address = format!("192.0.2.{}", addresses.next().expect("an attempt that succeeds"));
        let client = &deployment.platform.client;
        let visits = (0..20).map(|number| {
            let request =
                client.get(format!("http://{}/nothing", edges[number % 2])).header("x-forwarded-for", &address);
            async move { request.send().await.expect("a response").status() != 429 }
        });
        let visits = futures_util::future::join_all(visits);
        // Six at once, and one more for a second that passes meanwhile; two limits would let twelve pass.
        async move { (6..=7).contains(&visits.await.into_iter().filter(|passed| *passed).count()) }
    })
    .await;
    deployment.stop().await;
}
