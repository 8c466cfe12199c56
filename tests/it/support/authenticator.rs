//! The authenticator that an owner has on a phone.

use std::time::{SystemTime, UNIX_EPOCH};

use totp_rs::{Builder, Secret};

use super::platform::eventually;

/// For how long a code is shown.
pub const STEP_SECONDS: u64 = 30;

/// The time, in seconds since 1970.
pub fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The code of so many steps from now.
pub fn code(secret: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(secret).expect("base32");
    let totp = Builder::new().with_secret(secret).build().expect("an authenticator");
    let step = i64::try_from(seconds() / STEP_SECONDS).expect("a step") + steps;
    totp.generate(u64::try_from(step).expect("a step") * STEP_SECONDS).to_string()
}

/// Waits until the step has long to go, so that it does not end in the middle of a test.
pub async fn early_in_a_step() {
    eventually("a new step", || async { seconds() % STEP_SECONDS < STEP_SECONDS / 2 }).await;
}
