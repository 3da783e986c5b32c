//! `coffer init`.

use crate::arguments::Init;
use crate::failure::Failure;
use crate::installation::{self, Told};
use crate::output;

/// Makes a new installation and tells of it, once.
pub(crate) async fn run(init: &Init) -> Result<(), Failure> {
    let config = &crate::start(&init.settings)?;
    let (_installation, initialised) = installation::create(config, &init.first).await?;
    let told = Told::new(config, &initialised);
    if output::is_json() {
        output::json(&told);
    } else {
        output::data(&told.text());
    }
    Ok(())
}
