//! The accessibility checker axe-core, run in a page or in the frame that was entered.

use super::browser::Browser;

/// Where the checker's script is: `scripts/test` installs it.
const SCRIPT: &str = "PAYBRIDGE_AXE";

const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'], iframes: false }).then(
        (results) => done(results.violations
            .filter((violation) => ['serious', 'critical'].includes(violation.impact))
            .map((violation) => violation.id + ': ' + violation.help + '\\n'
                + violation.nodes.map((node) => '  ' + node.html + '\\n  ' + node.failureSummary).join('\\n'))),
        (error) => done([String(error)]),
    );
";

impl Browser {
    /// Fails where somebody who cannot see, or cannot use a mouse, would be shut out.
    pub async fn check_accessibility(&self, page: &str) {
        let path = std::env::var(SCRIPT)
            .unwrap_or_else(|_| panic!("{SCRIPT} names axe.min.js; ./scripts/test sets it"));
        let script = std::fs::read_to_string(path).expect("the checker can be read");
        self.driver.execute(script, vec![]).await.expect("the checker loads");
        let found = self.driver.execute_async(RUN, vec![]).await.expect("the checker runs");
        let found: Vec<String> = found.convert().expect("violations are text");
        assert!(found.is_empty(), "{page}:\n{}", found.join("\n"));
    }
}
