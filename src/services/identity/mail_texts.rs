//! What mails about accounts say: a subject and a text. Nothing in them was typed by whoever asked for the mail, so that nobody can
//! have words of their own sent to strangers; only addresses stand in them, and names of programs that this one knows.

use std::net::IpAddr;

use url::Url;

use crate::domain::rule::Agent;
use crate::domain::time::Timestamp;

/// A subject and a text.
pub(super) type Text = (&'static str, String);

/// Where a page takes the code without anybody copying it. Browsers send what is behind the `#` to nobody.
fn page(instance: &Url, path: &str, code: &str) -> String {
    format!("{}/{path}#code={code}", instance.as_str().trim_end_matches('/'))
}

/// To whoever forgot a password.
pub(super) fn reset_password(instance: &Url, code: &str) -> Text {
    let page = page(instance, "reset-password", code);
    let text = format!(
        "Somebody, probably you, asked for a new password for your account at {instance}\n\n\
         Choose it here, once, within one hour:\n\n{page}\n\n\
         Programs take the code alone:\n\n{code}\n\n\
         Nobody from {instance} will ever ask you for it. If it was not you, do nothing: your password stays as it is.\n"
    );
    ("Your code for a new password", text)
}

/// To whoever wants to make an account.
pub(super) fn register(instance: &Url, code: &str) -> Text {
    let page = page(instance, "register", code);
    let text = format!(
        "Somebody, probably you, wants to make an account with this address at {instance}\n\n\
         Go on here, once, within one day:\n\n{page}\n\n\
         Programs take the code alone:\n\n{code}\n\n\
         If it was not you, do nothing: no account is made.\n"
    );
    ("Your code for a new account", text)
}

/// To whoever wants to have another account, or another address for one, and has one with this address.
pub(super) fn has_account_already(instance: &Url) -> Text {
    let text = format!(
        "Somebody, probably you, wants to use this address for an account at {instance}\n\n\
         There is one already. Sign in with it, or ask for a new password if you have forgotten yours.\n\
         If it was not you, do nothing: nothing is changed.\n"
    );
    ("You have an account already", text)
}

/// To whoever shall show that the address of the account is theirs.
pub(super) fn verify_email(instance: &Url, code: &str) -> Text {
    let page = page(instance, "confirm-email", code);
    let text = format!(
        "Confirm that this is the address of your account at {instance}\n\
         Here, once, within one day:\n\n{page}\n\n\
         Programs take the code alone:\n\n{code}\n\n\
         If you have no account there, do nothing.\n"
    );
    ("Confirm your address", text)
}

/// To the new address of an account.
pub(super) fn change_email(instance: &Url, code: &str) -> Text {
    let page = page(instance, "confirm-email", code);
    let text = format!(
        "Somebody, probably you, wants to make this the address of an account at {instance}\n\n\
         Confirm it here, once, within one day:\n\n{page}\n\n\
         Programs take the code alone:\n\n{code}\n\n\
         If it was not you, do nothing: nothing is changed.\n"
    );
    ("Confirm your new address", text)
}

/// To the old address of an account.
pub(super) fn email_changed(instance: &Url, new_email: &str) -> Text {
    let text = format!(
        "Your account at {instance} has another address now: {new_email}\n\n\
         Mail about it no longer comes here. If it was not you, tell whoever runs {instance} at once.\n"
    );
    ("Your account has another address", text)
}

/// To whoever has another password.
pub(super) fn password_changed(instance: &Url) -> Text {
    let text = format!(
        "The password of your account at {instance} was changed, and all other sessions were ended.\n\n\
         If it was not you, ask for a new password at once.\n"
    );
    ("Your password was changed", text)
}

/// To whoever has a second factor, or none any more.
pub(super) fn second_factor_changed(instance: &Url, is_on: bool) -> Text {
    let (subject, what) = match is_on {
        true => ("Your second factor is on", "now asks for a code of your authenticator when you sign in"),
        false => ("Your second factor is off", "no longer asks for a code of your authenticator when you sign in"),
    };
    let text = format!("Your account at {instance} {what}.\n\nIf it was not you, change your password at once.\n");
    (subject, text)
}

/// To whoever signed in with something new.
pub(super) fn new_device(instance: &Url, agent: &Agent, address: Option<IpAddr>, at: Timestamp) -> Text {
    let program = match (&*agent.browser, &*agent.os) {
        ("", "") => "a program that is not known here".to_owned(),
        (program, "") | ("", program) => program.to_owned(),
        (browser, system) => format!("{browser} on {system}"),
    };
    let place = address.map(|address| format!(" from the address {address}")).unwrap_or_default();
    let text = format!(
        "Somebody signed in to your account at {instance}\n\n\
         With {program}{place}, {at}. The account has not been used with that before.\n\n\
         If it was you, do nothing. If not, end that session and change your password at once.\n"
    );
    ("Your account was used with something new", text)
}
