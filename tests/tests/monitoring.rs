//! The alert rules of docs/monitoring, tested by Prometheus' own promtool.

use std::{path::Path, process::Command};

use plasmid::{localnet::tools, node::tools::Tools};

#[test]
fn each_alert_fires_when_it_should_and_not_before() {
    let promtool = tools::ensure_promtool(&Tools::new(None)).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for arguments in [
        ["check", "rules", "alerts.json"],
        ["test", "rules", "alerts.test.json"],
    ] {
        let mut command = Command::new(&promtool);
        let output = command
            .args(arguments)
            .current_dir(root.join("docs/monitoring"));
        let output = output.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(said.contains("SUCCESS"), "{arguments:?}: {said}");
    }
}
