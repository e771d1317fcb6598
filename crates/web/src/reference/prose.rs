//! The little Markdown of descriptions: paragraphs, and code between backticks.

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub text: String,
    pub is_code: bool,
}

/// Paragraphs of runs.
pub(crate) fn paragraphs(markdown: &str) -> Vec<Vec<Run>> {
    markdown.split("\n\n").filter(|text| !text.trim().is_empty()).map(runs).collect()
}

fn runs(paragraph: &str) -> Vec<Run> {
    let runs = paragraph.split('`').enumerate();
    runs.map(|(index, text)| Run { text: text.to_owned(), is_code: index % 2 == 1 })
        .filter(|run| !run.text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_between_backticks() {
        let run = |text: &str, is_code| Run { text: text.to_owned(), is_code };
        assert_eq!(paragraphs(""), Vec::<Vec<Run>>::new());
        assert_eq!(
            paragraphs("`a` or `<b>`.\n\nThen."),
            [
                vec![run("a", true), run(" or ", false), run("<b>", true), run(".", false)],
                vec![run("Then.", false)],
            ]
        );
    }
}
