//! `elido events`: what happens in a workspace, read or followed over the API, and the consumers of events inside.

mod consumers;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::api_client::{ApiArguments, ApiClient, Call};
use super::exit::{Exit, Failure};
use super::output::{self, OutputArguments, shown};

/// The columns of the table.
const COLUMNS: [&str; 5] = ["sequence", "at", "type", "subject", "actor"];
/// The longest message of a stream, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long to wait before a stream that ended is asked for again.
const RETRY_WAIT: Duration = Duration::from_secs(2);

/// Reads and follows the events of a workspace.
#[derive(Debug, Args)]
#[command(long_about = "Reads and follows the events of a workspace, in the order in which they were committed.")]
pub struct EventsCommand {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    api: ApiArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum What {
    List(ListArguments),
    Follow(FollowArguments),
    #[command(flatten)]
    Consumers(consumers::ConsumerCommand),
}

/// Lists events, oldest first.
#[derive(Debug, Args)]
#[command(long_about = "Lists events that are kept, oldest first. With --json each event is one line of JSON.")]
#[command(after_long_help = "Examples:
  elido events list
  elido events list --after 4711 --type 'link.*' --json")]
struct ListArguments {
    #[command(flatten)]
    which: WhichArguments,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u64,
}

/// Prints events as they happen, until it is stopped.
#[derive(Debug, Args)]
#[command(
    long_about = "Prints events as they happen, until it is stopped. When the server is unavailable it goes on where it was once the \
server is back."
)]
#[command(after_long_help = "Examples:
  elido events follow
  elido events follow --type link.created --json
  elido events follow --after 4711")]
struct FollowArguments {
    #[command(flatten)]
    which: WhichArguments,
}

#[derive(Debug, Args)]
struct WhichArguments {
    /// Only events behind this number. By default a list begins with the oldest that is kept, and following with the next one.
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// Only events of this type, such as link.created, or link.*; may be repeated.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn run(command: EventsCommand) -> Result<(), Failure> {
    let client = ApiClient::new(&command.api)?;
    let path = async || Ok::<_, Failure>(format!("{}/events", client.workspace_path(&command.api).await?));
    match command.what {
        What::List(arguments) => list(&client, &path().await?, arguments, command.output).await,
        What::Follow(arguments) => follow(&client, &path().await?, arguments.which, command.output).await,
        What::Consumers(wanted) => consumers::run(&client, wanted, command.output.json).await,
    }
}

impl WhichArguments {
    fn query(&self) -> Vec<(&'static str, String)> {
        let types = self.types.iter().map(|name| ("types", name.clone()));
        types.chain(self.after.map(|after| ("after", after.to_string()))).collect()
    }
}

async fn list(
    client: &ApiClient,
    path: &str,
    arguments: ListArguments,
    output: OutputArguments,
) -> Result<(), Failure> {
    let mut which = arguments.which;
    let mut left = arguments.limit;
    let mut headings: &[&str] = &COLUMNS;
    while left > 0 {
        let mut query = which.query();
        query.push(("limit", left.min(100).to_string()));
        let page = client.call(&Call::get(path, &query)).await?.body;
        let events = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if events.is_empty() {
            return Ok(());
        }
        print(headings, events, output)?;
        headings = &[];
        left = left.saturating_sub(u64::try_from(events.len()).unwrap_or(u64::MAX));
        which.after = page.get("next_after").and_then(Value::as_u64);
    }
    Ok(())
}

fn print(headings: &[&str], events: &[Value], output: OutputArguments) -> Result<(), Failure> {
    if output.json {
        return events.iter().try_for_each(output::json_line);
    }
    let row = |event: &Value| COLUMNS.iter().map(|column| shown(event.get(column))).collect();
    output::table(headings, &events.iter().map(row).collect::<Vec<_>>())
}

async fn follow(
    client: &ApiClient,
    path: &str,
    mut which: WhichArguments,
    output: OutputArguments,
) -> Result<(), Failure> {
    loop {
        let query = which.query();
        match follow_once(client, &Call::get(path, &query), &mut which, output).await {
            Err(failure) if failure.exit == Exit::Unavailable && which.after.is_some() => {
                output::note(&format!("{}; going on in {} s", failure.message, RETRY_WAIT.as_secs()));
            }
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
        tokio::time::sleep(RETRY_WAIT).await;
    }
}

/// Reads one stream to its end; `which` says how far it came.
async fn follow_once(
    client: &ApiClient,
    call: &Call<'_>,
    which: &mut WhichArguments,
    output: OutputArguments,
) -> Result<(), Failure> {
    let mut stream = client.stream(call).await?;
    let mut unread: Vec<u8> = Vec::new();
    while let Some(piece) = stream.next().await? {
        unread.extend_from_slice(&piece);
        if unread.len() > MESSAGE_BYTES_MAX {
            return Err(Failure::new(Exit::Failure, "the server sent a message that is too long"));
        }
        while let Some(end) = unread.windows(2).position(|pair| pair == b"\n\n") {
            let message: Vec<u8> = unread.drain(..end.saturating_add(2)).collect();
            let message = Message::read(&String::from_utf8_lossy(&message));
            message.print(output)?;
            which.after = message.id.or(which.after);
        }
    }
    Ok(())
}

/// A message of a stream of server-sent events.
#[derive(Debug, Default, PartialEq, Eq)]
struct Message {
    id: Option<u64>,
    event: String,
    data: String,
}

impl Message {
    fn read(text: &str) -> Self {
        let mut message = Self::default();
        for line in text.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => message.id = value.parse().ok(),
                "event" => value.clone_into(&mut message.event),
                "data" => message.data.push_str(value),
                _ => {}
            }
        }
        message
    }

    fn print(&self, output: OutputArguments) -> Result<(), Failure> {
        if self.data.is_empty() {
            return Ok(());
        }
        let data: Value = serde_json::from_str(&self.data)
            .map_err(|error| Failure::new(Exit::Failure, format!("the server sent something unexpected: {error}")))?;
        if self.event == "problem" {
            return Err(Failure::new(Exit::Failure, shown(data.get("detail"))));
        }
        print(&[], &[data], output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_servers_write_them() {
        let message = Message::read("id: 7\nevent: link.created\ndata: {\"a\":1}\n\n");
        assert_eq!(message, Message { id: Some(7), event: "link.created".to_owned(), data: "{\"a\":1}".to_owned() });
        assert_eq!(Message::read("id:8\n\n"), Message { id: Some(8), ..Message::default() });
        assert_eq!(Message::read(":\n\n"), Message::default());
    }
}
