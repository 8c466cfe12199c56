//! Behaviour through the real interfaces, in one binary.

mod grpc_origin;
mod journal;
mod support;
