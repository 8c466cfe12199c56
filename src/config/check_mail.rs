//! What can be wrong with the settings of mail.

use lettre::message::Mailbox;
use secrecy::ExposeSecret;
use url::Url;

use super::check::Check;
use super::config_error::quoted;
use super::sections::MailConfig;

const URL: &str = "mail.url";
const RIGHT: &str = "Write smtp://user:password@host:587, smtps://user:password@host:465, folder:NAME or log:";

/// The address is secret, so that messages must not repeat it.
pub(super) fn values(check: &mut Check<'_>, config: &MailConfig) {
    match config.url.expose_secret().split_once(':') {
        Some(("folder", "")) => check.wrong(URL, "there is no name behind folder:", RIGHT),
        Some(("folder", _) | ("log", "")) => no_authority(check, config),
        Some(("smtp" | "smtps", _)) => relay(check, config),
        _ => check.wrong(URL, "the scheme is none of those that work here", RIGHT),
    }
    if config.from.parse::<Mailbox>().is_err() {
        let problem = format!("{} is no address", quoted(&config.from));
        check.wrong("mail.from", problem, "Write Name <name@example.com>");
    }
}

fn relay(check: &mut Check<'_>, config: &MailConfig) {
    let Ok(url) = Url::parse(config.url.expose_secret()) else {
        return check.wrong(URL, "this address of a relay cannot be read", RIGHT);
    };
    let is_in_clear = MailConfig::is_in_clear(&url);
    if !url.has_host() {
        check.wrong(URL, "this address of a relay lacks a host", RIGHT);
    }
    if url.query().is_some() && !is_in_clear {
        check.wrong(URL, "?tls=none on smtp:// is all that may stand behind the host", "Leave the rest out");
    }
    if is_in_clear && url.password().is_some() {
        let problem = "a password would be sent for everybody on the way to read";
        check.wrong(URL, problem, "Leave out ?tls=none, or the user and the password");
    }
    if is_in_clear {
        no_authority(check, config);
    }
}

fn no_authority(check: &mut Check<'_>, config: &MailConfig) {
    if !config.ca_file.as_os_str().is_empty() {
        let fix = "Name a relay with TLS in mail.url, or empty mail.ca_file";
        check.wrong("mail.ca_file", "it is no use without TLS", fix);
    }
}
