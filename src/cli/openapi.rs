//! `elido openapi`: the API's document.

use clap::Args;
use url::Url;

use super::exit::Failure;
use super::output;
use crate::roles;

/// Prints the OpenAPI 3.1 document of the API.
#[derive(Debug, Args)]
#[command(
    long_about = "Prints the OpenAPI 3.1 document of the API, as the running API serves it at /openapi.json.",
    after_long_help = "Examples:\n  elido openapi > elido.json\n  elido openapi --public-url https://api.example.com"
)]
pub struct OpenapiArguments {
    /// How the API is reached from outside.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8090")]
    public_url: Url,
}

/// Prints it.
///
/// # Errors
/// Standard output is closed.
pub fn run(arguments: &OpenapiArguments) -> Result<(), Failure> {
    output::json(&roles::document(&arguments.public_url))
}
