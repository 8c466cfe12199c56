use super::render;

#[test]
fn a_process_knows_how_much_memory_it_takes() {
    assert!(process_value("elido_resident_memory_bytes") > 1_000_000.0);
    assert!(process_value("elido_uptime_seconds") > 0.0);
}

/// The value of one sample.
fn process_value(sample: &str) -> f64 {
    let text = render();
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{text}")).parse().unwrap()
}
