//! The tour of ten minutes: one text for the terminal, the documentation, and the test that executes it.

/// The tour; its folder is `cvmd-demo`.
const TOUR: &str = include_str!("../../docs/tour.md");

/// The folder that the text speaks of.
const FOLDER: &str = "cvmd-demo";

/// A line of the tour, as a terminal shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TourLine {
    /// What a step is called.
    Heading(String),
    /// What it is about; empty between two parts.
    Text(String),
    /// What to type.
    Command(String),
}

/// The tour through a demo in `folder`: its steps, without what commands answer, for that is to be seen.
#[must_use]
pub fn tour(folder: &str) -> Vec<TourLine> {
    let mut lines: Vec<TourLine> = Vec::new();
    let mut is_code = false;
    let steps = TOUR.lines().skip_while(|line| !line.starts_with("## "));
    for line in steps {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if let Some(heading) = line.strip_prefix("## ") {
            lines.push(TourLine::Heading(heading.to_owned()));
        } else if let (true, Some(command)) = (is_code, line.strip_prefix("$ ")) {
            let command = command.split(" # exit ").next().unwrap_or(command);
            lines.push(TourLine::Command(command.replace(FOLDER, folder)));
        } else if !is_code {
            let empty = lines.last().is_some_and(|last| *last == TourLine::Text(String::new()));
            if !(empty && line.is_empty()) {
                lines.push(TourLine::Text(line.replace("[language.md](language.md)", "docs/language.md")));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_to_type_and_not_what_is_said() {
        let lines = tour("/tmp/shop");
        assert_eq!(lines[0], TourLine::Heading("1. Look".into()));
        assert!(lines.contains(&TourLine::Command("cd /tmp/shop".into())));
        assert!(lines.contains(&TourLine::Command("cvmd reload".into())), "without the exit code");
        let shown = format!("{lines:?}");
        assert!(!shown.contains("...") && !shown.contains("```") && !shown.contains("cvmd-demo"), "{shown}");
    }
}
