//! Diagnostics drawn under the text they are about, without what may be a secret in it.

use std::collections::BTreeMap;
use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use definitions::{Diagnostic, Loaded, Severity, showable};

use crate::render::numbers::counted;

/// Every diagnostic, and a last line that counts them.
pub(crate) fn draw(loaded: &Loaded) -> String {
    let shown = loaded.sources.iter().map(|(file, text)| (file.as_path(), showable(file, text, &loaded.diagnostics))).collect();
    let mut text = String::new();
    for diagnostic in &loaded.diagnostics {
        text.push_str(&draw_one(diagnostic, &shown));
        text.push_str("\n\n");
    }
    text.push_str(&summary(loaded));
    text.push('\n');
    text
}

/// `2 errors, 1 warning`.
pub(crate) fn summary(loaded: &Loaded) -> String {
    let count = |severity| loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count() as u64;
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match (errors, warnings) {
        (0, 0) => "no mistakes".to_owned(),
        (0, warnings) => counted(warnings, "warning"),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}

fn draw_one(diagnostic: &Diagnostic, shown: &BTreeMap<&Path, String>) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    let places = diagnostic.place.iter().map(|place| (place, diagnostic.note.as_deref(), AnnotationKind::Primary));
    let labels = diagnostic.labels.iter().map(|label| (&label.place, Some(label.message.as_str()), AnnotationKind::Context));
    for (place, label, kind) in places.chain(labels) {
        let Some(source) = shown.get(place.file.as_path()) else {
            group = group.element(annotate_snippets::Origin::path(place.file.display().to_string()));
            continue;
        };
        let annotation = kind.span(place.span.clone()).label(label.map(str::to_owned));
        group = group.element(Snippet::source(source.as_str()).path(place.file.display().to_string()).annotation(annotation));
    }
    let mut report = vec![group];
    if let Some(help) = &diagnostic.help {
        report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
    }
    Renderer::plain().decor_style(DecorStyle::Ascii).render(&report)
}
