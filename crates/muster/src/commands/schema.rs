//! `muster schema`: the JSON Schema of definition files, for editors.

use definitions::schema::{Vocabulary, schema};

use crate::cli::SchemaArgs;
use crate::commands::Asked;
use crate::exit::Ending;
use crate::opening::EnvironmentAndFiles;
use crate::{opening, output};

pub(crate) async fn run(asked: &Asked, args: &SchemaArgs) -> anyhow::Result<Ending> {
    let mut vocabulary = Vocabulary::default();
    if args.observed {
        let catalog = opening::catalog(&asked.folder)?;
        let observed = engine::observed(&asked.folder, &catalog.settings, &EnvironmentAndFiles).await?;
        if observed.is_none() {
            output::note("nothing has been ingested here yet: the schema knows the definitions' own names only\n");
        }
        vocabulary = Vocabulary::new(&catalog, observed.unwrap_or_default());
    }
    output::json(&schema(&vocabulary))?;
    Ok(Ending::Done)
}
