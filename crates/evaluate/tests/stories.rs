//! Stories in time: `fixtures/stories/*.json`, who entered and who exited at each tick.

#[path = "world/folder.rs"]
mod folder;
#[path = "story/format.rs"]
mod format;
#[path = "story/telling.rs"]
mod telling;
mod world;

use std::fs;
use std::panic;
use std::path::Path;

use format::Story;

#[test]
fn every_story_comes_true() {
    let folder = Path::new("../../fixtures/stories");
    let (mut told, mut untrue) = (0, Vec::new());
    for entry in fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).expect("a readable file");
            let story: Story = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            told += 1;
            if panic::catch_unwind(|| telling::tell(&story)).is_err() {
                untrue.push(path.file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_default());
            }
        }
    }
    untrue.sort();
    assert!(untrue.is_empty(), "these do not come true, as said above: {untrue:?}");
    assert!(told >= 20, "{told} stories told");
}
