//! How the closed sets are written in the store and in answers.

use crate::domain::click::ClickKind;
use crate::domain::rule::{AgentClass, Device};

/// Every kind, in the order that documents list them.
pub(in crate::infra::click_store) const KINDS: [ClickKind; 4] =
    [ClickKind::Redirect, ClickKind::Missing, ClickKind::Gone, ClickKind::Root];
/// Every device, in the order that documents list them.
pub(in crate::infra::click_store) const DEVICES: [Device; 5] =
    [Device::Desktop, Device::Mobile, Device::Tablet, Device::Tv, Device::Other];
/// Every sort of program, in the order that documents list them.
pub(in crate::infra::click_store) const AGENTS: [AgentClass; 3] =
    [AgentClass::Human, AgentClass::Bot, AgentClass::Preview];

/// What was answered.
#[must_use]
pub const fn kind_label(kind: ClickKind) -> &'static str {
    match kind {
        ClickKind::Redirect => "redirect",
        ClickKind::Missing => "missing",
        ClickKind::Gone => "gone",
        ClickKind::Root => "root",
    }
}

/// Kind of device.
#[must_use]
pub const fn device_label(device: Device) -> &'static str {
    match device {
        Device::Desktop => "desktop",
        Device::Mobile => "mobile",
        Device::Tablet => "tablet",
        Device::Tv => "tv",
        Device::Other => "other",
    }
}

/// Sort of program.
#[must_use]
pub const fn agent_label(agent: AgentClass) -> &'static str {
    match agent {
        AgentClass::Human => "human",
        AgentClass::Bot => "bot",
        AgentClass::Preview => "preview",
    }
}

/// Finds what `label` stands for.
pub(in crate::infra::click_store) fn parse<T: Copy>(
    all: &[T],
    label_of: fn(T) -> &'static str,
    label: &str,
) -> Option<T> {
    all.iter().copied().find(|item| label_of(*item) == label)
}
