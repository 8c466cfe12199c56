//! Whom public lists of user agents take for people and for bots.

use std::fs;
use std::path::Path;

use elido::domain::rule::AgentClass;
use elido::infra::user_agent::UserAgents;

/// Of a thousand people, how many may be taken for bots: phones and text browsers from before there was a common form.
const PEOPLE_MISTAKEN_MAX: usize = 8;
/// Of a thousand bots, how many may be taken for people: some of them say nothing of themselves.
const BOTS_MISTAKEN_MAX: usize = 60;

/// How many headers of the lists in a folder there are, and those that are classified wrongly.
fn mistaken(folder: &Path, is_right: impl Fn(AgentClass) -> bool) -> (usize, Vec<String>) {
    let user_agents = UserAgents::new();
    let (mut count, mut wrong) = (0, Vec::new());
    for list in fs::read_dir(folder).expect("the lists") {
        let list = list.expect("a list").path();
        let (before, text) = (wrong.len(), fs::read_to_string(&list).expect("a list"));
        let headers = text.lines().count();
        wrong.extend(text.lines().filter(|header| !is_right(user_agents.classify(header).class)).map(str::to_owned));
        println!("{}: {headers} headers, {} classified wrongly", list.display(), wrong.len() - before);
        count += headers;
    }
    (count, wrong)
}

#[test]
fn public_lists_agree_on_who_is_a_person_and_who_a_bot() {
    let Ok(folder) = std::env::var("ELIDO_TEST_USER_AGENTS") else {
        println!("SKIPPED: ELIDO_TEST_USER_AGENTS names no folder; dev/user-agents makes one");
        return;
    };
    let (people, wrong) = mistaken(&Path::new(&folder).join("people"), |class| class == AgentClass::Human);
    assert!(people > 1_000 && wrong.len() * 1_000 <= people * PEOPLE_MISTAKEN_MAX, "{}", wrong.join("\n"));
    let (bots, wrong) = mistaken(&Path::new(&folder).join("bots"), |class| class != AgentClass::Human);
    assert!(bots > 1_000 && wrong.len() * 1_000 <= bots * BOTS_MISTAKEN_MAX, "{}", wrong.join("\n"));
}
