//! Every method of the gRPC services, called by everybody there can be: the rights are those of REST, and what belongs to another
//! workspace does not exist.

use std::fmt::Write as _;

use elido::domain::permission::Caller;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::calls::{Method, methods};
use super::isolation::furnish;
use super::requests::nobody;
use super::walk::{REFUSALS, Verdict, Who, administrator_elsewhere, everybody, expected, start};
use crate::support::identity_provider::IdentityProvider;
use crate::support::platform::{Account, Platform};

/// What ends a session or a membership comes last.
const ENDINGS: [&str; 2] = ["Workspaces/LeaveWorkspace", "Me/EndOtherSessions"];

async fn channel(platform: &Platform) -> Channel {
    Channel::from_shared(platform.grpc()).expect("an address").connect().await.expect("a connection")
}

fn ordered_methods() -> Vec<Method> {
    let mut methods = methods();
    methods.sort_by_key(|method| ENDINGS.iter().position(|ending| *ending == method.name));
    methods
}

/// What the answer says of the right to call.
fn verdict(answer: &Result<Vec<u8>, Status>) -> Verdict {
    let Err(status) = answer else { return Verdict::Allowed };
    let details = status.get_error_details();
    let code = details.error_info().map_or("", |info| info.reason.as_str());
    let refusal = REFUSALS.iter().find(|refusal| **refusal == code);
    match (status.code(), refusal) {
        (Code::PermissionDenied, Some(refusal)) => Verdict::Refused(refusal),
        (Code::Unauthenticated, _) if code == "unauthenticated" => Verdict::Unauthenticated,
        (Code::NotFound, _) if status.message().ends_with("There is no such workspace.") => Verdict::NoSuchWorkspace,
        _ => Verdict::Allowed,
    }
}

/// Whether an answer shows that the message was one that the method understands.
fn is_understood(answer: &Result<Vec<u8>, Status>) -> bool {
    let is_passing = |status: &Status| {
        matches!(
            status.code(),
            Code::NotFound
                | Code::AlreadyExists
                | Code::FailedPrecondition
                | Code::PermissionDenied
                | Code::Unauthenticated
        )
    };
    answer.as_ref().map_or_else(is_passing, |_| true)
}

/// Calls every method as one caller, and says what was otherwise than the table has it.
struct Walk<'a> {
    channel: &'a Channel,
    workspace: &'a str,
    calls: usize,
    refusals: usize,
    wrong: String,
}

impl Walk<'_> {
    async fn call(&mut self, method: &Method, name: &str, who: &Who, account: Option<&Account>) {
        let message = method.message(self.workspace, nobody);
        let token = account.map(|account| account.token.as_str());
        let answer = method.call(self.channel, message, token).await;
        let (expected, found) = (expected(who, method.caller()), verdict(&answer));
        if expected != found || !is_understood(&answer) {
            writeln!(self.wrong, "{} by {name}: {expected:?}, but {answer:?}", method.name).expect("written");
        }
        self.calls += 1;
        self.refusals += usize::from(found != Verdict::Allowed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_grpc_is_open_to_whom_the_table_says_and_to_nobody_else() {
    let provider = IdentityProvider::start().await;
    let (platform, owner) = start(&provider).await;
    let other = platform.sign_in().await;
    let everybody = everybody(&platform, &provider, &owner, &other).await;
    let channel = channel(&platform).await;
    let mut walk = Walk { channel: &channel, workspace: &owner.workspace, calls: 0, refusals: 0, wrong: String::new() };
    for method in ordered_methods() {
        for (name, who, account) in &everybody {
            walk.call(&method, name, who, account.as_ref()).await;
        }
    }
    assert!(walk.wrong.is_empty(), "{}", walk.wrong);
    assert!(walk.calls > 1_000 && walk.refusals > 400, "{} calls, {} refusals", walk.calls, walk.refusals);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_the_instance_has_no_right_over_grpc_in_a_workspace_that_they_do_not_belong_to() {
    let platform = Platform::start().await;
    let (administrator, owner) = administrator_elsewhere(&platform).await;
    let channel = channel(&platform).await;
    let mut walk = Walk { channel: &channel, workspace: &owner.workspace, calls: 0, refusals: 0, wrong: String::new() };
    for method in ordered_methods() {
        walk.call(&method, "the administrator", &Who::AdministratorElsewhere, Some(&administrator)).await;
    }
    assert!(walk.wrong.is_empty(), "{}", walk.wrong);
    assert!(walk.refusals > 40, "{} of {} calls were refused", walk.refusals, walk.calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_of_the_instance_is_for_its_administrators_over_grpc_too() {
    let platform = Platform::start().await;
    let (administrator, owner) = administrator_elsewhere(&platform).await;
    let channel = channel(&platform).await;
    let of_the_trail = methods().into_iter().filter(|method| method.name.starts_with("Audit/"));
    let mut tried = 0;
    for method in of_the_trail {
        for (who, account) in [(Who::AdministratorElsewhere, &administrator), (Who::Stranger, &owner)] {
            let answer = method.call(&channel, Vec::new(), Some(&account.token)).await;
            assert_eq!(verdict(&answer), expected(&who, Caller::InstanceAdmin), "{}", method.name);
            tried += 1;
        }
    }
    assert_eq!(tried, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_id_of_another_workspace_is_found_by_any_method_of_grpc() {
    let platform = Platform::start().await;
    let theirs = platform.account().await;
    let mine = platform.sign_in().await;
    let ids = furnish(&platform, &theirs).await;
    let channel = channel(&platform).await;
    let (mut tried, mut wrong) = (0, String::new());
    for method in methods() {
        let is_tenants = matches!(method.caller(), Caller::Member(_)) && method.ids().count() > 0;
        // Whoever puts a link under an external id names what their own workspace shall have.
        if !is_tenants || method.name.ends_with("/PutLinkByExternalId") {
            continue;
        }
        let id = |name: &str| ids.get(name).unwrap_or_else(|| panic!("whose is a {name}?")).clone();
        let answer = method.call(&channel, method.message(&mine.workspace, id), Some(&mine.token)).await;
        if !answer.as_ref().is_err_and(|status| status.code() == Code::NotFound) {
            writeln!(wrong, "{}: {answer:?}", method.name).expect("written");
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 12, "{tried} methods");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_over_grpc_has_anything_of_another_workspace() {
    let platform = Platform::start().await;
    let theirs = platform.account().await;
    let mine = platform.sign_in().await;
    let ids = furnish(&platform, &theirs).await;
    let channel = channel(&platform).await;
    let has = |list: &[u8], id: &str| list.windows(id.len()).any(|part| part == id.as_bytes());
    let (mut lists, mut seen_by_owner) = (0, 0);
    for method in methods() {
        let is_of_members = matches!(method.caller(), Caller::Member(_));
        let is_list = method.name.contains("/List") && method.ids().count() == 0 && !method.is_stream;
        if !is_of_members || !is_list {
            continue;
        }
        let read = async |account: &Account| {
            let message = method.message(&account.workspace, nobody);
            let list = method.call(&channel, message, Some(&account.token)).await;
            list.unwrap_or_else(|status| panic!("{}: {status}", method.name))
        };
        let list = read(&mine).await;
        assert!(ids.values().all(|id| !has(&list, id)), "{}", method.name);
        let own = read(&theirs).await;
        seen_by_owner += ids.values().filter(|id| has(&own, id)).count();
        lists += 1;
    }
    assert!(lists >= 7 && seen_by_owner >= lists, "{lists} lists, {seen_by_owner} ids");
}
