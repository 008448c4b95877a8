//! Findings as text, each drawn under its token.

use std::fmt::Write as _;

use definitions::{Diagnostic, Loaded, Place, Severity, showable};

/// Every finding, a blank line between.
pub(crate) fn findings(loaded: &Loaded) -> String {
    let drawn: Vec<String> = loaded.diagnostics.iter().map(|finding| draw(finding, loaded)).collect();
    drawn.join("\n")
}

fn draw(finding: &Diagnostic, loaded: &Loaded) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    };
    let mut text = format!("{severity}[{}]: {}\n", finding.code, finding.message);
    if let Some(place) = &finding.place {
        let _ = writeln!(text, "  --> {}:{}:{}", place.file.display(), place.line, place.column);
        source(&mut text, place, '^', finding.note.as_deref().unwrap_or(""), loaded);
    }
    for label in &finding.labels {
        let _ = writeln!(text, "  ::: {}:{}:{}", label.place.file.display(), label.place.line, label.place.column);
        source(&mut text, &label.place, '-', &label.message, loaded);
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "help: {help}");
    }
    text
}

fn source(text: &mut String, place: &Place, mark: char, message: &str, loaded: &Loaded) {
    let Some(source) = loaded.sources.get(&place.file) else { return };
    let source = showable(&place.file, source, &loaded.diagnostics);
    let Some(line) = source.lines().nth(place.line - 1) else { return };
    let length = source[place.span.clone()].lines().next().map_or(0, |part| part.chars().count());
    let number = place.line.to_string();
    let shown: String = line.chars().take(160).collect();
    let _ = writeln!(text, "{number} | {shown}");
    let marks = mark.to_string().repeat(length.max(1));
    let drawn = format!("{:width$} | {:indent$}{marks} {message}", "", "", width = number.len(), indent = place.column - 1);
    let _ = writeln!(text, "{}", drawn.trim_end());
}
