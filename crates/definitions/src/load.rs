//! Loading a folder: every file read, every mistake noted, and a catalog when there was none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{AudienceKey, DestinationKey, Fingerprint, WorkspaceZone};

use crate::audience::{self, AudienceDraft, is_error};
use crate::destination;
use crate::diagnostic::{Diagnostic, Place};
use crate::files::{Folder, SourceFile, start_of};
use crate::fingerprint;
use crate::meaning::{Audience, Catalog, Destination, Settings};
use crate::reader;
use crate::references;
use crate::scope::Scope;
use crate::settings;
use crate::tree::Node;
use crate::unsupported;

/// The settings' file.
const SETTINGS: &str = "muster.yaml";

/// A folder as far as it was understood.
#[derive(Debug)]
pub struct Loaded {
    /// What the definitions mean; absent when, and only when, there is an error.
    pub catalog: Option<Catalog>,
    /// Every finding, in order of file, line and column.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of every file read, by its path relative to the folder, for drawing findings.
    pub sources: BTreeMap<PathBuf, String>,
    /// What the definitions name of the data.
    pub mentions: Vec<crate::mention::Mention>,
}

/// Loads a folder: `muster.yaml`, `audiences/*.yaml`, `destinations/*.yaml`. Never fails on user text.
pub fn load(folder: &Path) -> Loaded {
    let mut folder = Folder::new(folder);
    let catalog = read_folder(&mut folder);
    let Folder { findings: mut diagnostics, sources, .. } = folder;
    diagnostics.sort_by(|a, b| place_of(a).cmp(&place_of(b)));
    let catalog = catalog.filter(|_| !diagnostics.iter().any(is_error));
    Loaded { catalog, diagnostics, sources, mentions: Vec::new() }
}

fn place_of(finding: &Diagnostic) -> Option<(&Path, usize, usize)> {
    finding.place.as_ref().map(|place| (place.file.as_path(), place.line, place.column))
}

fn read_folder(folder: &mut Folder<'_>) -> Option<Catalog> {
    if !folder.root.is_dir() {
        let message = format!("{} is no folder", crate::quote::quoted(&folder.root.display().to_string()));
        folder.findings.push(Diagnostic::error("no-folder", message).help("name the folder that holds `muster.yaml`"));
        return None;
    }
    for name in ["muster.yml", "muster.YAML"] {
        if folder.has(name) {
            folder.note_other_ending(Path::new(name), name);
        }
    }
    if !folder.has(SETTINGS) && !folder.has("audiences") && folder.findings.is_empty() {
        let message = "the folder has neither `muster.yaml` nor `audiences/`";
        folder.findings.push(Diagnostic::error("nothing-here", message).help("run `muster init` to begin, or name another folder"));
        return None;
    }
    let settings = read_settings(folder);
    let drafts = read_audiences(folder, settings.zone);
    let (destinations, destination_keys) = read_destinations(folder, settings.zone);
    refuse_computed_traits(folder);
    references::unknown(&drafts, &destination_keys, &mut folder.findings);
    references::colliding_titles(&drafts, &mut folder.findings);
    let order = references::order(&drafts, &mut folder.findings);
    if folder.findings.iter().any(is_error) {
        return None;
    }
    Some(catalog(settings, drafts, destinations, order))
}

fn read_settings(folder: &mut Folder<'_>) -> Settings {
    let Some(text) = folder.file(SETTINGS) else { return Settings::default() };
    let mut scope = Scope::new(WorkspaceZone::UTC);
    let tree = reader::read(Path::new(SETTINGS), &text, &mut scope.findings);
    let settings = tree.map_or_else(Settings::default, |root| settings::settings(&root, &mut scope));
    for finding in scope.findings.iter().filter(|finding| finding.code == "secret-in-file") {
        folder.hide(finding);
    }
    settle(&mut scope, folder);
    settings
}

fn read_audiences(folder: &mut Folder<'_>, zone: WorkspaceZone) -> Vec<AudienceDraft> {
    let mut drafts = Vec::new();
    for file in folder.files("audiences") {
        let mut scope = Scope::new(zone);
        let draft = tree(&file, &mut scope).map(|root| audience::audience(&file.stem, &root, &mut scope));
        drafts.push(draft.unwrap_or_else(|| AudienceDraft::unread(&file.stem)));
        settle(&mut scope, folder);
    }
    drafts
}

fn read_destinations(folder: &mut Folder<'_>, zone: WorkspaceZone) -> (BTreeMap<DestinationKey, Destination>, Vec<DestinationKey>) {
    let mut destinations = BTreeMap::new();
    let mut keys = Vec::new();
    for file in folder.files("destinations") {
        let mut scope = Scope::new(zone);
        keys.extend(DestinationKey::parse(&file.stem));
        if let Some(destination) = tree(&file, &mut scope).and_then(|root| destination::destination(&file.stem, &root, &mut scope)) {
            destinations.insert(destination.key.clone(), destination);
        }
        settle(&mut scope, folder);
    }
    (destinations, keys)
}

/// Everything found in one file. What a refused alias would have stood for is not known: nothing is said about it.
fn settle(scope: &mut Scope, folder: &mut Folder<'_>) {
    let findings = std::mem::take(&mut scope.findings);
    let aliases: Vec<Place> =
        findings.iter().filter(|finding| finding.code == "anchor").filter_map(|finding| finding.place.clone()).collect();
    let about_alias =
        |finding: &Diagnostic| finding.code != "anchor" && finding.place.as_ref().is_some_and(|place| aliases.contains(place));
    folder.findings.extend(findings.into_iter().filter(|finding| !about_alias(finding)));
}

/// The file's tree; an empty file is a finding.
fn tree(file: &SourceFile, scope: &mut Scope) -> Option<Node> {
    let root = reader::read(&file.path, file.text.as_deref()?, &mut scope.findings)?;
    if root.is_null() {
        let finding = Diagnostic::error("empty-file", "the file defines nothing").at(&start_of(&file.path));
        scope.report(finding.help("fill it, or delete it"));
        return None;
    }
    Some(root)
}

fn refuse_computed_traits(folder: &mut Folder<'_>) {
    for file in folder.files("traits") {
        let finding = unsupported::not_supported("computed traits", "computes a trait from events");
        folder.findings.push(finding.at(&start_of(&file.path)));
    }
}

fn catalog(
    settings: Settings,
    drafts: Vec<AudienceDraft>,
    destinations: BTreeMap<DestinationKey, Destination>,
    order: Vec<AudienceKey>,
) -> Catalog {
    let mut audiences: BTreeMap<AudienceKey, Audience> =
        drafts.into_iter().filter_map(|draft| draft.audience).map(|audience| (audience.key.clone(), audience)).collect();
    let mut fingerprints: BTreeMap<AudienceKey, Fingerprint> = BTreeMap::new();
    for key in &order {
        if let Some(audience) = audiences.get_mut(key) {
            audience.fingerprint = fingerprint::audience(audience, &fingerprints);
            fingerprints.insert(key.clone(), audience.fingerprint.clone());
        }
    }
    let fingerprint = fingerprint::catalog(&audiences, settings.zone);
    Catalog { settings, audiences, order, traits: BTreeMap::new(), trait_order: Vec::new(), destinations, fingerprint }
}
