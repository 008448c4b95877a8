//! Loading a folder: every file read, every mistake noted, and a catalog when there was none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{AudienceKey, DestinationKey, Fingerprint, ModelKey, RowModel, TraitKey, WorkspaceZone};

use crate::audience::{self, AudienceDraft};
use crate::computed::{self, TraitDraft};
use crate::destination;
use crate::diagnostic::Diagnostic;
use crate::files::{Folder, SourceFile, start_of};
use crate::fingerprint;
use crate::meaning::{Audience, Catalog, ComputedTrait, Destination, Settings};
use crate::mention::Mention;
use crate::order;
use crate::reader;
use crate::references;
use crate::row_model;
use crate::scope::Scope;
use crate::settings;
use crate::ticks::{self, LongestGap};
use crate::titles;
use crate::tree::Node;

/// The settings' file.
const SETTINGS: &str = "muster.yaml";

/// A folder as far as it was understood.
#[derive(Debug)]
pub struct Loaded {
    /// What the definitions mean; absent when, and only when, there is an error.
    pub catalog: Option<Catalog>,
    /// Every finding, in order of file, line and column.
    pub diagnostics: Vec<Diagnostic>,
    /// The text of every file read, by its path relative to the folder. Drawn is only what [`crate::showable`] makes of it.
    pub sources: BTreeMap<PathBuf, String>,
    /// What the definitions name of the data.
    pub mentions: Vec<Mention>,
}

/// Loads a folder: `muster.yaml`, and the files of `audiences/`, `traits/`, `destinations/` and `models/`. Never fails on user text.
pub fn load(folder: &Path) -> Loaded {
    let mut folder = Folder::new(folder);
    let catalog = read_folder(&mut folder);
    let Folder { findings: mut diagnostics, sources, mentions, .. } = folder;
    diagnostics.sort_by(|a, b| place_of(a).cmp(&place_of(b)));
    let catalog = catalog.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    Loaded { catalog, diagnostics, sources, mentions }
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
    if !["muster.yaml", "audiences", "traits"].iter().any(|name| folder.has(name)) && folder.findings.is_empty() {
        let message = "the folder has neither `muster.yaml` nor `audiences/`";
        folder.findings.push(Diagnostic::error("nothing-here", message).help("run `muster init` to begin, or name another folder"));
        return None;
    }
    let settings = read_settings(folder);
    let gap = ticks::longest_gap(&settings.schedule);
    let traits = read_traits(folder, settings.zone, gap);
    let audiences = read_audiences(folder, &settings, gap);
    let (destinations, destination_keys) = read_destinations(folder, settings.zone);
    let models = read_models(folder, settings.zone);
    references::check(&audiences, &traits, &destination_keys, &mut folder.findings);
    titles::colliding(&audiences, &mut folder.findings);
    let order = order::order(("an audience", "audiences"), &references::audience_needs(&audiences), &mut folder.findings);
    let trait_order = order::order(("a computed trait", "computed traits"), &references::trait_needs(&traits), &mut folder.findings);
    if folder.findings.iter().any(Diagnostic::is_error) {
        return None;
    }
    let traits = understood_traits(traits, &trait_order);
    let audiences = understood_audiences(audiences, &order, &traits, settings.zone);
    let fingerprint = fingerprint::catalog(&audiences, &traits, settings.zone);
    Some(Catalog { settings, audiences, order, traits, trait_order, destinations, models, fingerprint })
}

fn read_settings(folder: &mut Folder<'_>) -> Settings {
    let Some(text) = folder.file(SETTINGS) else { return Settings::default() };
    let mut scope = Scope::new(WorkspaceZone::UTC);
    let tree = reader::read(Path::new(SETTINGS), &text, &mut scope.findings);
    let settings = tree.map_or_else(Settings::default, |root| settings::settings(&root, &mut scope));
    settle(&mut scope, folder);
    settings
}

fn read_traits(folder: &mut Folder<'_>, zone: WorkspaceZone, gap: Option<LongestGap>) -> Vec<TraitDraft> {
    let mut drafts = Vec::new();
    for file in folder.files("traits") {
        let mut scope = Scope::new(zone);
        let draft = tree(&file, &mut scope).map(|root| computed::computed_trait(&file.stem, &root, &mut scope));
        drafts.push(draft.unwrap_or_else(|| TraitDraft::unread(&file.stem)));
        ticks::check(gap, &mut scope);
        settle(&mut scope, folder);
    }
    drafts
}

fn read_audiences(folder: &mut Folder<'_>, settings: &Settings, gap: Option<LongestGap>) -> Vec<AudienceDraft> {
    let mut drafts = Vec::new();
    for file in folder.files("audiences") {
        let mut scope = Scope { identity: Arc::clone(&settings.identity), ..Scope::new(settings.zone) };
        let draft = tree(&file, &mut scope).map(|root| audience::audience(&file.stem, &root, &mut scope));
        drafts.push(draft.unwrap_or_else(|| AudienceDraft::unread(&file.stem)));
        ticks::check(gap, &mut scope);
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

fn read_models(folder: &mut Folder<'_>, zone: WorkspaceZone) -> BTreeMap<ModelKey, RowModel> {
    let mut models = BTreeMap::new();
    for file in folder.files("models") {
        let mut scope = Scope::new(zone);
        if let Some(model) = tree(&file, &mut scope).and_then(|root| row_model::row_model(&file.stem, &root, &mut scope)) {
            models.insert(model.key.clone(), model);
        }
        settle(&mut scope, folder);
    }
    models
}

/// Everything found in one file. What a refused alias would have stood for is not known: nothing is said about it.
fn settle(scope: &mut Scope, folder: &mut Folder<'_>) {
    let findings = std::mem::take(&mut scope.findings);
    folder.mentions.append(&mut scope.observed);
    let start = |finding: &Diagnostic| finding.place.as_ref().map(|place| place.span.start);
    let aliases: BTreeSet<usize> = findings.iter().filter(|finding| finding.code == "anchor").filter_map(start).collect();
    let about_alias = |finding: &Diagnostic| finding.code != "anchor" && start(finding).is_some_and(|start| aliases.contains(&start));
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

fn understood_traits(drafts: Vec<TraitDraft>, order: &[TraitKey]) -> BTreeMap<TraitKey, ComputedTrait> {
    let mut traits: BTreeMap<TraitKey, ComputedTrait> =
        drafts.into_iter().filter_map(|draft| draft.computed).map(|computed| (computed.key.clone(), computed)).collect();
    for key in order {
        let fingerprint = traits.get(key).map(|computed| fingerprint::computed_trait(computed, &traits));
        if let (Some(computed), Some(fingerprint)) = (traits.get_mut(key), fingerprint) {
            computed.fingerprint = fingerprint;
        }
    }
    traits
}

fn understood_audiences(
    drafts: Vec<AudienceDraft>,
    order: &[AudienceKey],
    traits: &BTreeMap<TraitKey, ComputedTrait>,
    zone: WorkspaceZone,
) -> BTreeMap<AudienceKey, Audience> {
    let mut audiences: BTreeMap<AudienceKey, Audience> =
        drafts.into_iter().filter_map(|draft| draft.audience).map(|audience| (audience.key.clone(), audience)).collect();
    let mut fingerprints: BTreeMap<AudienceKey, Fingerprint> = BTreeMap::new();
    for key in order {
        if let Some(audience) = audiences.get_mut(key) {
            audience.fingerprint = fingerprint::audience(audience, &fingerprints, traits, zone);
            fingerprints.insert(key.clone(), audience.fingerprint.clone());
        }
    }
    audiences
}
